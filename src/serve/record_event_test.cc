#include "serve/record_event.h"

#include "core/testing/fake_clock.h"
#include "files/atomic_file.h"
#include "files/testing/simulated_file_system.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>

namespace assay::serve {
namespace {

using records::Verdict;

class RecordEventTest : public ::testing::Test {
 protected:
  RecordEventTest() {
    recorder::RecorderOptions options;
    options.derive_interval = std::chrono::milliseconds(0);
    options.hand_over = recorder::HandOver::kNever;
    recorder_ = std::move(
        recorder::Recorder::open(file_system_, clock_, random_, "/data", options).value());
  }

  Result<recorder::Receipt> record(EventKind kind, std::string_view json,
                                   std::string_view id = "a") {
    auto recorded = record_event(
        *recorder_,
        {.kind = kind, .generation_id = kind == EventKind::kStart ? "" : id, .idempotency_key = ""},
        json);
    if (!recorded) return recorded.error();
    return std::move(recorded->receipt);
  }
  Result<recorder::Receipt> line(std::string_view json) {
    return record_event_line(*recorder_, json);
  }
  std::string history() {
    EXPECT_TRUE(recorder_->flush());
    return files::read_file(file_system_, "/data/generation_history.jsonl", ByteCount(1U << 20))
        .value_or("");
  }
  static std::string why(const Result<recorder::Receipt>& receipt) {
    return receipt ? "recorded" : receipt.error().message;
  }

  files::testing::SimulatedFileSystem file_system_;
  assay::testing::FakeClock clock_;
  SeededRandom random_{7};
  std::unique_ptr<recorder::Recorder> recorder_;
};

TEST_F(RecordEventTest, TakesAGenerationFromStartToFinish) {
  ASSERT_TRUE(record(EventKind::kStart,
                     "{\"generation_id\": \"a\", \"task_type\": \"text\", \"prompt\": \"a dog\",\n"
                     " \"validator_uid\": 3, \"validator_hotkey\": \"5F\","
                     " \"miner_config\": {\"z\": 1, \"a\":\n {\"q\": 2.50}}}"));
  ASSERT_TRUE(record(EventKind::kPrompt, R"({"enhanced_prompt": "a good dog"})"));
  ASSERT_TRUE(record(EventKind::kTiming, R"({"timing": {"total": 3.14159, "first": 1.0}})"));
  ASSERT_TRUE(record(EventKind::kOutput, R"({"output": {"num_gaussians": 12}})"));
  ASSERT_TRUE(record(EventKind::kSubmission, ""));
  ASSERT_TRUE(record(EventKind::kFeedback, R"({"score": 0.65})"));
  ASSERT_TRUE(record(EventKind::kFinish, "{}"));
  const std::string written = history();
  for (const char* part :
       {R"("task_type": "text")", R"("prompt": "a dog")", R"("validator_uid": 3)",
        R"("enhanced_prompt": "a good dog")", R"("timing": {"total": 3.142, "first": 1.0})",
        R"("num_gaussians": 12)", R"("submitted": true)", R"("score": 0.65)",
        R"("miner_config": {"z": 1, "a": {"q": 2.5)"}) {
    EXPECT_TRUE(written.contains(part)) << part << "\n" << written;
  }
}

TEST_F(RecordEventTest, NamesTheFieldThatIsWrong) {
  EXPECT_EQ(why(record(EventKind::kStart, R"({"prompt": "x"})")),
            "task_type: expected a text, but it is absent");
  EXPECT_EQ(why(record(EventKind::kStart, R"({"task_type": 7, "prompt": "x"})")),
            "task_type: expected a text, found an integer");
  EXPECT_EQ(why(record(EventKind::kFeedback, R"({"score": "0.5"})")),
            "score: expected a number, found a text");
  EXPECT_EQ(why(record(EventKind::kFeedback, R"({"score": 1, "validator_uid": 0.5})")),
            "validator_uid: expected an integer, found a number");
  EXPECT_EQ(why(record(EventKind::kTiming, R"({"timing": [1]})")),
            "timing: expected an object, found a list");
  EXPECT_EQ(why(record(EventKind::kFailure, R"({"error_type": "x"})")),
            "error_message: expected a text, but it is absent");
}

TEST_F(RecordEventTest, RefusesAFieldThatWouldBeLost) {
  EXPECT_EQ(why(record(EventKind::kFeedback, R"({"score": 1, "scores": 2})")),
            "scores: no such field; expected score, validator_uid, validator_hotkey");
  EXPECT_EQ(why(record(EventKind::kFinish, R"({"x": 2})")), "x: no such field; expected none");
  EXPECT_EQ(recorder_->status().journal.num_accepted, 0U);
}

TEST_F(RecordEventTest, RefusesWhatIsNoObject) {
  for (const char* wrong : {"[]", "7", "nonsense", "{\"score\": NaN}", "{}{}", "\xff"}) {
    EXPECT_FALSE(record(EventKind::kFeedback, wrong)) << wrong;
  }
  const auto large = record(EventKind::kFeedback, std::string(kMaxEventSize.count() + 1, ' '));
  ASSERT_FALSE(large);
  EXPECT_EQ(large.error().code, ErrorCode::kExhausted);
}

TEST_F(RecordEventTest, TakesNoFileOfThisMachineFromTheNetwork) {
  EXPECT_EQ(why(record(EventKind::kOutput, R"({"output": {}, "ply_file": "/etc/passwd"})")),
            "ply_file: no such field; expected output");
}

TEST_F(RecordEventTest, TakesALineThatSaysAll) {
  ASSERT_TRUE(line(R"({"event":"start","generation_id":"b","task_type":"text","prompt":"p"})"));
  EXPECT_EQ(
      line(R"({"event":"feedback","generation_id":"b","score":1,"idempotency_key":"k"})")->verdict,
      Verdict::kApplied);
  EXPECT_EQ(
      line(R"({"event":"feedback","generation_id":"b","score":1,"idempotency_key":"k"})")->verdict,
      Verdict::kRepeated);
  ASSERT_TRUE(line(R"({"event":"config_change","changes":{"a":{"old":null,"new":1}}})"));
  EXPECT_EQ(line(R"({"event":"finish","generation_id":"b"})")->verdict, Verdict::kApplied);
  EXPECT_EQ(line(R"({"event":"finish","generation_id":"b"})")->verdict, Verdict::kAlreadyFinished);
  EXPECT_EQ(line(R"({"event":"finish","generation_id":"c"})")->verdict,
            Verdict::kUnknownGeneration);
}

TEST_F(RecordEventTest, RefusesALineThatDoesNotSayWhat) {
  EXPECT_EQ(why(line("{}")), "event: expected a text, but it is absent");
  EXPECT_TRUE(why(line(R"({"event":"begin"})")).starts_with("event: expected one of start, "));
  EXPECT_EQ(why(line(R"({"event":"finish"})")), "generation_id: expected a text, but it is absent");
}

}  // namespace
}  // namespace assay::serve
