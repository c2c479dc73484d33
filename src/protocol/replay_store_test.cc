#include "protocol/replay_store.h"

#include "files/testing/simulated_file_system.h"
#include "protocol/testing/known_keys.h"

#include <gtest/gtest.h>

#include <cstring>
#include <memory>
#include <string>

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

class KeptReplays : public ::testing::Test {
 protected:
  static constexpr const char* kPath = "/state/replays";

  std::unique_ptr<ReplayStore> open(Instant now) {
    auto store = std::make_unique<ReplayStore>();
    const Status kept = store->keep_in(file_system_, kPath, now);
    EXPECT_TRUE(kept) << kept.error().message;
    return store;
  }

  files::testing::SimulatedFileSystem file_system_;
};

TEST_F(KeptReplays, AKillForgetsNothingThatIsStillFresh) {
  const Instant until = kStart + seconds(10);
  auto store = open(kStart);
  EXPECT_EQ(store->remember(request_of(alice(), 1, until, 7), kStart), ReplayAnswer::kNew);
  EXPECT_EQ(store->remember(request_of(bob(), 2, kStart + seconds(1)), kStart), ReplayAnswer::kNew);
  store.reset();
  file_system_.kill();

  store = open(kStart + seconds(2));
  EXPECT_EQ(store->num_marks(), 1U);
  EXPECT_EQ(store->remember(request_of(alice(), 1, until, 7), kStart + seconds(2)),
            ReplayAnswer::kSeen);
  EXPECT_EQ(store->remember(request_of(alice(), 1, until, 8), kStart + seconds(2)),
            ReplayAnswer::kNew);
  store.reset();
  // Twice: what was taken up is written down again.
  store = open(kStart + seconds(3));
  EXPECT_EQ(store->remember(request_of(alice(), 1, until, 8), kStart + seconds(3)),
            ReplayAnswer::kSeen);
}

TEST_F(KeptReplays, ATornOrForeignFileIsReadAsFarAsItGoes) {
  const Instant until = kStart + seconds(10);
  auto store = open(kStart);
  for (std::uint64_t i = 0; i < 3; ++i) {
    EXPECT_EQ(store->remember(request_of(alice(), i, until), kStart), ReplayAnswer::kNew);
  }
  store.reset();
  file_system_.flip_byte(kPath, 8 + 68 + 5);
  store = open(kStart);
  EXPECT_EQ(store->num_marks(), 1U);
  store.reset();
  file_system_.flip_byte(kPath, 0);
  EXPECT_EQ(open(kStart)->num_marks(), 0U);
}

TEST_F(KeptReplays, TheFileIsBoundedByWhatIsFresh) {
  auto store = open(kStart);
  for (std::uint64_t i = 0; i < 200'000; ++i) {
    const Instant now = kStart + std::chrono::milliseconds(i);
    ASSERT_EQ(store->remember(request_of(alice(), i, now + seconds(1)), now), ReplayAnswer::kNew);
  }
  const std::string content = file_system_.content(kPath).value_or("");
  EXPECT_GT(content.size(), 68U * 1000);
  EXPECT_LT(content.size(), (std::size_t{4} << 20) + 68);
}

TEST_F(KeptReplays, AFullDiskCostsTheMemoryOfAStartAndNothingElse) {
  auto store = open(kStart);
  file_system_.set_capacity(ByteCount(8));
  const Instant until = kStart + seconds(10);
  EXPECT_EQ(store->remember(request_of(alice(), 1, until), kStart), ReplayAnswer::kNew);
  EXPECT_EQ(store->remember(request_of(alice(), 1, until), kStart), ReplayAnswer::kSeen);
  EXPECT_EQ(store->remember(request_of(alice(), 2, until), kStart), ReplayAnswer::kNew);
}

TEST_F(KeptReplays, TwoProcessesDoNotShareAFile) {
  const auto store = open(kStart);
  ReplayStore other;
  const Status kept = other.keep_in(file_system_, kPath, kStart);
  ASSERT_FALSE(kept);
  EXPECT_EQ(kept.error().code, ErrorCode::kUnavailable);
}

}  // namespace
}  // namespace assay::protocol
