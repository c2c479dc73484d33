#include "recorder/recorder.h"

#include "files/testing/temporary_folder.h"
#include "recorder/testing/recorder_fixture.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <set>
#include <thread>
#include <vector>

namespace assay::recorder {
namespace {

using RecorderTest = testing::RecorderFixture;

TEST_F(RecorderTest, WritesTheLineOfAFinishedGeneration) {
  auto recorder = open();
  ASSERT_NE(recorder, nullptr);
  ASSERT_TRUE(recorder->start(text_generation("a")));
  clock_.advance(std::chrono::seconds(2));
  ASSERT_TRUE(recorder->log_timing("a", R"({"total_time":21.45678})"));
  ASSERT_TRUE(
      recorder->log_output("a", {.output = R"({"num_gaussians": 5})", .ply = {}, .ply_file = {}}));
  ASSERT_TRUE(recorder->log_submission("a", std::nullopt));
  clock_.advance(std::chrono::milliseconds(10'500));
  ASSERT_TRUE(
      recorder->log_feedback("a", {.validator_uid = 57, .validator_hotkey = {}, .score = 0.65}));
  ASSERT_TRUE(recorder->finish("a"));
  ASSERT_TRUE(recorder->flush());
  EXPECT_EQ(
      content("generation_history.jsonl"),
      R"({"metadata": {"generation_id": "a", "timestamp": "2025-10-27T00:00:00+00:00", )"
      R"("miner_uid": 226, "miner_version": "unknown", "validator_uid": 57, )"
      R"("validator_hotkey": "unknown", "network": "mainnet"}, )"
      R"("task": {"task_type": "TEXT-TO-3D", "prompt": "red sports car", "prompt_length": 14, )"
      R"("is_base64_image": false, "base64_image_hash": null, "image_file_path": null}, )"
      R"("miner_config": {"trellis_sparse_steps": 45}, )"
      R"("generation": {"enhanced_prompt": null, "negative_prompt": null, )"
      R"("timing": {"total_time": 21.457}, "output": {"num_gaussians": 5}, )"
      R"("submission": {"submitted": true, "submission_time": "2025-10-27T00:00:02+00:00", )"
      R"("pre_submission_rejection": false, "rejection_reason": null}}, )"
      R"("validator_feedback": {"received": true, "feedback_time": )"
      R"("2025-10-27T00:00:12.500000+00:00", "score": 0.65, "accepted": true, )"
      R"("feedback_delay_seconds": 10.5}, "failure_analysis": {"failed": false, )"
      R"("error_type": null, "error_message": null, "stack_trace": null}})"
      "\n");
}

TEST_F(RecorderTest, FeedbackAfterARestartIsLate) {
  {
    const auto recorder = open();
    ASSERT_TRUE(recorder->start(text_generation("a")));
    ASSERT_TRUE(recorder->finish("a"));
  }
  {
    const auto recorder = open();
    EXPECT_EQ(recorder->log_feedback("a", score(0.5))->verdict, records::Verdict::kLate);
    EXPECT_EQ(recorder->log_feedback("b", score(0.5))->verdict,
              records::Verdict::kUnknownGeneration);
  }
  const auto recorder = open();
  EXPECT_EQ(recorder->log_feedback("a", score(0.5))->verdict, records::Verdict::kRepeated);
  EXPECT_EQ(num_lines(content("generation_feedback.jsonl")), 2U);
}

TEST_F(RecorderTest, TellsOfEachLineAndNotAgainAtReplay) {
  std::vector<std::string> told;
  RecorderOptions watched = options();
  watched.on_line = [&](const NewLine& line) {
    told.push_back(fmt::format("{} {} {}", static_cast<int>(line.kind), line.sequence, line.text));
  };
  {
    const auto recorder = open(watched);
    ASSERT_TRUE(recorder->start(text_generation("a")));
    EXPECT_TRUE(told.empty()) << "a generation that is open has no line yet";
    ASSERT_TRUE(recorder->finish("a"));
    ASSERT_TRUE(recorder->log_feedback("a", score(0.5)));
    ASSERT_TRUE(recorder->log_feedback("a", score(0.5)));
    ASSERT_TRUE(recorder->log_config_change(R"({"x": {"old": null, "new": 1}})", "why"));
  }
  const auto recorder = open(watched);
  ASSERT_EQ(told.size(), 3U);
  EXPECT_EQ(told[0] + "\n", "0 2 " + content("generation_history.jsonl"));
  EXPECT_EQ(told[1] + "\n", "1 3 " + content("generation_feedback.jsonl"));
  EXPECT_EQ(told[2] + "\n", "2 5 " + content("miner_config_history.jsonl"));
}

TEST_F(RecorderTest, MakesAUuidAndKnowsItsKeyAfterARestart) {
  std::string id;
  {
    const auto recorder = open();
    id = recorder->start(text_generation(""), "request 7")->generation_id;
    EXPECT_EQ(id.size(), 36U);
    EXPECT_EQ(id[14], '4');
    file_system_.kill();
  }
  const auto recorder = open();
  const auto again = recorder->start(text_generation(""), "request 7");
  EXPECT_EQ(again->verdict, records::Verdict::kRepeated);
  EXPECT_EQ(again->generation_id, id);
}

TEST_F(RecorderTest, ASecondOneIsRefused) {
  const auto recorder = open();
  const auto second = Recorder::open(file_system_, clock_, random_, "/data", options());
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::kUnavailable);
}

TEST_F(RecorderTest, RefusesWhatIsNoEvent) {
  const auto recorder = open();
  ASSERT_TRUE(recorder->start(text_generation("a")));
  const auto code = [](const Result<Receipt>& receipt) { return receipt.error().code; };
  EXPECT_EQ(code(recorder->log_timing("a", "[1]")), ErrorCode::kInvalidInput);
  EXPECT_EQ(code(recorder->log_timing("a", "{")), ErrorCode::kInvalidInput);
  EXPECT_EQ(code(recorder->log_feedback("a", score(std::nan("")))), ErrorCode::kInvalidInput);
  EXPECT_EQ(code(recorder->finish("")), ErrorCode::kInvalidInput);
  EXPECT_EQ(code(recorder->finish("a", std::string(201, 'k'))), ErrorCode::kInvalidInput);
  NewGeneration huge = text_generation("b");
  huge.prompt = std::string(std::size_t{17} << 20, ' ');
  EXPECT_EQ(code(recorder->start(huge)), ErrorCode::kInvalidInput);
  EXPECT_EQ(recorder->status().num_open, 1U);
}

TEST_F(RecorderTest, RoundsAsTheOldProgramDid) {
  const auto recorder = open();
  ASSERT_TRUE(recorder->start(text_generation("a")));
  ASSERT_TRUE(recorder->log_timing("a", R"({"t": 2.0005, "n": 3})"));
  ASSERT_TRUE(recorder->log_output(
      "a", {.output = R"({"file_size_mb": 2.675, "quality_metrics": {"clip_score": 0.18945}})",
            .ply = {},
            .ply_file = {}}));
  ASSERT_TRUE(recorder->finish("a"));
  ASSERT_TRUE(recorder->flush());
  EXPECT_TRUE(content("generation_history.jsonl")
                  .contains(R"("timing": {"t": 2.001, "n": 3}, "output": {"file_size_mb": 2.67, )"
                            R"("quality_metrics": {"clip_score": 0.1895}})"))
      << content("generation_history.jsonl");
}

TEST_F(RecorderTest, RefusesOnAFullDiskAndGoesOnWithSpace) {
  const auto recorder = open();
  ASSERT_TRUE(recorder->start(text_generation("a")));
  file_system_.set_capacity(ByteCount(0));
  const auto refused = recorder->start(text_generation("b"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kNoSpace);
  EXPECT_FALSE(recorder->flush());
  EXPECT_NE(recorder->status().trouble, "");
  file_system_.set_capacity(ByteCount(std::uint64_t{1} << 30));
  EXPECT_TRUE(recorder->finish("a"));
  EXPECT_EQ(recorder->finish("b")->verdict, records::Verdict::kUnknownGeneration);
  ASSERT_TRUE(recorder->flush());
  EXPECT_EQ(recorder->status().trouble, "");
  EXPECT_EQ(recorder->status().journal.num_refused, 1U);
  EXPECT_EQ(num_lines(content("generation_history.jsonl")), 1U);
}

TEST_F(RecorderTest, TheAlertOfAFullDiskComesAndGoesOnce) {
  const auto recorder = open();
  put("other", std::string(50'000, 'x'));
  const auto is_low_with = [&](std::uint64_t capacity) {
    file_system_.set_capacity(ByteCount(capacity));
    EXPECT_TRUE(recorder->flush());
    return recorder->status().is_disk_low;
  };
  EXPECT_FALSE(is_low_with(1'000'000));
  EXPECT_TRUE(is_low_with(60'000));
  // 21 % are free: not yet well beyond 20 %.
  EXPECT_TRUE(is_low_with(64'500));
  EXPECT_FALSE(is_low_with(70'000));
  EXPECT_FALSE(is_low_with(64'500));
}

TEST_F(RecorderTest, RefusesWhenTheDerivedFilesCannotFollow) {
  RecorderOptions small = options();
  small.max_behind = ByteCount(1500);
  const auto recorder = open(small);
  for (const std::string id : {"a", "b"}) {
    ASSERT_TRUE(recorder->start(text_generation(id)));
    ASSERT_TRUE(recorder->finish(id));
  }
  const auto refused = recorder->start(text_generation("c"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kExhausted);
  ASSERT_TRUE(recorder->flush());
  EXPECT_TRUE(recorder->start(text_generation("c")));
}

TEST_F(RecorderTest, SaysSoWhenItsFolderIsGone) {
  const auto recorder = open();
  ASSERT_TRUE(recorder->start(text_generation("a")));
  ASSERT_TRUE(file_system_.rename("/data/journal/checkpoint.json", "/elsewhere"));
  EXPECT_EQ(recorder->flush().error().code, ErrorCode::kUnavailable);
  const auto refused = recorder->start(text_generation("b"));
  ASSERT_FALSE(refused);
  EXPECT_TRUE(refused.error().message.contains("was removed"));
}

TEST_F(RecorderTest, TheJournalDoesNotGrowBeyondTheCheckpoint) {
  const auto recorder = open();
  for (int i = 0; i < 200; ++i) {
    const std::string id = fmt::format("g{}", i);
    ASSERT_TRUE(recorder->start(text_generation(id)));
    ASSERT_TRUE(recorder->finish(id));
  }
  ASSERT_TRUE(recorder->checkpoint());
  std::size_t num_bytes = 0;
  for (const std::string& name : names("journal")) {
    if (name.ends_with(".journal")) num_bytes += content("journal/" + name).size();
  }
  EXPECT_LT(num_bytes, 200U);
}

// Many threads on the machine's own file system, with the thread that derives.
TEST(RecorderThreads, EveryAcknowledgedRecordIsThereOnce) {
  constexpr int kNumThreads = 64;
  constexpr int kNumEach = 7;
  const files::testing::TemporaryFolder folder;
  RecorderOptions options;
  options.derive_interval = std::chrono::milliseconds(1);
  options.checkpoint_after = ByteCount(20'000);
  options.journal.segment_size = ByteCount(10'000);
  auto opened = Recorder::open(files::posix_file_system(), system_clock(), system_random(),
                               folder.path() / "data", options);
  ASSERT_TRUE(opened) << opened.error().message;
  Recorder& recorder = **opened;
  std::vector<std::jthread> threads;
  threads.reserve(kNumThreads);
  for (int thread = 0; thread < kNumThreads; ++thread) {
    threads.emplace_back([&recorder] {
      for (int i = 0; i < kNumEach; ++i) {
        NewGeneration generation;
        generation.prompt = "chair";
        const auto receipt = recorder.start(generation);
        ASSERT_TRUE(receipt);
        ASSERT_TRUE(recorder.log_timing(receipt->generation_id, R"({"total_time": 1.5})"));
        ASSERT_TRUE(recorder.finish(receipt->generation_id));
        if (i % 4 == 0) {
          ASSERT_TRUE(recorder.flush());
        }
      }
    });
  }
  threads.clear();
  EXPECT_EQ(recorder.status().num_finished, static_cast<std::uint64_t>(kNumThreads * kNumEach));
  ASSERT_TRUE(recorder.close());
  auto file = files::posix_file_system().open(folder.path() / "data/generation_history.jsonl",
                                              files::OpenMode::kRead);
  ASSERT_TRUE(file);
  std::string text(static_cast<std::size_t>((*file)->size()->count()), ' ');
  ASSERT_TRUE((*file)->read_at(0, std::as_writable_bytes(std::span(text))));
  std::set<std::string> lines;
  for (std::size_t start = 0; start < text.size();) {
    const std::size_t end = text.find('\n', start);
    EXPECT_TRUE(lines.insert(text.substr(start, end - start)).second);
    start = end + 1;
  }
  EXPECT_EQ(lines.size(), static_cast<std::size_t>(kNumThreads * kNumEach));
}

TEST_F(RecorderTest, AnEmptyHotkeyInFeedbackIsNone) {
  const auto recorder = open();
  ASSERT_TRUE(recorder->start(text_generation("a")));
  ASSERT_TRUE(recorder->finish("a"));
  const records::FeedbackReceived unnamed{
      .validator_uid = {}, .validator_hotkey = "", .score = 0.5};
  EXPECT_EQ(recorder->log_feedback("a", unnamed)->verdict, records::Verdict::kLate);
  EXPECT_EQ(recorder->log_feedback("a", score(0.5))->verdict, records::Verdict::kRepeated);
  ASSERT_TRUE(recorder->flush());
  EXPECT_TRUE(content("generation_feedback.jsonl").contains(R"("validator_hotkey": null)"));
}

}  // namespace
}  // namespace assay::recorder
