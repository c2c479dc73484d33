#include "core/huge_pages.h"

#include <sys/mman.h>

#include <bit>
#include <cstdint>

namespace assay {
namespace {

constexpr std::size_t kHugePage = std::size_t{2} << 20;
constexpr std::align_val_t kAlignment{64};

std::size_t rounded(std::size_t size) { return (size + kHugePage - 1) & ~(kHugePage - 1); }

}  // namespace

void* allocate_huge(std::size_t size) {
  if (size < kHugePage) return ::operator new(size, kAlignment);
  const std::size_t wanted = rounded(size);
  if (wanted < size) throw std::bad_alloc();
  // A page more, so that the rest can begin where a huge page does; what is beside goes back.
  void* const mapped =
      mmap(nullptr, wanted + kHugePage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapped == MAP_FAILED) throw std::bad_alloc();
  auto* const start = static_cast<std::byte*>(mapped);
  const auto address = std::bit_cast<std::uintptr_t>(start);
  const std::size_t num_before = rounded(address) - address;
  std::byte* const memory = start + num_before;
  if (num_before > 0) munmap(start, num_before);
  if (num_before < kHugePage) munmap(memory + wanted, kHugePage - num_before);
  madvise(memory, wanted, MADV_HUGEPAGE);
  return memory;
}

void free_huge(void* memory, std::size_t size) noexcept {
  if (size < kHugePage) {
    ::operator delete(memory, kAlignment);
  } else {
    munmap(memory, rounded(size));
  }
}

}  // namespace assay
