#include "core/huge_pages.h"

#include <gtest/gtest.h>

#include <bit>
#include <cstdint>
#include <cstring>
#include <limits>
#include <numeric>
#include <vector>

namespace assay {
namespace {

TEST(HugePages, MemoryOfAnySizeIsWritableAndAligned) {
  constexpr std::size_t kHugePage = std::size_t{2} << 20;
  for (const std::size_t size : {std::size_t{1}, kHugePage - 1, kHugePage, kHugePage + 1,
                                 5 * kHugePage, 5 * kHugePage + 4097}) {
    void* const memory = allocate_huge(size);
    const auto address = std::bit_cast<std::uintptr_t>(memory);
    EXPECT_EQ(address % (size < kHugePage ? 64 : kHugePage), 0U) << size;
    std::memset(memory, 0x5a, size);
    free_huge(memory, size);
  }
}

TEST(HugePages, AContainerKeepsWhatIsInItAsItGrows) {
  std::vector<std::uint64_t, HugePageAllocator<std::uint64_t>> numbers;
  for (std::uint64_t i = 0; i < 1'000'000; ++i) numbers.push_back(i);
  const auto copy = numbers;
  EXPECT_EQ(std::accumulate(copy.begin(), copy.end(), std::uint64_t{0}),
            std::uint64_t{1'000'000} * 999'999 / 2);
}

TEST(HugePages, WhatNoMachineHasIsRefused) {
  HugePageAllocator<std::uint64_t> allocator;
  EXPECT_THROW(static_cast<void>(allocator.allocate(std::numeric_limits<std::size_t>::max() / 2)),
               std::bad_alloc);
  EXPECT_THROW(static_cast<void>(allocate_huge(std::numeric_limits<std::size_t>::max())),
               std::bad_alloc);
}

}  // namespace
}  // namespace assay
