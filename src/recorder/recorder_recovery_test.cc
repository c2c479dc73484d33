#include "recorder/recorder.h"
#include "recorder/testing/recorder_fixture.h"

#include <gtest/gtest.h>

namespace assay::recorder {
namespace {

using RecorderRecoveryTest = testing::RecorderFixture;

TEST_F(RecorderRecoveryTest, AnOpenGenerationOutlivesARestart) {
  {
    const auto recorder = open();
    ASSERT_TRUE(recorder->start(text_generation("a")));
    ASSERT_TRUE(recorder->close());
  }
  const auto recorder = open();
  EXPECT_TRUE(content("pending_generations.json").contains("red sports car"));
  EXPECT_EQ(recorder->finish("a")->verdict, records::Verdict::kApplied);
  ASSERT_TRUE(recorder->flush());
  EXPECT_EQ(num_lines(content("generation_history.jsonl")), 1U);
  EXPECT_EQ(content("pending_generations.json"), "{}\n");
}

TEST_F(RecorderRecoveryTest, AKilledOneIsCompletedAtTheNextStart) {
  {
    const auto recorder = open();
    ASSERT_TRUE(recorder->start(text_generation("a")));
    ASSERT_TRUE(recorder->finish("a"));
    file_system_.kill();
  }
  EXPECT_EQ(content("generation_history.jsonl"), "");
  const auto recorder = open();
  EXPECT_EQ(num_lines(content("generation_history.jsonl")), 1U);
  EXPECT_EQ(recorder->recovery().to_text(), "2 events replayed, 1 line completed");
}

TEST_F(RecorderRecoveryTest, TakesOverAnOldFolder) {
  put("generation_history.jsonl",
      "{\"metadata\": {\"generation_id\": \"old\", \"timestamp\": \"2025-10-26T23:59:00Z\"}, "
      "\"generation\": {\"submission\": {\"submission_time\": \"2025-10-26T23:59:30Z\"}}}\n"
      "{\"torn");
  put("pending_generations.json",
      "{\"old\": {\"metadata\": {\"generation_id\": \"old\"}},\n"
      " \"open\": {\"metadata\": {\"generation_id\": "
      "\"open\"},\"task\":{\"prompt\":\"caf\u00e9\"}}}");
  const auto recorder = open();
  EXPECT_EQ(recorder->recovery().num_adopted_open, 1U);
  EXPECT_EQ(recorder->recovery().num_adopted_finished, 1U);
  EXPECT_EQ(recorder->log_feedback("old", score(0.5))->verdict, records::Verdict::kLate);
  EXPECT_EQ(recorder->finish("open")->verdict, records::Verdict::kApplied);
  ASSERT_TRUE(recorder->flush());
  EXPECT_TRUE(content("generation_feedback.jsonl").contains(R"("feedback_delay_seconds": 30.0)"));
  const std::string history = content("generation_history.jsonl");
  EXPECT_TRUE(
      history.contains("\n{\"torn\n{\"metadata\": {\"generation_id\": \"open\"}, "
                       "\"task\": {\"prompt\": \"caf\\u00e9\"}}\n"))
      << history;
}

TEST_F(RecorderRecoveryTest, TakesOverWhatCanBeReadOfADamagedPendingFile) {
  const std::string damaged =
      R"({"a": {"metadata": {"generation_id": "a"}}, "b": {"task": {}}, "c": {"metad)";
  put("pending_generations.json", damaged);
  const auto recorder = open();
  EXPECT_EQ(recorder->recovery().num_adopted_open, 2U);
  EXPECT_EQ(content("quarantine/pending_generations.json.0"), damaged);
  EXPECT_EQ(recorder->finish("b")->verdict, records::Verdict::kApplied);
}

TEST_F(RecorderRecoveryTest, TakesInLinesThatTheOldProgramWroteMeanwhile) {
  open()->close().value();
  put("generation_history.jsonl", "{\"metadata\": {\"generation_id\": \"old\"}}\n");
  const auto recorder = open();
  EXPECT_EQ(recorder->recovery().num_adopted_finished, 1U);
  EXPECT_EQ(recorder->log_feedback("old", score(0.5))->verdict, records::Verdict::kLate);
}

TEST_F(RecorderRecoveryTest, WritesNoLineAgainThatWasRotatedAwayBeforeItRecovered) {
  {
    const auto recorder = open();
    for (const std::string id : {"a", "b"}) {
      ASSERT_TRUE(recorder->start(text_generation(id)));
      ASSERT_TRUE(recorder->finish(id));
      if (id == "a") {
        ASSERT_TRUE(recorder->checkpoint());
      }
    }
    ASSERT_TRUE(recorder->flush());
    file_system_.kill();
  }
  put("generation_history_2025-10.jsonl", content("generation_history.jsonl"));
  put("generation_history.jsonl", "");
  const auto recorder = open();
  EXPECT_EQ(content("generation_history.jsonl"), "");
  EXPECT_EQ(recorder->log_feedback("b", score(0.5))->verdict, records::Verdict::kLate);
}

TEST_F(RecorderRecoveryTest, ADamagedCheckpointIsKeptAndWorkedAround) {
  {
    const auto recorder = open();
    ASSERT_TRUE(recorder->start(text_generation("a")));
    ASSERT_TRUE(recorder->start(text_generation("b")));
    ASSERT_TRUE(recorder->finish("b"));
    ASSERT_TRUE(recorder->close());
  }
  file_system_.flip_byte("/data/journal/checkpoint.json", 300);
  const auto recorder = open();
  ASSERT_NE(recorder, nullptr);
  EXPECT_NE(content("quarantine/checkpoint.json.0"), "(no file)");
  EXPECT_EQ(recorder->finish("a")->verdict, records::Verdict::kApplied);
  EXPECT_EQ(recorder->finish("b")->verdict, records::Verdict::kAlreadyFinished);
  ASSERT_TRUE(recorder->flush());
  EXPECT_EQ(num_lines(content("generation_history.jsonl")), 2U);
}

TEST_F(RecorderRecoveryTest, ACheckpointOfALaterVersionIsLeftAlone) {
  open()->close().value();
  put("journal/checkpoint.json", R"({"format": "assay-history-checkpoint", "format_version": 2})");
  const auto later = Recorder::open(file_system_, clock_, random_, "/data", options());
  ASSERT_FALSE(later);
  EXPECT_EQ(later.error().code, ErrorCode::kInvalidInput);
}

TEST_F(RecorderRecoveryTest, GoesOnWithoutTheJournalThatSomebodyRemoved) {
  {
    const auto recorder = open();
    ASSERT_TRUE(recorder->start(text_generation("a")));
    ASSERT_TRUE(recorder->start(text_generation("b")));
    ASSERT_TRUE(recorder->close());
  }
  for (const std::string& name : names("journal")) {
    if (name.ends_with(".journal")) {
      ASSERT_TRUE(file_system_.remove("/data/journal/" + name));
    }
  }
  {
    const auto recorder = open();
    ASSERT_TRUE(recorder->finish("a"));
    file_system_.kill();
  }
  const auto recorder = open();
  EXPECT_EQ(recorder->finish("b")->verdict, records::Verdict::kApplied);
  ASSERT_TRUE(recorder->flush());
  EXPECT_EQ(num_lines(content("generation_history.jsonl")), 2U);
}

// The clocks of two machines that take turns in one folder are hours apart: the order is that of
// the events, each time stands as its clock gave it, and no delay is negative.
TEST_F(RecorderRecoveryTest, ClocksThatAreHoursApartChangeNoOrder) {
  assay::testing::FakeClock late_clock(clock_.now() - std::chrono::hours(5));
  const auto open_late = [&] {
    return std::move(Recorder::open(file_system_, late_clock, random_, "/data", options()).value());
  };
  {
    const auto recorder = open();
    ASSERT_TRUE(recorder->start(text_generation("a")));
    ASSERT_TRUE(recorder->start(text_generation("b")));
    ASSERT_TRUE(recorder->log_submission("a", std::nullopt));
    ASSERT_TRUE(recorder->finish("b"));
    file_system_.kill();
  }
  {
    const auto recorder = open_late();
    EXPECT_EQ(recorder->log_feedback("a", score(0.5))->verdict, records::Verdict::kApplied);
    EXPECT_EQ(recorder->log_feedback("b", score(0.25))->verdict, records::Verdict::kLate);
    EXPECT_EQ(recorder->log_feedback("c", score(0.75))->verdict,
              records::Verdict::kUnknownGeneration);
    EXPECT_EQ(recorder->start(text_generation("c"))->verdict, records::Verdict::kApplied);
    file_system_.kill();
  }
  clock_.advance(std::chrono::seconds(1));
  const auto recorder = open();
  EXPECT_EQ(recorder->log_feedback("a", score(0.75))->verdict, records::Verdict::kReplaced);
  EXPECT_EQ(recorder->finish("a")->verdict, records::Verdict::kApplied);
  EXPECT_EQ(recorder->finish("c")->verdict, records::Verdict::kApplied);
  ASSERT_TRUE(recorder->flush());
  const std::string history = content("generation_history.jsonl");
  EXPECT_LT(history.find("\"generation_id\": \"b\""), history.find("\"generation_id\": \"a\""));
  EXPECT_LT(history.find("\"generation_id\": \"a\""), history.find("\"generation_id\": \"c\""));
  EXPECT_TRUE(history.contains(R"("timestamp": "2025-10-26T19:00:00+00:00")"));
  EXPECT_TRUE(history.contains(R"("feedback_time": "2025-10-27T00:00:01+00:00", "score": 0.75)"));
  const std::string feedback = content("generation_feedback.jsonl");
  EXPECT_TRUE(feedback.contains(R"("feedback_time": "2025-10-26T19:00:00+00:00", "score": 0.25)"));
  EXPECT_TRUE(feedback.contains(R"("feedback_delay_seconds": 0.0)")) << feedback;
  EXPECT_FALSE(feedback.contains(": -"));
}

}  // namespace
}  // namespace assay::recorder
