// What a recorder raises an alert for, beside a full disk.

#include "files/testing/temporary_folder.h"
#include "recorder/testing/recorder_fixture.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <fstream>
#include <thread>
#include <vector>

namespace assay::recorder {
namespace {

using testing::RecorderFixture;

// On the machine's own disk: there a sync takes long enough for others to find the queue full.
class RecorderWatch : public RecorderFixture {
 protected:
  static RecorderOptions narrow(files::WhenFull when_full) {
    RecorderOptions narrow = options();
    narrow.journal.max_queued = ByteCount(20);
    narrow.journal.when_full = when_full;
    return narrow;
  }
  std::unique_ptr<Recorder> open_real(const RecorderOptions& options) {
    auto recorder = Recorder::open(files::posix_file_system(), clock_, random_,
                                   temporary_.path() / "data", options);
    EXPECT_TRUE(recorder) << recorder.error().message;
    return recorder ? std::move(*recorder) : nullptr;
  }
  // Log from several threads at once until one of them has found the queue full.
  static void fill_queue(Recorder& recorder) {
    std::vector<std::jthread> threads;
    threads.reserve(4);
    for (int thread = 0; thread < 4; ++thread) {
      threads.emplace_back([&recorder] {
        // A disk that never made anybody wait would need no queue; so many tries are seconds.
        for (int i = 0; i < 20'000 && recorder.status().journal.num_queue_full == 0; ++i) {
          static_cast<void>(recorder.log_config_change("{}", "filling"));
        }
      });
    }
    threads.clear();
    ASSERT_GT(recorder.status().journal.num_queue_full, 0U);
  }

  files::testing::TemporaryFolder temporary_;
};

TEST_F(RecorderWatch, AQueueThatRefusesIsAnAlertUntilItIsCalmForAMinute) {
  const auto recorder = open_real(narrow(files::WhenFull::kRefuse));
  ASSERT_NE(recorder, nullptr);
  EXPECT_FALSE(recorder->status().is_queue_full);
  fill_queue(*recorder);
  EXPECT_TRUE(recorder->status().is_queue_full);
  EXPECT_FALSE(recorder->status().is_refusing);
  clock_.advance(std::chrono::seconds(59));
  ASSERT_TRUE(recorder->flush());
  EXPECT_TRUE(recorder->status().is_queue_full);
  clock_.advance(std::chrono::seconds(2));
  ASSERT_TRUE(recorder->flush());
  EXPECT_FALSE(recorder->status().is_queue_full);
}

TEST_F(RecorderWatch, AQueueThatMakesCallersWaitIsAnAlertToo) {
  const auto recorder = open_real(narrow(files::WhenFull::kBlock));
  ASSERT_NE(recorder, nullptr);
  fill_queue(*recorder);
  ASSERT_TRUE(recorder->flush());
  EXPECT_TRUE(recorder->status().is_queue_full);
  EXPECT_EQ(recorder->status().journal.num_refused, 0U);
}

TEST_F(RecorderWatch, ALineThatCannotBeReadIsFoundAfterTheOpening) {
  ASSERT_TRUE(files::posix_file_system().create_folders(temporary_.path() / "data"));
  std::ofstream(temporary_.path() / "data/generation_history.jsonl")
      << R"({"metadata": {"generation_id": "a"}})" << "\n{\"cut\n\n[1]\n";
  std::ofstream(temporary_.path() / "data/generation_feedback.jsonl") << "junk\n";
  RecorderOptions with_thread = options();
  with_thread.derive_interval = std::chrono::milliseconds(1);
  const auto recorder = open_real(with_thread);
  ASSERT_NE(recorder, nullptr);
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes(2);
  while (!recorder->status().num_corrupt_lines && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::sleep_for(
        std::chrono::milliseconds(1));  // a thread looks; nothing tells when
  }
  EXPECT_EQ(recorder->status().num_corrupt_lines, 3U);
  ASSERT_TRUE(recorder->close());
}

TEST_F(RecorderWatch, ARotationTellsOfTheLinesThatItCannotRead) {
  put("generation_history.jsonl",
      R"({"metadata": {"generation_id": "a", "timestamp": "2024-01-02T00:00:00Z"}})"
      "\nhalf a li\n");
  const auto recorder = open();
  ASSERT_NE(recorder, nullptr);
  EXPECT_EQ(recorder->status().num_corrupt_lines, std::nullopt);
  ASSERT_TRUE(recorder->rotate(clock_.now(), {}));
  EXPECT_EQ(recorder->status().num_corrupt_lines, 1U);
}

}  // namespace
}  // namespace assay::recorder
