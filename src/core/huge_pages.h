/// \file
/// Memory for large tables that are read here and there.

#pragma once

#include <cstddef>
#include <new>

namespace assay {

/// Memory in huge pages where the system gives them for the asking (less than one comes from the
/// heap): a look at a table of many megabytes then costs no walk through the tables of pages.
/// Aligned to 64 bytes. Pre: `size` > 0. Throws std::bad_alloc.
void* allocate_huge(std::size_t size);
/// Pre: `memory` came from allocate_huge(size).
void free_huge(void* memory, std::size_t size) noexcept;

/// The same for containers.
template <typename T>
class HugePageAllocator {
 public:
  static_assert(alignof(T) <= 64);
  using value_type = T;

  HugePageAllocator() = default;
  template <typename Other>
  explicit(false) HugePageAllocator(const HugePageAllocator<Other>& /*other*/) noexcept {}

  T* allocate(std::size_t count) {
    if (count > ~std::size_t{0} / sizeof(T)) throw std::bad_array_new_length();
    return static_cast<T*>(allocate_huge(count * sizeof(T)));
  }
  void deallocate(T* memory, std::size_t count) noexcept { free_huge(memory, count * sizeof(T)); }

  template <typename Other>
  bool operator==(const HugePageAllocator<Other>& /*other*/) const noexcept {
    return true;
  }
};

}  // namespace assay
