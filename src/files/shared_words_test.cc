#include "files/shared_words.h"

#include "files/testing/temporary_folder.h"

#include <gtest/gtest.h>

#include <sys/resource.h>

#include <atomic>
#include <utility>

namespace assay::files {
namespace {

TEST(SharedWords, WhatOneWritesTheOtherSeesAndItLasts) {
  const testing::TemporaryFolder folder;
  const auto path = folder.path() / "words";
  {
    auto one = SharedWords::open(path, 16);
    auto other = SharedWords::open(path, 4);
    ASSERT_TRUE(one && other);
    EXPECT_EQ(other->words().size(), 16U);
    EXPECT_EQ(std::atomic_ref(one->words()[15]).exchange(7), 0U);
    EXPECT_EQ(std::atomic_ref(other->words()[15]).load(), 7U);
    const SharedWords moved = std::move(*one);
    EXPECT_EQ(moved.words()[15], 7U);
  }
  const auto again = SharedWords::open(path, 1);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->words()[15], 7U);
}

TEST(SharedWords, GrowsByZeros) {
  const testing::TemporaryFolder folder;
  const auto path = folder.path() / "words";
  const auto small = SharedWords::open(path, 2);
  ASSERT_TRUE(small);
  small->words()[1] = 5;
  const auto large = SharedWords::open(path, 100'000);
  ASSERT_TRUE(large);
  EXPECT_EQ(large->words()[1], 5U);
  EXPECT_EQ(large->words()[99'999], 0U);
}

TEST(SharedWords, OnceTouchedNoWordIsWaitedFor) {
  constexpr std::size_t kNumPages = 512;
  constexpr std::size_t kPageWords = 512;
  const testing::TemporaryFolder folder;
  const auto words = SharedWords::open(folder.path() / "words", kNumPages * kPageWords);
  ASSERT_TRUE(words);
  words->words()[kPageWords] = 5;
  words->touch();
  const auto num_faults = [] {
    rusage usage{};
    getrusage(RUSAGE_THREAD, &usage);
    return usage.ru_minflt;
  };
  const auto before = num_faults();
  for (std::size_t i = 0; i < kNumPages; ++i) ++words->words()[i * kPageWords];
  EXPECT_LT(num_faults() - before, static_cast<long>(kNumPages) / 10);
  EXPECT_EQ(words->words()[kPageWords], 6U);
  EXPECT_EQ(words->words()[0], 1U);
}

TEST(SharedWords, RefusesAFolderAndNamesIt) {
  const testing::TemporaryFolder folder;
  const auto words = SharedWords::open(folder.path(), 1);
  ASSERT_FALSE(words);
  EXPECT_EQ(words.error().code, ErrorCode::kInvalidInput);
  EXPECT_NE(words.error().message.find(folder.path().native()), std::string::npos);
}

}  // namespace
}  // namespace assay::files
