// The recorder rotates its folder: by itself at the change of month, and when it is asked.

#include "core/testing/fake_clock.h"
#include "files/testing/simulated_file_system.h"
#include "files/testing/temporary_folder.h"
#include "record_files/data_folder.h"
#include "record_files/testing/sample_history.h"
#include "recorder/recorder.h"
#include "recorder/rotate_folder.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <thread>

namespace assay::recorder {
namespace {

using files::testing::SimulatedFileSystem;

NewGeneration generation(std::string id) {
  NewGeneration made;
  made.generation_id = std::move(id);
  made.prompt = "a chair";
  return made;
}

class RecorderRotate : public ::testing::Test {
 protected:
  std::unique_ptr<Recorder> open(
      std::chrono::milliseconds derive_interval = std::chrono::milliseconds(0)) {
    RecorderOptions options;
    options.derive_interval = derive_interval;
    options.hand_over = HandOver::kNever;
    auto recorder = Recorder::open(file_system_, clock_, random_, "/data", options);
    if (recorder) return std::move(*recorder);
    ADD_FAILURE() << recorder.error().message;
    return nullptr;
  }
  static void record(Recorder& recorder, const std::string& id) {
    ASSERT_TRUE(recorder.start(generation(id)));
    ASSERT_TRUE(recorder.finish(id));
  }
  std::size_t num_lines(std::string_view name) {
    const auto content = file_system_.content(std::filesystem::path("/data") / name);
    return content ? static_cast<std::size_t>(std::ranges::count(*content, '\n')) : 99;
  }

  SimulatedFileSystem file_system_;
  assay::testing::FakeClock clock_{parse_timestamp("2025-10-31T12:00:00Z").value()};
  SeededRandom random_{1};
};

TEST_F(RecorderRotate, MovesTheMonthWhenTheClockDoes) {
  const auto recorder = open();
  record(*recorder, "october");
  ASSERT_TRUE(recorder->checkpoint());
  EXPECT_EQ(num_lines("generation_history.jsonl"), 1U);
  clock_.advance(std::chrono::days(1));
  record(*recorder, "november");
  ASSERT_TRUE(recorder->checkpoint());
  EXPECT_EQ(num_lines("generation_history_2025-10.jsonl"), 1U);
  EXPECT_EQ(num_lines("generation_history.jsonl"), 1U);
  record(*recorder, "more");
  ASSERT_TRUE(recorder->close());
  EXPECT_EQ(num_lines("generation_history.jsonl"), 2U);
}

TEST_F(RecorderRotate, AMonthThatChangedWhileNobodyRecordedIsNoticed) {
  {
    const auto recorder = open();
    record(*recorder, "october");
  }
  clock_.advance(std::chrono::days(3));
  const auto recorder = open();
  EXPECT_EQ(num_lines("generation_history.jsonl"), 1U);
  ASSERT_TRUE(recorder->checkpoint());
  EXPECT_EQ(num_lines("generation_history_2025-10.jsonl"), 1U);
  EXPECT_EQ(num_lines("generation_history.jsonl"), 0U);
}

TEST_F(RecorderRotate, AShortRunRotatesWhenItEnds) {
  const auto run = [&](const std::string& id) {
    // Its thread never gets to it.
    const auto recorder = open(std::chrono::hours(1));
    record(*recorder, id);
    ASSERT_TRUE(recorder->close());
  };
  run("october");
  clock_.advance(std::chrono::days(1));
  run("november");
  EXPECT_EQ(num_lines("generation_history_2025-10.jsonl"), 1U);
  EXPECT_EQ(num_lines("generation_history.jsonl"), 1U);
  EXPECT_TRUE(
      file_system_.content("/data/journal/checkpoint.json")->contains(R"("rotated": "2025-11")"));
}

TEST_F(RecorderRotate, AFolderOfAnotherProgramIsLeftAsItIsUntilTheMonthChanges) {
  record_files::testing::put_file(
      file_system_, "/data/generation_history.jsonl",
      record_files::testing::record_line("old", "2025-01-01T00:00:00Z") + "\n");
  const auto recorder = open();
  ASSERT_TRUE(recorder->checkpoint());
  EXPECT_EQ(num_lines("generation_history.jsonl"), 1U);
  clock_.advance(std::chrono::days(2));
  ASSERT_TRUE(recorder->checkpoint());
  EXPECT_EQ(num_lines("generation_history.jsonl"), 0U);
  EXPECT_TRUE(file_system_.content("/data/archive/generation_history_2025-01.jsonl.gz"));
}

TEST_F(RecorderRotate, GivesTheFilesThatTheCommandGives) {
  {
    const auto recorder = open();
    for (int i = 0; i < 9; ++i) {
      record(*recorder, fmt::format("g{}", i));
      clock_.advance(std::chrono::days(13));
      if (i == 4) {
        ASSERT_TRUE(recorder->checkpoint());
      }
    }
  }
  SimulatedFileSystem other;
  record_files::testing::put_file(other, "/data/generation_history.jsonl", "");
  std::string all;
  for (const auto& [line, count] : record_files::testing::all_lines(file_system_, "/data")) {
    EXPECT_EQ(count, 1);
    all += line + "\n";
  }
  record_files::testing::put_file(other, "/data/generation_history.jsonl", all);
  ASSERT_TRUE(rotate_folder(other, "/data", clock_, {}, {}));
  ASSERT_TRUE(open()->rotate(clock_.now(), {}));
  const auto ours = record_files::find_month_files(file_system_, "/data").value();
  EXPECT_EQ(ours.size(), 4U);
  EXPECT_EQ(ours, record_files::find_month_files(other, "/data").value());
  for (const auto& [month, paths] : ours) {
    const auto lines = [&](SimulatedFileSystem& system) {
      const std::string text = record_files::testing::file_content(system, "/data" / paths.at(0));
      return std::ranges::count(text, '\n');
    };
    EXPECT_EQ(lines(file_system_), lines(other)) << record_files::to_text(month);
  }
}

TEST_F(RecorderRotate, AClockThatWasAheadDoesNotStopTheNextRotation) {
  {
    const auto recorder = open();
    record(*recorder, "october");
    clock_.advance(std::chrono::days(400));
    ASSERT_TRUE(recorder->checkpoint());
    EXPECT_EQ(num_lines("generation_history.jsonl"), 0U);
  }
  clock_.advance(-std::chrono::days(400));
  const auto recorder = open();
  record(*recorder, "october again");
  ASSERT_TRUE(recorder->checkpoint());
  EXPECT_EQ(num_lines("generation_history.jsonl"), 1U);
  clock_.advance(std::chrono::days(2));
  ASSERT_TRUE(recorder->checkpoint());
  EXPECT_EQ(num_lines("generation_history.jsonl"), 0U);
}

TEST_F(RecorderRotate, AFullDiskCostsNothingAndIsTriedAgain) {
  const auto recorder = open();
  record(*recorder, "october");
  ASSERT_TRUE(recorder->checkpoint());
  clock_.advance(std::chrono::days(1));
  const auto used = file_system_.content("/data/generation_history.jsonl")->size();
  file_system_.set_capacity(ByteCount(used));
  EXPECT_FALSE(recorder->rotate(clock_.now(), {}));
  EXPECT_EQ(num_lines("generation_history.jsonl"), 1U);
  file_system_.set_capacity(ByteCount(std::uint64_t{1} << 40));
  record(*recorder, "november");
  ASSERT_TRUE(recorder->rotate(clock_.now(), {}));
  EXPECT_EQ(num_lines("generation_history.jsonl"), 1U);
  EXPECT_EQ(num_lines("generation_history_2025-10.jsonl"), 1U);
}

// What follows needs sockets and threads, so real files.

class RotateWhileRecording : public ::testing::Test {
 protected:
  std::unique_ptr<Recorder> open(HandOver hand_over = HandOver::kToFirst) {
    RecorderOptions options;
    options.derive_interval = std::chrono::milliseconds(2);
    options.hand_over = hand_over;
    auto recorder = Recorder::open(files::posix_file_system(), clock_, system_random(),
                                   folder_.path() / "data", options);
    if (recorder) return std::move(*recorder);
    ADD_FAILURE() << recorder.error().message;
    return nullptr;
  }
  Result<rotation::RotateReport> rotate_as_a_command() {
    return rotate_folder(files::posix_file_system(), folder_.path() / "data", clock_,
                         {.format = compress::Format::kZstd}, {});
  }

  files::testing::TemporaryFolder folder_;
  assay::testing::FakeClock clock_{parse_timestamp("2025-10-31T12:00:00Z").value()};
};

TEST_F(RotateWhileRecording, TheCommandAsksTheRecorder) {
  const auto recorder = open();
  ASSERT_TRUE(recorder->start(generation("a")));
  ASSERT_TRUE(recorder->finish("a"));
  const auto second = open();
  // The recorder's own rotation is due as well: whichever comes first moves the line.
  clock_.advance(std::chrono::days(130));
  const auto report = rotate_as_a_command();
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_TRUE(report->was_handed_over);
  const auto again = second->rotate(clock_.now(), {});
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(again->num_moved, 0U);
  ASSERT_TRUE(recorder->start(generation("b")));
  ASSERT_TRUE(second->finish("b"));
  ASSERT_TRUE(recorder->flush());
  auto& files = files::posix_file_system();
  EXPECT_EQ(record_files::testing::line_set(files, folder_.path() / "data").size(), 2U);
  EXPECT_EQ(record_files::find_month_files(files, folder_.path() / "data")->size(), 1U);
}

TEST_F(RotateWhileRecording, TheRecorderDoesItByItself) {
  const auto recorder = open();
  ASSERT_TRUE(recorder->start(generation("a")));
  ASSERT_TRUE(recorder->finish("a"));
  ASSERT_TRUE(recorder->flush());
  clock_.advance(std::chrono::days(1));
  const auto month = folder_.path() / "data" / "generation_history_2025-10.jsonl";
  const auto index = folder_.path() / "data" / "history_index.json";
  for (int i = 0; i < 3000 && !std::filesystem::exists(index); ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  EXPECT_TRUE(std::filesystem::exists(month));
  EXPECT_TRUE(std::filesystem::exists(index));
}

TEST_F(RotateWhileRecording, ARecorderThatTakesNoCallsIsNamed) {
  const auto recorder = open(HandOver::kNever);
  const auto report = rotate_as_a_command();
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code, ErrorCode::kUnavailable);
  EXPECT_NE(report.error().message.find("in use"), std::string::npos) << report.error().message;
}

TEST_F(RotateWhileRecording, NoRecordIsLostOrDoubledWhileThreadsRecordAndMonthsPass) {
  constexpr int kNumThreads = 4;
  constexpr int kNumEach = 60;
  {
    const auto recorder = open();
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < kNumThreads; ++thread) {
      threads.emplace_back([&, thread] {
        for (int i = 0; i < kNumEach; ++i) {
          const std::string id = fmt::format("{}-{}", thread, i);
          EXPECT_TRUE(recorder->start(generation(id)));
          EXPECT_TRUE(recorder->finish(id));
          if (i % 20 == 10) clock_.advance(std::chrono::days(9));
          if (i % 20 == 15) {
            EXPECT_TRUE(rotate_as_a_command());
          }
        }
      });
    }
    threads.clear();
    ASSERT_TRUE(recorder->close());
  }
  const auto lines =
      record_files::testing::all_lines(files::posix_file_system(), folder_.path() / "data");
  EXPECT_EQ(lines.size(), static_cast<std::size_t>(kNumThreads * kNumEach));
  for (const auto& [line, count] : lines) EXPECT_EQ(count, 1) << line;
  EXPECT_GE(
      record_files::find_month_files(files::posix_file_system(), folder_.path() / "data")->size(),
      3U);
}

}  // namespace
}  // namespace assay::recorder
