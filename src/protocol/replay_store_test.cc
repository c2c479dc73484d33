#include "protocol/replay_store.h"

#include "protocol/testing/known_keys.h"

#include <gtest/gtest.h>

#include <cstring>

namespace assay::protocol {
namespace {

using std::chrono::seconds;
using testing::alice;
using testing::bob;

constexpr Instant kStart{seconds(1'700'000'000)};

Authentic request_of(const keys::KeyPair& sender, std::uint64_t identity, Instant fresh_until,
                     std::uint64_t number = 0) {
  ReplayMark mark{.number = number};
  std::memcpy(mark.key.data(), &identity, sizeof identity);
  return {.sender = sender.hotkey(), .marks = {mark}, .fresh_until = fresh_until};
}

TEST(ReplayStore, ASecondTimeIsSeenForAsLongAsItWouldBeFresh) {
  ReplayStore store;
  const Instant until = kStart + seconds(10);
  EXPECT_EQ(store.remember(request_of(alice(), 1, until), kStart), ReplayAnswer::kNew);
  EXPECT_EQ(store.remember(request_of(alice(), 1, until), kStart), ReplayAnswer::kSeen);
  EXPECT_EQ(store.remember(request_of(alice(), 1, until), until), ReplayAnswer::kSeen);
  EXPECT_EQ(store.remember(request_of(alice(), 2, until), kStart), ReplayAnswer::kNew);
}

TEST(ReplayStore, ForgetsWhatIsStaleByItself) {
  ReplayStore store;
  for (std::uint64_t i = 0; i < 50'000; ++i) {
    const Instant now = kStart + std::chrono::milliseconds(i);
    ASSERT_EQ(store.remember(request_of(alice(), i, now + seconds(1)), now), ReplayAnswer::kNew);
    ASSERT_LE(store.num_marks(), 1'001U);
  }
}

TEST(ReplayStore, FullMeansRefusedNotForgotten) {
  ReplayStore store({.max_marks = 10, .max_marks_per_sender = 6});
  const Instant until = kStart + seconds(10);
  for (std::uint64_t i = 0; i < 6; ++i) {
    EXPECT_EQ(store.remember(request_of(alice(), i, until), kStart), ReplayAnswer::kNew);
  }
  EXPECT_EQ(store.remember(request_of(alice(), 6, until), kStart), ReplayAnswer::kSenderFull);
  EXPECT_EQ(store.remember(request_of(alice(), 0, until), kStart), ReplayAnswer::kSeen);
  for (std::uint64_t i = 100; i < 104; ++i) {
    EXPECT_EQ(store.remember(request_of(bob(), i, until), kStart), ReplayAnswer::kNew);
  }
  EXPECT_EQ(store.remember(request_of(bob(), 104, until), kStart), ReplayAnswer::kFull);
  const Instant later = until + std::chrono::nanoseconds(1);
  EXPECT_EQ(store.remember(request_of(alice(), 7, later + seconds(1)), later), ReplayAnswer::kNew);
  EXPECT_EQ(store.num_marks(), 1U);
}

TEST(ReplayStore, NumbersOfOneMarkOnlyGrowAndLastAsLongAsTheLatest) {
  ReplayStore store;
  EXPECT_EQ(store.remember(request_of(alice(), 1, kStart + seconds(10), 5), kStart),
            ReplayAnswer::kNew);
  EXPECT_EQ(store.remember(request_of(alice(), 1, kStart + seconds(10), 4), kStart),
            ReplayAnswer::kSeen);
  EXPECT_EQ(store.remember(request_of(alice(), 1, kStart + seconds(20), 6), kStart),
            ReplayAnswer::kNew);
  EXPECT_EQ(store.remember(request_of(alice(), 1, kStart + seconds(30), 5), kStart + seconds(15)),
            ReplayAnswer::kSeen);
}

TEST(ReplayStore, OfARequestAllMarksAreRememberedOrNone) {
  ReplayStore store;
  const Instant until = kStart + seconds(10);
  ASSERT_EQ(store.remember(request_of(alice(), 1, until), kStart), ReplayAnswer::kNew);
  Authentic both = request_of(alice(), 2, until);
  both.marks.push_back(request_of(alice(), 1, until).marks.front());
  EXPECT_EQ(store.remember(both, kStart), ReplayAnswer::kSeen);
  EXPECT_EQ(store.remember(request_of(alice(), 2, until), kStart), ReplayAnswer::kNew);
}

}  // namespace
}  // namespace assay::protocol
