#include "recorder/recorder.h"
#include "recorder/testing/recorder_fixture.h"

#include <gtest/gtest.h>

#include <limits>

namespace assay::recorder {
namespace {

using RecorderMedia = testing::RecorderFixture;

TEST_F(RecorderMedia, StoresAnImagePromptOnceAndKeepsItsHash) {
  // A PNG of one pixel.
  constexpr std::string_view kPixel =
      "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5E"
      "rkJggg==";
  const auto recorder = open();
  NewGeneration generation = text_generation("a");
  generation.task_type = "IMAGE-TO-3D";
  generation.prompt = "data:image/png;base64," + std::string(kPixel);
  ASSERT_TRUE(recorder->start(generation));
  ASSERT_TRUE(recorder->finish("a"));
  ASSERT_TRUE(recorder->flush());
  const std::string history = content("generation_history.jsonl");
  EXPECT_TRUE(history.contains(R"("prompt": "[BASE64_IMAGE_HASH:sha256:)")) << history;
  EXPECT_TRUE(history.contains(R"("is_base64_image": true)")) << history;
  EXPECT_EQ(file_system_.list("/data/images")->size(), 1U);
  EXPECT_GT(recorder->status().images, ByteCount(0));
}

TEST_F(RecorderMedia, MovesThePlyFileWhereTheFeedbackPutsIt) {
  const auto recorder = open();
  ASSERT_TRUE(recorder->start(text_generation("a")));
  ASSERT_TRUE(
      recorder->log_output("a", {.output = "{}", .ply = as_bytes("no ply"), .ply_file = {}}));
  EXPECT_EQ(file_system_.list("/data/ply_files/pending")->size(), 1U);
  ASSERT_TRUE(recorder->finish("a"));
  EXPECT_EQ(recorder->log_feedback("a", score(0.9))->verdict, records::Verdict::kLate);
  ASSERT_TRUE(recorder->flush());
  EXPECT_TRUE(content("generation_history.jsonl").contains(R"("ply_defect": ")"));
  EXPECT_TRUE(file_system_.list("/data/ply_files/pending")->empty());
  EXPECT_TRUE(content("generation_feedback.jsonl").contains(R"("ply_file_path": "ply_files/a_)"));
}

TEST_F(RecorderMedia, SettlesAfterARestartWhatACrashLeftWaiting) {
  {
    const auto recorder = open();
    ASSERT_TRUE(recorder->start(text_generation("a")));
    ASSERT_TRUE(
        recorder->log_output("a", {.output = "{}", .ply = as_bytes("no ply"), .ply_file = {}}));
    clock_.advance(std::chrono::hours(25));
  }
  const auto recorder = open();
  EXPECT_TRUE(file_system_.list("/data/ply_files/pending")->empty());
  EXPECT_EQ(recorder->log_feedback("a", score(0.9))->verdict, records::Verdict::kApplied);
  ASSERT_TRUE(recorder->finish("a"));
  ASSERT_TRUE(recorder->flush());
  EXPECT_TRUE(content("generation_history.jsonl").contains(R"("ply": "expired")"));
}

TEST_F(RecorderMedia, WhoSaysNothingOfWaitingBytesKeepsToWhatTheRecorderBeforeWasTold) {
  RecorderOptions of_miner = options();
  of_miner.feedback_timeout.reset();
  of_miner.ply_min_score = 0.7;
  RecorderOptions of_visitor = options();
  of_visitor.feedback_timeout_source = OptionSource::kAsBefore;
  of_visitor.ply_min_score_source = OptionSource::kAsBefore;
  const auto waiting = [&] { return names("ply_files/pending").size(); };
  {
    const auto recorder = open(of_miner);
    for (const std::string id : {"a", "b", "c"}) {
      ASSERT_TRUE(recorder->start(text_generation(id)));
      ASSERT_TRUE(recorder->log_output(id, {.output = "{}", .ply = as_bytes(id), .ply_file = {}}));
    }
    file_system_.kill();
  }
  clock_.advance(std::chrono::hours(25));
  open(of_visitor);
  EXPECT_EQ(waiting(), 3U) << "of a recorder that was killed";
  ASSERT_TRUE(open(of_visitor)->log_feedback("a", score(0.5)));
  EXPECT_EQ(waiting(), 2U);
  EXPECT_FALSE(content("pending_generations.json").contains(R"("ply_file_path": )"))
      << "of too low a score";
  RecorderOptions of_command = of_visitor;
  of_command.expires_ply = false;
  of_miner.feedback_timeout = std::chrono::hours(1);
  of_miner.feedback_timeout_source = OptionSource::kAsBefore;
  open(of_miner);
  EXPECT_EQ(waiting(), 2U);
  of_miner.feedback_timeout_source = OptionSource::kGiven;
  of_miner.expires_ply = false;
  open(of_miner);
  open(of_command);
  EXPECT_EQ(waiting(), 2U) << "who is to expire none";
  open(of_visitor);
  EXPECT_EQ(waiting(), 0U) << "the miner said one hour meanwhile";
}

TEST_F(RecorderMedia, WhereNobodyWasToldTheOptionCounts) {
  RecorderOptions of_visitor = options();
  of_visitor.feedback_timeout_source = OptionSource::kAsBefore;
  of_visitor.ply_min_score_source = OptionSource::kAsBefore;
  {
    const auto recorder = open(of_visitor);
    ASSERT_TRUE(recorder->start(text_generation("a")));
    ASSERT_TRUE(recorder->log_output("a", {.output = "{}", .ply = as_bytes("a"), .ply_file = {}}));
  }
  EXPECT_FALSE(content("journal/checkpoint.json").contains("ply_rules"));
  clock_.advance(std::chrono::hours(25));
  open(of_visitor);
  EXPECT_TRUE(names("ply_files/pending").empty());
}

TEST_F(RecorderMedia, AnInfiniteScoreDamagesNoCheckpoint) {
  RecorderOptions of_miner = options();
  of_miner.ply_min_score = std::numeric_limits<double>::infinity();
  of_miner.feedback_timeout.reset();
  {
    const auto recorder = open(of_miner);
    ASSERT_TRUE(recorder->start(text_generation("a")));
    ASSERT_TRUE(recorder->log_output("a", {.output = "{}", .ply = as_bytes("a"), .ply_file = {}}));
  }
  EXPECT_EQ(open(of_miner)->recovery().to_text(), "");
  RecorderOptions of_visitor = options();
  of_visitor.feedback_timeout_source = OptionSource::kAsBefore;
  of_visitor.ply_min_score_source = OptionSource::kAsBefore;
  clock_.advance(std::chrono::hours(25));
  open(of_visitor);
  EXPECT_EQ(names("ply_files/pending").size(), 1U);
}

TEST_F(RecorderMedia, AnAcceptanceSaysThatTheBytesThatWaitedAreLost) {
  const auto recorder = open();
  for (const std::string id : {"finished", "open", "rejected"}) {
    ASSERT_TRUE(recorder->start(text_generation(id)));
    ASSERT_TRUE(recorder->log_output(id, {.output = "{}", .ply = as_bytes(id), .ply_file = {}}));
  }
  ASSERT_TRUE(recorder->finish("finished"));
  for (const std::string& name : names("ply_files/pending")) {
    ASSERT_TRUE(file_system_.remove("/data/ply_files/pending/" + name));
  }
  ASSERT_TRUE(recorder->log_feedback("finished", score(0.9)));
  ASSERT_TRUE(recorder->log_feedback("open", score(0.9)));
  ASSERT_TRUE(recorder->log_feedback("rejected", score(0.0)));
  ASSERT_TRUE(recorder->finish("open"));
  ASSERT_TRUE(recorder->flush());
  EXPECT_EQ(recorder->status().num_ply_lost, 2U);
  EXPECT_TRUE(content("generation_feedback.jsonl").contains(R"("ply": "lost")"));
  EXPECT_TRUE(content("generation_history.jsonl").contains(R"("ply": "lost")"));
}

TEST_F(RecorderMedia, AFileThatDoesNotParseHasNoFiguresOfAnEarlierOne) {
  const auto recorder = open();
  ASSERT_TRUE(recorder->start(text_generation("a")));
  ASSERT_TRUE(recorder->log_output(
      "a", {.output = R"({"num_gaussians": 5})", .ply = as_bytes("one"), .ply_file = {}}));
  ASSERT_TRUE(recorder->log_output("a", {.output = "{}", .ply = as_bytes("two"), .ply_file = {}}));
  ASSERT_TRUE(recorder->finish("a"));
  ASSERT_TRUE(recorder->flush());
  EXPECT_TRUE(content("generation_history.jsonl").contains(R"("num_gaussians": null)"))
      << content("generation_history.jsonl");
}

TEST_F(RecorderMedia, StoresNoBytesWhenToldNotTo) {
  RecorderOptions hashes = options();
  hashes.stores_ply_files = false;
  const auto recorder = open(hashes);
  ASSERT_TRUE(recorder->start(text_generation("a")));
  ASSERT_TRUE(
      recorder->log_output("a", {.output = "{}", .ply = as_bytes("no ply"), .ply_file = {}}));
  ASSERT_TRUE(recorder->finish("a"));
  ASSERT_TRUE(recorder->flush());
  EXPECT_TRUE(content("generation_history.jsonl").contains(R"("ply_file_hash": "sha256:)"));
  EXPECT_TRUE(file_system_.list("/data/ply_files/pending")->empty());
}

TEST_F(RecorderMedia, OtherPlyBytesOfAGenerationTakeThePlaceOfTheFirst) {
  const auto recorder = open();
  const auto log = [&](std::string_view ply) {
    ASSERT_TRUE(recorder->log_output("a", {.output = "{}", .ply = as_bytes(ply), .ply_file = {}}));
  };
  ASSERT_TRUE(recorder->start(text_generation("a")));
  log("first");
  const auto first = names("ply_files/pending");
  ASSERT_EQ(first.size(), 1U);
  log("second");
  EXPECT_EQ(names("ply_files/pending").size(), 1U);
  EXPECT_NE(names("ply_files/pending"), first);
  // The same again is the same, and the first may come back.
  log("second");
  log("first");
  EXPECT_EQ(names("ply_files/pending"), first);
  ASSERT_TRUE(recorder->log_feedback("a", score(0.9)));
  ASSERT_TRUE(recorder->finish("a"));
  ASSERT_TRUE(recorder->flush());
  EXPECT_TRUE(names("ply_files/pending").empty());
  EXPECT_TRUE(content("generation_history.jsonl").contains("ply_files/" + first[0]));
  EXPECT_EQ(content("ply_files/" + first[0]), "first");
}

TEST_F(RecorderMedia, AcceptedBytesStayWhenOthersCome) {
  const auto recorder = open();
  ASSERT_TRUE(recorder->start(text_generation("a")));
  ASSERT_TRUE(recorder->log_feedback("a", score(0.9)));
  for (const std::string_view ply : {"first", "second"}) {
    ASSERT_TRUE(recorder->log_output("a", {.output = "{}", .ply = as_bytes(ply), .ply_file = {}}));
  }
  EXPECT_TRUE(names("ply_files/pending").empty());
  std::size_t num_accepted = 0;
  for (const std::string& name : names("ply_files")) num_accepted += name.ends_with(".ply") ? 1 : 0;
  EXPECT_EQ(num_accepted, 2U);
}

TEST_F(RecorderMedia, OpeningRemovesBytesOfAKnownGenerationThatNoEventNames) {
  {
    const auto recorder = open();
    ASSERT_TRUE(recorder->start(text_generation("a")));
    ASSERT_TRUE(recorder->log_output("a", {.output = "{}", .ply = as_bytes("x"), .ply_file = {}}));
    ASSERT_TRUE(recorder->close());
  }
  const auto waiting = names("ply_files/pending");
  put("ply_files/pending/a_0123456789abcdef.ply", "its event was refused");
  put("ply_files/pending/old_0123456789abcdef.ply", "of a generation that is not remembered");
  const auto recorder = open();
  auto expected = waiting;
  expected.emplace_back("old_0123456789abcdef.ply");
  EXPECT_EQ(names("ply_files/pending"), expected);
}

TEST_F(RecorderMedia, BytesOfARecordThatCameFromElsewhereGoOnWaiting) {
  {
    const auto recorder = open();
    for (const std::string id : {"a", "b", "open"}) {
      ASSERT_TRUE(recorder->start(text_generation(id)));
      ASSERT_TRUE(recorder->log_output(id, {.output = "{}", .ply = as_bytes(id), .ply_file = {}}));
    }
    ASSERT_TRUE(recorder->finish("a"));
    ASSERT_TRUE(recorder->finish("b"));
    ASSERT_TRUE(recorder->close());
  }
  // As a copy of the files without the journal has them, whose feedback was never acted on.
  for (const std::string& name : names("journal")) {
    ASSERT_TRUE(file_system_.remove("/data/journal/" + name));
  }
  put("generation_feedback.jsonl", R"({"generation_id": "b", "feedback_time": )"
                                   R"("2025-11-03T00:00:00Z", "score": 0.9, "accepted": true})"
                                   "\n");
  const auto recorder = open();
  EXPECT_EQ(recorder->recovery().num_adopted_finished, 2U);
  EXPECT_EQ(names("ply_files/pending").size(), 2U) << "b was accepted";
  EXPECT_EQ(recorder->log_feedback("a", score(0.9))->verdict, records::Verdict::kLate);
  EXPECT_EQ(recorder->log_feedback("open", score(0.9))->verdict, records::Verdict::kApplied);
  EXPECT_TRUE(names("ply_files/pending").empty());
  ASSERT_TRUE(recorder->flush());
  const std::string feedback = content("generation_feedback.jsonl");
  EXPECT_TRUE(feedback.contains(R"("ply": "accepted", "ply_file_path": "ply_files/a_)"));
  EXPECT_TRUE(feedback.contains(R"("ply": "accepted", "ply_file_path": "ply_files/b_)"));
}

}  // namespace
}  // namespace assay::recorder
