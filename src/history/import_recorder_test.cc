#include "core/random.h"
#include "history/import.h"
#include "history/testing/import_fixture.h"
#include "recorder/recorder.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

// Import where a recorder writes, or was killed: here and in the other folder.

namespace assay::history {
namespace {

using namespace record_files::testing;
using namespace history::testing;

class ImportBesideRecorder : public ImportFixture {
 protected:
  std::unique_ptr<recorder::Recorder> record() {
    recorder::RecorderOptions options;
    options.derive_interval = std::chrono::milliseconds(0);
    options.hand_over = recorder::HandOver::kNever;
    auto recorder = recorder::Recorder::open(file_system_, clock_, random_, "/here", options);
    EXPECT_TRUE(recorder) << recorder.error().message;
    return recorder ? std::move(*recorder) : nullptr;
  }
  static void finish(recorder::Recorder& recorder, std::string id) {
    EXPECT_TRUE(recorder.start({.generation_id = id,
                                .task_type = "TEXT-TO-3D",
                                .prompt = "red sports car",
                                .validator_uid = {},
                                .validator_hotkey = {},
                                .miner_config = "{}"}));
    EXPECT_TRUE(recorder.finish(id));
  }

  SeededRandom random_{1};
};

TEST_F(ImportBesideRecorder, ARecorderGoesOnWhereTheImportWasEvenAfterAKill) {
  put("there", "generation_history.jsonl", line("b", "2025-11-03T00:00:00Z"));
  put("there", "generation_feedback.jsonl", feedback("b", "0.5"));
  {
    const auto recorder = record();
    ASSERT_NE(recorder, nullptr);
    finish(*recorder, "written");
    ASSERT_TRUE(recorder->flush());
    finish(*recorder, "in the journal alone");
    EXPECT_EQ(run().error().code, ErrorCode::kUnavailable);
    file_system_.kill();
  }
  EXPECT_EQ(import().num_imported, 1U);
  {
    const auto recorder = record();
    ASSERT_NE(recorder, nullptr);
    finish(*recorder, "after");
    ASSERT_TRUE(recorder->close());
  }
  const std::string history = content("generation_history.jsonl");
  for (const auto* id :
       {"\"a\"", "\"b\"", "\"written\"", "\"in the journal alone\"", "\"after\""}) {
    const std::size_t at = history.find(id);
    EXPECT_NE(at, std::string::npos) << id;
    EXPECT_EQ(history.find(id, at + 1), std::string::npos) << id << " stands twice";
  }
  EXPECT_EQ(std::ranges::count(history, '\n'), 5);
  EXPECT_EQ(content("generation_feedback.jsonl"), feedback("b", "0.5"));
  EXPECT_EQ(import().num_imported, 0U);
}

class ImportOfAKilledRecorder : public ImportBesideRecorder {
 protected:
  std::unique_ptr<recorder::Recorder> record_there() {
    recorder::RecorderOptions options;
    options.derive_interval = std::chrono::milliseconds(0);
    options.hand_over = recorder::HandOver::kNever;
    auto recorder = recorder::Recorder::open(file_system_, clock_, random_, "/there", options);
    EXPECT_TRUE(recorder) << recorder.error().message;
    return recorder ? std::move(*recorder) : nullptr;
  }
  static void give_feedback(recorder::Recorder& recorder, std::string_view id, double score) {
    EXPECT_TRUE(
        recorder.log_feedback(id, {.validator_uid = 57, .validator_hotkey = {}, .score = score}));
  }
  static void start_only(recorder::Recorder& recorder, std::string id) {
    EXPECT_TRUE(recorder.start({.generation_id = std::move(id),
                                .task_type = "TEXT-TO-3D",
                                .prompt = "red sports car",
                                .validator_uid = {},
                                .validator_hotkey = {},
                                .miner_config = "{}"}));
  }
  std::map<std::string, std::string> files_there() {
    std::map<std::string, std::string> found;
    for (const std::string folder : {"/there", "/there/journal"}) {
      const auto names = file_system_.list(folder);
      EXPECT_TRUE(names);
      for (const std::string& name : *names) {
        found[folder + "/" + name] = file_content(file_system_, folder + "/" + name);
      }
    }
    return found;
  }
};

TEST_F(ImportOfAKilledRecorder, BringsWhatWasNeverDerivedAndLeavesThatFolderAsItIs) {
  {
    const auto recorder = record_there();
    ASSERT_NE(recorder, nullptr);
    finish(*recorder, "derived");
    give_feedback(*recorder, "derived", 0.25);
    ASSERT_TRUE(recorder->flush());
    give_feedback(*recorder, "derived", 0.5);
    finish(*recorder, "in the journal alone");
    give_feedback(*recorder, "in the journal alone", 0.75);
    start_only(*recorder, "open");
    file_system_.kill();
  }
  const auto before = files_there();
  ASSERT_FALSE(file_content(file_system_, "/there/generation_history.jsonl").contains("alone"));
  const ImportReport report = import();
  EXPECT_EQ(report.num_imported, 2U);
  EXPECT_EQ(report.num_feedback_imported, 3U);
  EXPECT_EQ(count(report, NotTakenKind::kOpenGeneration), 1U);
  EXPECT_EQ(report.num_not_taken(), 1U);
  EXPECT_EQ(files_there(), before);
  const std::string history = content("generation_history.jsonl");
  EXPECT_TRUE(history.contains("in the journal alone"));
  const std::string feedback = content("generation_feedback.jsonl");
  EXPECT_EQ(std::ranges::count(feedback, '\n'), 3);
  EXPECT_LT(feedback.find("0.25"), feedback.find("0.5"));

  // What its own recorder completes is what was imported.
  ASSERT_TRUE(record_there()->close());
  EXPECT_EQ(line("a", "2025-11-02T00:00:00Z") +
                file_content(file_system_, "/there/generation_history.jsonl"),
            history);
  EXPECT_EQ(file_content(file_system_, "/there/generation_feedback.jsonl"), feedback);
  const ImportReport again = import();
  EXPECT_EQ(again.num_imported, 0U);
  EXPECT_EQ(again.num_present, 2U);
  EXPECT_EQ(again.num_feedback_imported, 0U);
  EXPECT_EQ(count(again, NotTakenKind::kOtherFeedback), 0U);
}

TEST_F(ImportOfAKilledRecorder, BringsPlyFilesThatWaitForFeedbackAndTellsOfTheOthers) {
  {
    const auto recorder = record_there();
    ASSERT_NE(recorder, nullptr);
    for (const std::string id : {"waiting", "open", "settled here", "other here"}) {
      start_only(*recorder, id);
      ASSERT_TRUE(recorder->log_output(id, {.output = "{}", .ply = as_bytes(id), .ply_file = {}}));
    }
    for (const std::string id : {"waiting", "settled here", "other here"}) {
      ASSERT_TRUE(recorder->finish(id));
    }
    ASSERT_TRUE(recorder->close());
  }
  put("there", "ply_files/pending/stray_0123456789abcdef.ply", "of no record");
  put("here", "generation_feedback.jsonl",
      feedback("settled here", "0.0", R"(, "ply": "removed")"));
  put("here", "generation_history.jsonl", line("other here", "2025-11-02T00:00:00Z"));
  EXPECT_EQ(import({.mode = RunMode::kDryRun}).num_files_copied, 1U);
  const ImportReport report = import();
  EXPECT_EQ(report.num_files_copied, 1U);
  EXPECT_EQ(report.num_files_unverified, 0U);
  EXPECT_EQ(count(report, NotTakenKind::kWaitingFile), 3U);
  EXPECT_EQ(count(report, NotTakenKind::kOpenGeneration), 1U);
  std::vector<std::string> reasons;
  for (const NotTaken& told : report.not_taken) {
    if (told.kind == NotTakenKind::kWaitingFile) reasons.push_back(told.detail);
  }
  EXPECT_EQ(reasons, (std::vector<std::string>{"no record that was taken has its hash",
                                               "its generation is open there",
                                               "no record that was taken has its hash"}));
  EXPECT_EQ(import().num_files_present, 1U);
  // Its feedback comes here now.
  const auto recorder = record();
  ASSERT_NE(recorder, nullptr);
  EXPECT_EQ(file_system_.list("/here/ply_files/pending")->size(), 1U);
  give_feedback(*recorder, "waiting", 0.9);
  ASSERT_TRUE(recorder->flush());
  EXPECT_TRUE(content("generation_feedback.jsonl")
                  .contains(R"("ply": "accepted", "ply_file_path": "ply_files/waiting_)"));
}

TEST_F(ImportOfAKilledRecorder, TakesAFolderThatHasNothingButAJournal) {
  {
    const auto recorder = record_there();
    ASSERT_NE(recorder, nullptr);
    finish(*recorder, "never derived");
    file_system_.kill();
  }
  static_cast<void>(file_system_.remove("/there/generation_history.jsonl"));
  EXPECT_EQ(import().num_imported, 1U);
  EXPECT_EQ(import().num_present, 1U);
}

TEST_F(ImportOfAKilledRecorder, TellsOfAJournalThatIsDamaged) {
  {
    const auto recorder = record_there();
    ASSERT_NE(recorder, nullptr);
    finish(*recorder, "first");
    finish(*recorder, "second");
    file_system_.kill();
  }
  const std::string name = "/there/journal/00000000000000000001.journal";
  std::string bytes = file_content(file_system_, name);
  bytes[bytes.size() / 3] = static_cast<char>(bytes[bytes.size() / 3] ^ 1);
  put_file(file_system_, name, bytes);
  const ImportReport report = import();
  EXPECT_EQ(count(report, NotTakenKind::kUnreadable), 1U);
  EXPECT_TRUE(content("generation_history.jsonl").contains("second"));
}

TEST_F(ImportOfAKilledRecorder, ReadsTheJournalOfOneThatIsAtWork) {
  const auto recorder = record_there();
  ASSERT_NE(recorder, nullptr);
  finish(*recorder, "just now");
  EXPECT_EQ(import().num_imported, 1U);
  ASSERT_TRUE(recorder->checkpoint());
  finish(*recorder, "later");
  const ImportReport again = import();
  EXPECT_EQ(again.num_imported, 1U);
  EXPECT_EQ(again.num_present, 1U);
}

}  // namespace
}  // namespace assay::history
