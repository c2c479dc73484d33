// What each event does at each time of a generation's life: the table of docs/formats/history.md.

#include "records/generation_table.h"

#include "records/json_members.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace assay::records {
namespace {

class GenerationTableTest : public ::testing::Test {
 protected:
  Applied apply(std::string id, EventBody body, std::string key = {}) {
    time_ += std::chrono::seconds(1);
    return table_.apply({.sequence = 0,
                         .time = time_,
                         .generation_id = std::move(id),
                         .idempotency_key = std::move(key),
                         .body = std::move(body)});
  }
  Applied start(std::string id, std::string key = {}) {
    Started body;
    body.prompt = "red car";
    body.network = "mainnet";
    return apply(std::move(id), std::move(body), std::move(key));
  }
  Applied feedback(std::string id, double score) {
    return apply(std::move(id),
                 FeedbackReceived{.validator_uid = {}, .validator_hotkey = {}, .score = score});
  }
  Applied output(std::string id) {
    return apply(std::move(id), OutputLogged{.output = R"({"ply_file_hash": "sha256:aa"})",
                                             .pending_ply_path = "ply_files/pending/a.ply"});
  }

  GenerationTable table_;
  Timestamp time_{std::chrono::seconds(1'761'523'200)};
};

TEST_F(GenerationTableTest, StartOfAKnownIdChangesNothing) {
  EXPECT_EQ(start("a").verdict, Verdict::kApplied);
  EXPECT_EQ(start("a").verdict, Verdict::kAlreadyStarted);
  apply("a", Finished{});
  EXPECT_EQ(start("a").verdict, Verdict::kAlreadyStarted);
  EXPECT_EQ(table_.num_open(), 0U);
}

TEST_F(GenerationTableTest, AKeyWhoseFirstEventChangedNothingIsToldTheSameAgain) {
  start("a", "first");
  start("a", "second");
  apply("b", TimingLogged{.timing = "{}"}, "third");
  apply("a", Finished{});
  apply("a", TimingLogged{.timing = "{}"}, "fourth");
  const auto expect_again = [&] {
    EXPECT_EQ(start("x", "first").verdict, Verdict::kRepeated);
    EXPECT_EQ(start("x", "second").verdict, Verdict::kAlreadyStarted);
    EXPECT_EQ(start("x", "second").generation_id, "a");
    const TimingLogged timing{.timing = "{}"};
    EXPECT_EQ(apply("x", timing, "third").verdict, Verdict::kUnknownGeneration);
    EXPECT_EQ(apply("x", timing, "fourth").verdict, Verdict::kAlreadyFinished);
  };
  expect_again();
  // After a restart too.
  const std::string state = table_.state();
  table_ = GenerationTable();
  ASSERT_TRUE(table_.load_state(state));
  expect_again();
  EXPECT_EQ(table_.state(), state);
}

TEST_F(GenerationTableTest, UpdateOfAnUnknownIdChangesNothing) {
  EXPECT_EQ(apply("a", TimingLogged{.timing = "{}"}).verdict, Verdict::kUnknownGeneration);
  EXPECT_EQ(apply("a", Finished{}).verdict, Verdict::kUnknownGeneration);
  EXPECT_EQ(table_.pending_json(), "{}\n");
}

TEST_F(GenerationTableTest, UpdateAfterTheFinishChangesNothing) {
  start("a");
  apply("a", Finished{});
  for (const EventBody& body :
       {EventBody(TimingLogged{.timing = "{}"}), EventBody(Submitted{.submission = "{}"}),
        EventBody(Failed{.error_type = "E", .error_message = "m", .stack_trace = {}}),
        EventBody(EnhancedPrompt{}),
        EventBody(OutputLogged{.output = "{}", .pending_ply_path = {}}), EventBody(Finished{})}) {
    const Applied applied = apply("a", body);
    EXPECT_EQ(applied.verdict, Verdict::kAlreadyFinished);
    EXPECT_EQ(applied.history_line + applied.feedback_line, "");
  }
}

TEST_F(GenerationTableTest, FinishGivesTheLineOnce) {
  start("a");
  EXPECT_TRUE(apply("a", Finished{}).history_line.starts_with(R"({"metadata": {"generation_id")"));
  EXPECT_EQ(apply("a", Finished{}).history_line, "");
  EXPECT_EQ(table_.num_finished(), 1U);
}

TEST_F(GenerationTableTest, FeedbackBeforeTheFinishStandsInTheLine) {
  start("a");
  const Applied applied = feedback("a", 0.123456);
  EXPECT_EQ(applied.verdict, Verdict::kApplied);
  EXPECT_EQ(applied.feedback_line, "");
  EXPECT_TRUE(
      apply("a", Finished{})
          .history_line.contains(
              R"("validator_feedback": {"received": true, "feedback_time": "2025-10-27T00:00:02+00:00", )"
              R"("score": 0.1235, "accepted": true, "feedback_delay_seconds": 1.0})"));
}

TEST_F(GenerationTableTest, FeedbackAfterTheFinishGetsALineOfItsOwn) {
  start("a");
  apply("a", Finished{});
  const Applied applied = feedback("a", 0.0);
  EXPECT_EQ(applied.verdict, Verdict::kLate);
  EXPECT_EQ(applied.feedback_line,
            R"({"generation_id": "a", "feedback_time": "2025-10-27T00:00:03+00:00", "score": 0.0, )"
            R"("accepted": false, "feedback_delay_seconds": 2.0, "validator_uid": null, )"
            R"("validator_hotkey": null})");
}

TEST_F(GenerationTableTest, TheSameFeedbackAgainIsARepetition) {
  start("a");
  feedback("a", 0.5);
  EXPECT_EQ(feedback("a", 0.5).verdict, Verdict::kRepeated);
  apply("a", Finished{});
  const Applied applied = feedback("a", 0.5);
  EXPECT_EQ(applied.verdict, Verdict::kRepeated);
  EXPECT_EQ(applied.feedback_line, "");
}

TEST_F(GenerationTableTest, OtherFeedbackReplacesTheFirst) {
  start("a");
  feedback("a", 0.5);
  EXPECT_EQ(feedback("a", 0.6).verdict, Verdict::kReplaced);
  EXPECT_TRUE(apply("a", Finished{}).history_line.contains(R"("score": 0.6)"));
  const Applied applied = feedback("a", 0.7);
  EXPECT_EQ(applied.verdict, Verdict::kReplaced);
  EXPECT_TRUE(applied.feedback_line.contains(R"("score": 0.7)"));
}

TEST_F(GenerationTableTest, FeedbackForAnUnknownIdIsKept) {
  const Applied applied = feedback("nobody", 0.5);
  EXPECT_EQ(applied.verdict, Verdict::kUnknownGeneration);
  EXPECT_TRUE(applied.feedback_line.starts_with(
      R"({"generation_id": "nobody", "feedback_time": "2025-10-27T00:00:01+00:00", "score": 0.5, )"
      R"("accepted": true, "feedback_delay_seconds": null)"));
}

TEST_F(GenerationTableTest, TheSameKeyAgainGivesTheFirstGeneration) {
  start("a", "key");
  const Applied applied = start("b", "key");
  EXPECT_EQ(applied.verdict, Verdict::kRepeated);
  EXPECT_EQ(applied.generation_id, "a");
  EXPECT_FALSE(table_.knows("b"));
}

// One job, one key.
TEST_F(GenerationTableTest, EventsOfDifferentKindsMayHaveOneKey) {
  start("a", "key");
  table_ = [&] {
    GenerationTable again;
    EXPECT_TRUE(again.load_state(table_.state()));
    return again;
  }();
  EXPECT_EQ(apply("a", TimingLogged{.timing = "{}"}, "key").verdict, Verdict::kApplied);
  EXPECT_EQ(apply("a", OutputLogged{.output = "{}", .pending_ply_path = {}}, "key").verdict,
            Verdict::kApplied);
  // The bytes of a PLY file come by another route than what else is said of an output.
  const OutputLogged ply{.output = "{}", .pending_ply_path = "ply_files/pending/a.ply"};
  EXPECT_EQ(apply("a", ply, "key").verdict, Verdict::kApplied);
  EXPECT_EQ(apply("a", ply, "key").verdict, Verdict::kRepeated);
  EXPECT_EQ(apply("a", Finished{}, "key").verdict, Verdict::kApplied);
  EXPECT_EQ(apply("a", Finished{}, "key").verdict, Verdict::kRepeated);
  EXPECT_EQ(start("b", "key").generation_id, "a");
}

// The state of a version that did not note them.
TEST_F(GenerationTableTest, AKeyWithoutItsKindStandsForEventsOfAnyKind) {
  start("a", "key");
  std::string state = table_.state();
  const std::string_view kind = R"(, "event": "started")";
  ASSERT_TRUE(state.contains(kind)) << state;
  state.erase(state.find(kind), kind.size());
  ASSERT_TRUE(table_.load_state(state));
  EXPECT_EQ(apply("a", Finished{}, "key").verdict, Verdict::kRepeated);
}

TEST_F(GenerationTableTest, AClockThatGoesBackGivesNoNegativeDelay) {
  start("a");
  time_ -= std::chrono::hours(1);
  feedback("a", 1.0);
  EXPECT_TRUE(apply("a", Finished{}).history_line.contains(R"("feedback_delay_seconds": 0.0)"));
}

TEST_F(GenerationTableTest, TheDelayCountsFromTheSubmission) {
  start("a");
  apply("a", Submitted{.submission = R"({"submitted": true})"});
  feedback("a", 1.0);
  EXPECT_TRUE(apply("a", Finished{}).history_line.contains(R"("feedback_delay_seconds": 1.0)"));
}

TEST_F(GenerationTableTest, TimingKeepsTheOrderOfCallsAndTheLastValue) {
  start("a");
  apply("a", TimingLogged{.timing = R"({"b": 1.0, "a": 2.0})"});
  apply("a", TimingLogged{.timing = R"({"c": 3.0, "b": 4.0})"});
  EXPECT_TRUE(
      apply("a", Finished{}).history_line.contains(R"("timing": {"b": 4.0, "a": 2.0, "c": 3.0})"));
}

TEST_F(GenerationTableTest, FeedbackNamesTheValidatorWhereTheStartDidNot) {
  start("a");
  apply("a", FeedbackReceived{.validator_uid = 57, .validator_hotkey = "5F", .score = 1.0});
  EXPECT_TRUE(apply("a", Finished{})
                  .history_line.contains(R"("validator_uid": 57, "validator_hotkey": "5F")"));
}

TEST_F(GenerationTableTest, AnEmptyHotkeyInFeedbackNamesNobody) {
  apply("a", Started());
  apply("a", FeedbackReceived{.validator_uid = {}, .validator_hotkey = "", .score = 1.0});
  EXPECT_TRUE(apply("a", Finished()).history_line.contains(R"("validator_hotkey": "unknown")"));
}

TEST_F(GenerationTableTest, PlyBytesAreDueWhenFeedbackComes) {
  start("a");
  EXPECT_FALSE(output("a").ply_due);
  const Applied applied = feedback("a", 0.5);
  ASSERT_TRUE(applied.ply_due);
  EXPECT_EQ(applied.ply_due->fate, PlyFate::kAccepted);
  EXPECT_EQ(applied.ply_due->hash, "sha256:aa");
  EXPECT_EQ(table_.ply_due({}).size(), 1U);
  apply("a", PlySettled{.outcome = "accepted", .path = "ply_files/a.ply"});
  EXPECT_TRUE(table_.ply_due({}).empty());
  EXPECT_TRUE(
      apply("a", Finished{}).history_line.contains(R"("ply_file_path": "ply_files/a.ply")"));
}

TEST_F(GenerationTableTest, ASampleOfARejectedOneIsNamed) {
  start("a");
  output("a");
  EXPECT_EQ(feedback("a", 0.0).ply_due->fate, PlyFate::kRejected);
  apply("a", PlySettled{.outcome = "sampled", .path = "ply_files/rejected_samples/a.ply"});
  EXPECT_TRUE(
      apply("a", Finished{})
          .history_line.contains(R"("rejected_sample_path": "ply_files/rejected_samples/a.ply", )"
                                 R"("rejected_sample_hash": "sha256:aa")"));
}

TEST_F(GenerationTableTest, PlyBytesWithoutFeedbackExpireAndALaterAcceptanceSaysSo) {
  start("a");
  output("a");
  apply("a", Finished{});
  EXPECT_TRUE(table_.ply_due(time_ - std::chrono::hours(1)).empty());
  const auto due = table_.ply_due(time_ + std::chrono::hours(1));
  ASSERT_EQ(due.size(), 1U);
  EXPECT_EQ(due[0].fate, PlyFate::kExpired);
  EXPECT_EQ(apply("a", PlySettled{.outcome = "expired", .path = {}}).feedback_line, "");
  const Applied applied = feedback("a", 0.9);
  EXPECT_FALSE(applied.ply_due);
  EXPECT_TRUE(applied.feedback_line.ends_with(R"("ply": "expired"})"));
}

TEST_F(GenerationTableTest, PlyBytesSettledAfterTheFinishAreNamedBesideTheRecord) {
  start("a");
  output("a");
  apply("a", Finished{});
  ASSERT_TRUE(feedback("a", 0.9).ply_due);
  EXPECT_TRUE(
      apply("a", PlySettled{.outcome = "accepted", .path = "ply_files/a.ply"})
          .feedback_line.ends_with(R"("ply": "accepted", "ply_file_path": "ply_files/a.ply", )"
                                   R"("ply_file_hash": "sha256:aa"})"));
}

TEST_F(GenerationTableTest, RemembersSoManyFinishedOnes) {
  table_ = GenerationTable({.max_remembered = 2, .max_keys = 2});
  for (const std::string id : {"a", "b", "c"}) {
    start(id, "key of " + id);
    apply(id, Finished{});
  }
  EXPECT_FALSE(table_.knows("a"));
  EXPECT_TRUE(table_.knows("b"));
  EXPECT_EQ(start("d", "key of a").verdict, Verdict::kApplied);
  EXPECT_EQ(start("e", "key of c").verdict, Verdict::kRepeated);
}

TEST_F(GenerationTableTest, RemembersThoseWhosePlyBytesWaitUntilTheyAreSettled) {
  table_ = GenerationTable({.max_remembered = 2});
  for (const std::string id : {"a", "b", "c", "d"}) {
    start(id);
    if (id == "a") output(id);
    apply(id, Finished{});
  }
  EXPECT_FALSE(table_.knows("b"));
  ASSERT_TRUE(table_.knows("a"));
  GenerationTable loaded({.max_remembered = 2});
  ASSERT_TRUE(loaded.load_state(table_.state()));
  EXPECT_EQ(loaded.state(), table_.state());
  EXPECT_EQ(loaded.num_forgotten(), 0U);
  // An earlier version did not count what it forgot.
  auto members = JsonMembers::parse(table_.state()).value();
  members.set("num_forgotten", "null");
  GenerationTable earlier;
  ASSERT_TRUE(earlier.load_state(members.to_text()));
  EXPECT_EQ(earlier.num_forgotten(), 1U) << "of four";
  GenerationTable later;
  ASSERT_TRUE(later.load_state(earlier.state()));
  EXPECT_EQ(later.num_forgotten(), 1U);
  const auto due = loaded.ply_due(time_ + std::chrono::hours(1));
  ASSERT_EQ(due.size(), 1U);
  EXPECT_EQ(due[0].generation_id, "a");
  EXPECT_EQ(due[0].fate, PlyFate::kExpired);

  apply("a", PlySettled{.outcome = "expired", .path = {}});
  EXPECT_FALSE(table_.knows("a"));
  EXPECT_EQ(table_.num_remembered(), 2U);
}

TEST_F(GenerationTableTest, TheLoadedStateIsTheSame) {
  start("a", "key");
  output("a");
  feedback("a", 0.25);
  start("b");
  output("b");
  apply("b", Finished{});
  feedback("b", 0.5);
  GenerationTable copy;
  ASSERT_TRUE(copy.load_state(table_.state()));
  EXPECT_EQ(copy.state(), table_.state());
  EXPECT_EQ(copy.pending_json(), table_.pending_json());
  EXPECT_EQ(copy.ply_due({}).size(), 2U);
}

TEST_F(GenerationTableTest, RefusesADamagedState) {
  start("a");
  const std::string state = table_.state();
  for (std::size_t size = 0; size < state.size(); ++size) {
    GenerationTable copy;
    EXPECT_FALSE(copy.load_state(state.substr(0, size))) << size;
  }
}

TEST_F(GenerationTableTest, AdoptsARecordWithMembersThatItDoesNotKnow) {
  ASSERT_TRUE(table_.adopt_open(
      R"({"metadata": {"generation_id": "old", "gpu": "RTX"}, "x_extra": [1, 2]})"));
  EXPECT_FALSE(table_.adopt_open("{}"));
  apply("old", TimingLogged{.timing = R"({"t": 1.0})"});
  EXPECT_EQ(apply("old", Finished{}).history_line,
            R"({"metadata": {"generation_id": "old", "gpu": "RTX"}, "x_extra": [1, 2], )"
            R"("generation": {"timing": {"t": 1.0}}})");
}

}  // namespace
}  // namespace assay::records
