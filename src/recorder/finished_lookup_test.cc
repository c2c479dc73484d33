// Feedback of generations that the recorder has forgotten: its files know them.

#include "compress/stream.h"
#include "core/testing/fake_clock.h"
#include "files/testing/simulated_file_system.h"
#include "record_files/testing/sample_history.h"
#include "recorder/finished_lookup_internal.h"
#include "recorder/recorder.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>

namespace assay::recorder {
namespace {

using files::testing::SimulatedFileSystem;

std::string lines_of(int first, int last, std::string_view time) {
  std::string text;
  for (int i = first; i < last; ++i)
    text += record_files::testing::record_line(fmt::format("g{}", i), time) + "\n";
  return text;
}

class FinishedLookupTest : public ::testing::Test {
 protected:
  bool knows(const std::string& id) {
    // Anew each time: what one has found out lies on disk for the next.
    FinishedLookup lookup(file_system_, "/data",
                          {.max_unindexed = ByteCount(300), .max_sorted = 7});
    const auto known = lookup.find(id);
    EXPECT_TRUE(known) << known.error().message;
    if (!known || !*known) return false;
    EXPECT_EQ((*known)->generation_id, id);
    return true;
  }
  void put(std::string_view name, std::string_view content) {
    record_files::testing::put_file(file_system_, std::filesystem::path("/data") / name, content);
  }
  std::vector<std::string> indexes() {
    return file_system_.list("/data/journal/ids").value_or(std::vector<std::string>());
  }

  SimulatedFileSystem file_system_;
};

TEST_F(FinishedLookupTest, FindsEachIdInEveryKindOfFile) {
  put("generation_history.jsonl", lines_of(0, 40, "2025-11-02T00:00:00Z"));
  put("generation_history_2025-10.jsonl", "broken\n" + lines_of(40, 80, "2025-10-02T00:00:00Z"));
  const std::string old = lines_of(80, 120, "2025-03-02T00:00:00Z");
  put("archive/generation_history_2025-03.jsonl.gz",
      *compress::compress(compress::Format::kGzip, old));
  for (int i = 0; i < 120; ++i) EXPECT_TRUE(knows(fmt::format("g{}", i))) << i;
  EXPECT_FALSE(knows("g120"));
  EXPECT_EQ(indexes().size(), 3U);
}

TEST_F(FinishedLookupTest, AFileThatGrowsIsIndexedFurther) {
  put("generation_history.jsonl", lines_of(0, 40, "2025-11-02T00:00:00Z"));
  EXPECT_TRUE(knows("g1"));
  const auto before = file_system_.content("/data/journal/ids/generation_history.jsonl.ids");
  put("generation_history.jsonl", lines_of(0, 41, "2025-11-02T00:00:00Z"));
  EXPECT_TRUE(knows("g40"));
  EXPECT_EQ(file_system_.content("/data/journal/ids/generation_history.jsonl.ids"), before);
  put("generation_history.jsonl", lines_of(0, 60, "2025-11-02T00:00:00Z") + "{\"metadata\": {");
  for (int i = 0; i < 60; ++i) EXPECT_TRUE(knows(fmt::format("g{}", i))) << i;
  EXPECT_NE(file_system_.content("/data/journal/ids/generation_history.jsonl.ids"), before);
}

TEST_F(FinishedLookupTest, AnIndexThatIsDamagedOrOfAnotherFileIsMadeAnew) {
  put("generation_history.jsonl", lines_of(0, 40, "2025-11-02T00:00:00Z"));
  EXPECT_TRUE(knows("g1"));
  const std::string path = "journal/ids/generation_history.jsonl.ids";
  const std::string good = file_system_.content("/data/" + path).value();
  for (const std::size_t size : {std::size_t{0}, std::size_t{20}, good.size() - 1}) {
    put(path, good.substr(0, size));
    EXPECT_TRUE(knows("g1")) << size;
    EXPECT_EQ(file_system_.content("/data/" + path), good);
  }
  std::string other = good;
  other[9] = static_cast<char>(other[9] ^ 1);
  put(path, other);
  EXPECT_TRUE(knows("g39"));
  put("generation_history.jsonl", lines_of(100, 140, "2025-11-02T00:00:00Z"));
  EXPECT_TRUE(knows("g120"));
  EXPECT_FALSE(knows("g1"));
}

TEST_F(FinishedLookupTest, TheFeedbackThatCameLastCounts) {
  put("generation_history.jsonl", lines_of(0, 9, "2025-11-02T00:00:00Z"));
  std::string feedback;
  for (int i = 0; i < 30; ++i) {
    feedback += fmt::format(
        "{{\"generation_id\": \"g{}\", \"feedback_time\": \"2025-11-03T00:00:00Z\", "
        "\"score\": 0.{}, \"validator_uid\": 7, \"ply\": \"sampled\", "
        "\"rejected_sample_path\": \"p\"}}\n",
        i % 3, i + 10);
  }
  put("generation_feedback.jsonl", feedback);
  FinishedLookup lookup(file_system_, "/data", {.max_unindexed = ByteCount(300), .max_sorted = 7});
  const auto known = lookup.find("g1").value();
  ASSERT_TRUE(known && known->feedback);
  EXPECT_EQ(known->feedback->score, 0.38);
  EXPECT_EQ(known->feedback->validator_uid, 7);
  EXPECT_EQ(known->ply.outcome, "sampled");
  EXPECT_EQ(known->ply.settled_path, "p");
  EXPECT_FALSE(lookup.find("g5").value()->feedback);
}

// The recorder, which remembers two.

class ForgottenGeneration : public FinishedLookupTest {
 protected:
  std::unique_ptr<Recorder> open() {
    RecorderOptions options;
    options.derive_interval = std::chrono::milliseconds(0);
    options.hand_over = HandOver::kNever;
    options.max_unindexed = ByteCount(300);
    options.table.max_remembered = 2;
    auto recorder = Recorder::open(file_system_, clock_, random_, "/data", options);
    if (recorder) return std::move(*recorder);
    ADD_FAILURE() << recorder.error().message;
    return nullptr;
  }
  static void record(Recorder& recorder, int first, int last) {
    for (int i = first; i < last; ++i) {
      const std::string id = fmt::format("g{}", i);
      NewGeneration generation;
      generation.generation_id = id;
      ASSERT_TRUE(recorder.start(generation));
      ASSERT_TRUE(recorder.finish(id));
    }
    ASSERT_TRUE(recorder.flush());
  }
  static records::Verdict feedback(Recorder& recorder, const std::string& id, double score) {
    const auto receipt =
        recorder.log_feedback(id, {.validator_uid = 57, .validator_hotkey = {}, .score = score});
    EXPECT_TRUE(receipt);
    return receipt ? receipt->verdict : records::Verdict::kApplied;
  }
  std::string feedback_lines() {
    return file_system_.content("/data/generation_feedback.jsonl").value_or("");
  }

  assay::testing::FakeClock clock_{parse_timestamp("2025-10-31T12:00:00Z").value()};
  SeededRandom random_{1};
};

TEST_F(ForgottenGeneration, PlyBytesThatWaitFindTheirPlace) {
  const auto recorder = open();
  for (const std::string id : {"kept", "again"}) {
    NewGeneration generation;
    generation.generation_id = id;
    ASSERT_TRUE(recorder->start(generation));
    ASSERT_TRUE(recorder->log_output(id, {.output = "{}", .ply = as_bytes(id), .ply_file = {}}));
    ASSERT_TRUE(recorder->finish(id));
  }
  record(*recorder, 0, 3);
  EXPECT_EQ(feedback(*recorder, "kept", 0.9), records::Verdict::kLate);
  ASSERT_TRUE(recorder->flush());
  EXPECT_TRUE(feedback_lines().contains(R"("ply": "accepted", "ply_file_path": "ply_files/kept_)"))
      << feedback_lines();
  EXPECT_EQ(file_system_.list("/data/ply_files/pending")->size(), 1U) << "that of the other";
  EXPECT_EQ(recorder->status().num_ply_lost, 0U);
}

TEST_F(ForgottenGeneration, GetsItsFeedbackAsLate) {
  const auto recorder = open();
  record(*recorder, 0, 20);
  clock_.advance(std::chrono::seconds(90));
  EXPECT_EQ(feedback(*recorder, "g0", 0.123456), records::Verdict::kLate);
  ASSERT_TRUE(recorder->flush());
  EXPECT_NE(feedback_lines().find(R"("feedback_delay_seconds": 90.0)"), std::string::npos)
      << feedback_lines();
  record(*recorder, 20, 30);
  EXPECT_EQ(feedback(*recorder, "g0", 0.123456), records::Verdict::kRepeated);
  record(*recorder, 30, 40);
  EXPECT_EQ(feedback(*recorder, "g0", 0.7), records::Verdict::kReplaced);
  EXPECT_EQ(feedback(*recorder, "stranger", 0.7), records::Verdict::kUnknownGeneration);
}

TEST_F(ForgottenGeneration, IsFoundAfterARotationAndARestartToo) {
  {
    const auto recorder = open();
    record(*recorder, 0, 20);
    clock_.advance(std::chrono::days(200));
    ASSERT_TRUE(recorder->rotate(clock_.now(), {}));
    EXPECT_EQ(feedback(*recorder, "g3", 0.5), records::Verdict::kLate);
    file_system_.crash(random_);
  }
  const std::string lines = feedback_lines();
  const auto recorder = open();
  EXPECT_NE(feedback_lines().find(R"("generation_id": "g3")"), std::string::npos) << lines;
  record(*recorder, 20, 30);
  EXPECT_EQ(feedback(*recorder, "g3", 0.5), records::Verdict::kRepeated);
  EXPECT_EQ(feedback(*recorder, "g4", 0.5), records::Verdict::kLate);
}

}  // namespace
}  // namespace assay::recorder
