#include "record_files/line_reader.h"
#include "recorder/testing/recorder_fixture.h"
#include "records/known_generation.h"

#include <gtest/gtest.h>

#include <functional>
#include <map>

// Another program moves, replaces or cuts the files of a recorder that is at work: a script that
// rotates them, an editor, sed -i. What was acknowledged stands in a file, once, all the same.

namespace assay::recorder {
namespace {

constexpr std::string_view kHistory = "generation_history.jsonl";
constexpr std::string_view kMonth = "generation_history_2025-09.jsonl";

class RecorderReplacedTest : public testing::RecorderFixture {
 protected:
  /// How often each generation is in the files of the history.
  std::map<std::string, int> recorded() {
    std::map<std::string, int> found;
    for (const std::string& name : names("")) {
      if (!name.starts_with("generation_history")) continue;
      EXPECT_TRUE(record_files::read_lines(file_system_, std::filesystem::path("/data") / name,
                                           [&](std::string_view line) -> Status {
                                             const auto known =
                                                 records::known_generation_of_record(line);
                                             if (known) ++found[known->generation_id];
                                             return {};
                                           },
                                           {}));
    }
    return found;
  }
  void record(Recorder& recorder, const std::string& id) {
    ASSERT_TRUE(recorder.start(text_generation(id)));
    ASSERT_TRUE(recorder.finish(id));
  }
  void move(std::string_view from, std::string_view to) {
    const std::filesystem::path folder("/data");
    ASSERT_TRUE(file_system_.rename(folder / from, folder / to));
  }
  /// As sed -i and editors do: another file takes the name.
  void replace(std::string_view name, const std::string& text) {
    put("new", text);
    move("new", name);
  }

  /// `meanwhile` is done when "b" is written and "a" is behind a checkpoint.
  void expect_nothing_is_lost(const std::function<void()>& meanwhile,
                              const std::map<std::string, int>& expected) {
    {
      const auto recorder = open();
      record(*recorder, "a");
      ASSERT_TRUE(recorder->checkpoint());
      record(*recorder, "b");
      ASSERT_TRUE(recorder->flush());
      meanwhile();
      record(*recorder, "c");
      ASSERT_TRUE(recorder->flush());
      EXPECT_EQ(recorded(), expected) << "while it runs";
      record(*recorder, "d");
      ASSERT_TRUE(recorder->close());
    }
    auto with_last = expected;
    with_last["d"] = 1;
    EXPECT_EQ(recorded(), with_last) << "when it is closed";
    open()->close().value();
    EXPECT_EQ(recorded(), with_last) << "when it was opened again";
  }
};

TEST_F(RecorderReplacedTest, AFileThatIsMovedToAMonthIsFoundThere) {
  expect_nothing_is_lost([&] { move(kHistory, kMonth); }, {{"a", 1}, {"b", 1}, {"c", 1}});
}

TEST_F(RecorderReplacedTest, AFileThatIsMovedBeforeTheFirstCheckpointIsFoundThere) {
  const auto recorder = open();
  record(*recorder, "a");
  ASSERT_TRUE(recorder->flush());
  move(kHistory, kMonth);
  record(*recorder, "b");
  ASSERT_TRUE(recorder->close());
  EXPECT_EQ(recorded(), (std::map<std::string, int>{{"a", 1}, {"b", 1}}));
}

TEST_F(RecorderReplacedTest, OfARemovedFileWhatTheJournalHasIsWrittenAgain) {
  expect_nothing_is_lost(
      [&] { ASSERT_TRUE(file_system_.remove("/data/generation_history.jsonl")); },
      {{"b", 1}, {"c", 1}});
}

TEST_F(RecorderReplacedTest, ACopyThatLacksTheLastLineIsCompleted) {
  expect_nothing_is_lost(
      [&] {
        const std::string text = content(kHistory);
        replace(kHistory, text.substr(0, text.find('\n') + 1));
      },
      {{"a", 1}, {"b", 1}, {"c", 1}});
}

TEST_F(RecorderReplacedTest, ACopyWithAllLinesIsTakenAsItIs) {
  expect_nothing_is_lost([&] { replace(kHistory, content(kHistory)); },
                         {{"a", 1}, {"b", 1}, {"c", 1}});
}

TEST_F(RecorderReplacedTest, AFileThatIsEmptiedInItsPlaceIsCompleted) {
  expect_nothing_is_lost([&] { put(kHistory, ""); }, {{"b", 1}, {"c", 1}});
}

// Longer than it was, so that only its beginning tells.
TEST_F(RecorderReplacedTest, AFileThatIsWrittenAnewInItsPlaceIsCompletedAtTheCheckpoint) {
  const auto recorder = open();
  record(*recorder, "a");
  ASSERT_TRUE(recorder->checkpoint());
  record(*recorder, "b");
  ASSERT_TRUE(recorder->flush());
  put(kHistory, std::string(10'000, '\n'));
  record(*recorder, "c");
  ASSERT_TRUE(recorder->close());
  EXPECT_EQ(recorded(), (std::map<std::string, int>{{"b", 1}, {"c", 1}}));
}

TEST_F(RecorderReplacedTest, WhatIsOverwrittenAfterItWasCompletedIsCompletedAgain) {
  const auto recorder = open();
  record(*recorder, "a");
  ASSERT_TRUE(recorder->flush());
  put(kHistory, "");
  record(*recorder, "b");
  ASSERT_TRUE(recorder->flush());
  put(kHistory, std::string(10'000, '\n'));
  record(*recorder, "c");
  ASSERT_TRUE(recorder->close());
  EXPECT_EQ(recorded(), (std::map<std::string, int>{{"a", 1}, {"b", 1}, {"c", 1}}));
}

TEST_F(RecorderReplacedTest, FeedbackIsWrittenAgainToo) {
  const auto recorder = open();
  record(*recorder, "a");
  ASSERT_TRUE(recorder->log_feedback("a", score(0.5)));
  ASSERT_TRUE(recorder->flush());
  ASSERT_TRUE(file_system_.remove("/data/generation_feedback.jsonl"));
  ASSERT_TRUE(recorder->log_feedback("a", score(0.75)));
  ASSERT_TRUE(recorder->close());
  const std::string feedback = content("generation_feedback.jsonl");
  EXPECT_EQ(num_lines(feedback), 2U) << feedback;
  EXPECT_LT(feedback.find("0.5"), feedback.find("0.75"));
}

}  // namespace
}  // namespace assay::recorder
