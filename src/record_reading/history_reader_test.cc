#include "record_reading/history_reader.h"

#include "compress/stream.h"
#include "core/check.h"
#include "core/testing/stopped_token.h"
#include "files/testing/temporary_folder.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace assay::record_reading {
namespace {

using files::testing::TemporaryFolder;

std::string record(std::string_view id, std::string_view time, std::string_view score = "null") {
  return fmt::format(
      R"({{"metadata": {{"generation_id": "{}", "timestamp": "{}", "validator_uid": null}}, )"
      R"("task": {{}}, "miner_config": {{}}, "generation": {{"output": {{"num_gaussians": 7}}}}, )"
      R"("validator_feedback": {{"received": false, "score": {}}}, "failure_analysis": {{}}}})"
      "\n",
      id, time, score);
}

class History : public ::testing::Test {
 protected:
  void write(const std::filesystem::path& name, std::string_view text) {
    std::filesystem::create_directories((folder_.path() / name).parent_path());
    std::ofstream(folder_.path() / name, std::ios::binary) << text;
  }

  /// The ids in the order of their ordinals, each with its score when there is one.
  std::string read(const ReadOptions& options = {}) {
    std::mutex mutex;
    auto& found = found_;
    found.clear();
    auto counts = read_history(
        files::posix_file_system(), folder_.path(), options,
        [&](const records::RecordView& view, unsigned worker, std::uint64_t ordinal) -> Status {
          EXPECT_LT(worker, options.num_threads);
          std::string text(view[records::RecordField::kGenerationId].text);
          if (view[records::RecordField::kScore].is_number()) {
            text += fmt::format("={}", view[records::RecordField::kScore].number);
          }
          const std::scoped_lock lock(mutex);
          EXPECT_TRUE(found.emplace(ordinal, text).second);
          return {};
        },
        {});
    if (!counts) return counts.error().message;
    counts_ = *counts;
    std::string ids;
    for (const auto& [ordinal, text] : found) ids += (ids.empty() ? "" : " ") + text;
    return ids;
  }

  void forget() { found_.clear(); }

  const LineCounts& counts() const { return counts_; }
  const std::filesystem::path& folder() const { return folder_.path(); }

 private:
  TemporaryFolder folder_;
  LineCounts counts_;
  std::set<std::pair<std::uint64_t, std::string>> found_;
};

TEST_F(History, ReadsMonthsBeforeTheCurrentFileAndArchivesToo) {
  write("generation_history.jsonl", record("c", "2025-11-02T00:00:00+00:00", "0.5"));
  write("generation_history_2025-10.jsonl", record("b", "2025-10-02T00:00:00+00:00"));
  write("archive/generation_history_2025-03.jsonl", record("a", "2025-03-02T00:00:00+00:00"));
  EXPECT_EQ(read(), "a b c=0.5");
  EXPECT_EQ(counts().num_records, 3);
  EXPECT_EQ(counts().num_missing_section, 0);
}

// Ids are looked at before their line is read: what the line says then counts all the same.
TEST_F(History, TakesTheIdThatTheWholeLineGives) {
  const std::string one = "abcdef01-2345-4789-a123-abcdefabcdef";
  const std::string other = "bbcdef01-2345-4789-a123-abcdefabcdef";
  const std::string escaped = "\\u0062bcdef01-2345-4789-a123-abcdefabcdef";
  write("generation_history.jsonl",
        fmt::format(R"({{"metadata": {{"generation_id": "{}", "generation_id": "{}"}}}})"
                    "\n",
                    one, other) +
            record(one, "2025-11-01T00:00:00Z") +
            fmt::format(R"({{"metadata": {{"generation_id": "{}", "x": 1}}, "metadata": 7}})"
                        "\n",
                        other) +
            fmt::format(R"({{"metadata": {{"generation_id": "{}"}}, "metadata": )"
                        R"({{"generation_id": "{}"}}}})",
                        one, escaped));
  EXPECT_EQ(read({.num_threads = 1}), other + " " + one + " ");
  EXPECT_EQ(counts().num_records, 3);
  EXPECT_EQ(counts().num_duplicate, 1);
  EXPECT_EQ(read({.num_threads = 2}), other + " " + one + " ");
}

TEST_F(History, ReadsCompressedMonths) {
  std::string text;
  for (int i = 0; i < 20'000; ++i) text += record(fmt::format("{}", i), "2025-03-02T00:00:00Z");
  write("archive/generation_history_2025-03.jsonl.gz",
        *compress::compress(compress::Format::kGzip, text));
  write("archive/generation_history_2025-04.jsonl.zst",
        *compress::compress(compress::Format::kZstd, record("b", "2025-04-02T00:00:00Z")));
  write("generation_history_2025-04.jsonl", record("b", "2025-04-02T00:00:00Z"));
  EXPECT_TRUE(read().ends_with(" 19998 19999 b"));
  EXPECT_EQ(counts().num_records, 20'001);
  EXPECT_EQ(counts().num_duplicate, 1);
}

TEST_F(History, SaysWhichCompressedFileIsBroken) {
  const std::string whole =
      *compress::compress(compress::Format::kGzip, record("a", "2025-03-02T00:00:00Z"));
  const auto path = folder() / "generation_history_2025-03.jsonl.gz";
  write(path.filename(), whole.substr(0, whole.size() - 9));
  const std::string message = read({.num_threads = 2});
  EXPECT_TRUE(message.starts_with(path.native() + ": ")) << message;
  EXPECT_TRUE(message.ends_with("; restore this file from a backup, or move it out of the folder"))
      << message;
}

TEST_F(History, LeavesFilesOfOtherNamesAlone) {
  write("generation_history.jsonl", record("a", "2025-11-02T00:00:00+00:00"));
  for (const std::string_view name :
       {"generation_history_2025-13.jsonl", "generation_history_x.jsonl",
        "generation_history.jsonl.tmp", "generation_history_2025-10.jsonl.bz2",
        "generation_history.jsonl.gz", "miner_config_history.jsonl", "xgeneration_history.jsonl"}) {
    write(name, "broken\n");
  }
  std::filesystem::create_directory(folder() / "generation_history_2025-09.jsonl");
  EXPECT_EQ(read(), "a");
  EXPECT_EQ(counts().num_lost(), 0);
}

TEST_F(History, PassesOverALinkThatLeadsNowhere) {
  write("generation_history.jsonl", record("a", "2025-11-02T00:00:00+00:00"));
  std::filesystem::create_symlink("absent", folder() / "generation_history_2025-10.jsonl");
  EXPECT_EQ(read(), "a");
}

TEST_F(History, SaysWhatIsNotThere) {
  EXPECT_EQ(read(), folder().native() +
                        ": no history in this folder: expected generation_history.jsonl, or "
                        "generation_history_YYYY-MM.jsonl here or in archive/");
  const auto counts = read_history(files::posix_file_system(), folder() / "none", {},
                                   [](const auto&...) -> Status { return {}; }, {});
  EXPECT_EQ(counts.error().code, ErrorCode::kNotFound);
  EXPECT_EQ(counts.error().message,
            (folder() / "none").native() + ": no such folder: expected the data folder of a miner");
}

TEST_F(History, CountsWhatIsWrongWithLinesByKind) {
  write("generation_history.jsonl",
        record("a", "2025-11-02T00:00:00") + "\n" + "{broken\n" + "\"\xff\"\n" + "12\n" +
            record("b", "yesterday") + record("nan", "2025-11-02T00:00:00Z", "NaN") +
            record("big", "2025-11-02T00:00:00Z", "123456789012345678901") +
            record("\\ud800", "2025-11-02T00:00:00Z") + "{\"metadata\": null}\n" + "{}");
  EXPECT_EQ(read(), "a b nan=nan big=1.2345678901234568e+20 \xed\xa0\x80  ");
  EXPECT_EQ(counts().num_records, 7);
  EXPECT_EQ(counts().num_blank, 1);
  EXPECT_EQ(counts().num_bad_json, 1);
  EXPECT_EQ(counts().num_bad_utf8, 1);
  EXPECT_EQ(counts().num_no_object, 1);
  EXPECT_EQ(counts().num_lost(), 3);
  EXPECT_EQ(counts().num_no_offset, 1);
  EXPECT_EQ(counts().num_bad_timestamp, 3);
  EXPECT_EQ(counts().num_nan, 1);
  EXPECT_EQ(counts().num_big_integer, 1);
  EXPECT_EQ(counts().num_lone_surrogate, 1);
  EXPECT_EQ(counts().num_missing_section, 2);
}

TEST_F(History, TakesTheFirstOfTwoRecordsOfOneIdWhenItCannotStartOver) {
  write("generation_history_2025-10.jsonl", record("a", "2025-10-02T00:00:00Z", "0.1"));
  write("generation_history.jsonl", record("a", "2025-10-02T00:00:00Z", "0.2") +
                                        record("b", "2025-11-02T00:00:00Z", "0.3") +
                                        record("b", "2025-11-02T00:00:00Z", "0.4"));
  EXPECT_EQ(read(), "a=0.1 b=0.3");
  EXPECT_EQ(counts().num_duplicate, 2);
}

TEST_F(History, TakesTheLastOfAllFilesAtAnyNumberOfThreads) {
  // Far apart, so that several threads are at work on both; and before in another month.
  std::string text;
  std::string before;
  for (int i = 0; i < 9'000; ++i) {
    text += record(fmt::format("id {}", i % 6'000), "2025-11-02T00:00:00Z", fmt::to_string(i));
    before += record(fmt::format("id {}", i), "2025-11-02T00:00:00Z", "0.5");
  }
  write("generation_history.jsonl", text);
  write("archive/generation_history_2025-09.jsonl", before);
  write("generation_history_2025-10.jsonl", record("id 7", "2025-11-02T00:00:00Z", "1"));
  std::string expected;
  for (int i = 6'000; i < 9'000; ++i) expected += fmt::format("id {}=0.5 ", i);
  for (int i = 3'000; i < 9'000; ++i) {
    expected += fmt::format("{}id {}={}", i == 3'000 ? "" : " ", i % 6'000, i);
  }
  for (const unsigned num_threads : {1U, 2U, 7U}) {
    EXPECT_TRUE(read({.num_threads = num_threads, .start_over = [this] { forget(); }}) == expected)
        << num_threads;
    EXPECT_EQ(counts().num_records, 9'000);
    EXPECT_EQ(counts().num_duplicate, 9'001);
  }
}

TEST_F(History, KeepsRecordsWithoutAnId) {
  write("generation_history.jsonl", "{}\n{}\n");
  EXPECT_EQ(read(), "");
  EXPECT_EQ(counts().num_records, 2);
}

TEST_F(History, LeavesOutWhatIsBeforeTheWindow) {
  write("generation_history.jsonl", record("old", "2025-11-01T23:59:59.999999Z") +
                                        record("new", "2025-11-02T01:00:00+01:00") +
                                        record("none", "someday"));
  EXPECT_EQ(read({.since = *parse_timestamp("2025-11-02")}), "new");
  EXPECT_EQ(counts().num_records, 1);
  EXPECT_EQ(counts().num_outside, 2);
}

TEST_F(History, DoesNotOpenMonthsThatEndedLongBeforeTheWindow) {
  // Older rotations put records of September into the file of August.
  write("generation_history_2025-06.jsonl", "broken\n");
  write("generation_history_2025-08.jsonl", record("a", "2025-10-02T00:00:00Z"));
  EXPECT_EQ(read({.since = *parse_timestamp("2025-10-02")}), "a");
  EXPECT_EQ(counts().num_lost(), 0);
}

TEST_F(History, MergesFeedbackThatCameLate) {
  write("generation_history.jsonl", record("a", "2025-11-02T00:00:00Z") +
                                        record("b", "2025-11-02T00:00:00Z", "0.25") +
                                        record("c", "2025-11-02T00:00:00Z", "0.5"));
  write("generation_feedback.jsonl",
        "{\"generation_id\": \"a\", \"score\": 0.1}\nbroken\n"
        "{\"generation_id\": \"b\", \"score\": null}\n"
        "{\"generation_id\": \"a\", \"score\": 0.75, \"accepted\": true, \"feedback_time\": \"t\", "
        "\"validator_uid\": 5, \"validator_hotkey\": \"k\\u0041\"}");
  EXPECT_EQ(read(), "a=0.75 b c=0.5");
  EXPECT_EQ(counts().num_late_feedback, 2);
  bool is_seen = false;
  const auto counts =
      read_history(files::posix_file_system(), folder(), {},
                   [&](const records::RecordView& view, unsigned, std::uint64_t) -> Status {
                     if (view[records::RecordField::kGenerationId].text != "a") return {};
                     is_seen = true;
                     EXPECT_TRUE(view[records::RecordField::kReceived].boolean);
                     EXPECT_TRUE(view[records::RecordField::kAccepted].boolean);
                     EXPECT_EQ(view[records::RecordField::kFeedbackTime].text, "t");
                     EXPECT_EQ(view[records::RecordField::kValidatorUid].integer, 5);
                     EXPECT_EQ(view[records::RecordField::kValidatorHotkey].text, "kA");
                     EXPECT_EQ(view[records::RecordField::kNumGaussians].integer, 7);
                     return {};
                   },
                   {});
  EXPECT_TRUE(counts && is_seen);
}

TEST_F(History, AnEmptyHotkeyInLateFeedbackNamesNobody) {
  write("generation_history.jsonl",
        R"({"metadata": {"generation_id": "a", "validator_hotkey": "5F"}})");
  write("generation_feedback.jsonl",
        R"({"generation_id": "a", "score": 0.75, "validator_hotkey": ""})");
  std::string hotkey;
  const auto counts = read_history(files::posix_file_system(), folder(), {},
                                   [&](const records::RecordView& view, unsigned, std::uint64_t) {
                                     hotkey = view[records::RecordField::kValidatorHotkey].text;
                                     return Status();
                                   },
                                   {});
  EXPECT_TRUE(counts);
  EXPECT_EQ(hotkey, "5F");
}

TEST_F(History, MergesWhereThePlyFileWent) {
  write("generation_history.jsonl", record("a", "2025-11-02T00:00:00Z", "0.5"));
  write("generation_feedback.jsonl",
        "{\"generation_id\": \"a\", \"ply\": \"accepted\", \"ply_file_path\": "
        "\"ply_files/a.ply\"}\n");
  bool is_seen = false;
  const auto counts =
      read_history(files::posix_file_system(), folder(), {},
                   [&](const records::RecordView& view, unsigned, std::uint64_t) -> Status {
                     is_seen = true;
                     EXPECT_EQ(view[records::RecordField::kPlyFilePath].text, "ply_files/a.ply");
                     EXPECT_EQ(view[records::RecordField::kScore].number, 0.5);
                     EXPECT_FALSE(view[records::RecordField::kReceived].boolean);
                     return {};
                   },
                   {});
  EXPECT_TRUE(counts && is_seen);
  EXPECT_EQ(counts->num_late_feedback, 0);
}

TEST_F(History, GivesTheSameWithSeveralThreads) {
  std::string text;
  for (int i = 0; i < 30'000; ++i) {
    text += record(fmt::format("id {}", i), "2025-11-02T00:00:00Z", fmt::format("0.{}", i));
    if (i % 1000 == 0) text += "broken\n";
  }
  write("generation_history_2025-10.jsonl", text);
  write("generation_history_2025-11.jsonl", record("id 5", "2025-11-02T00:00:00Z", "9"));
  write("generation_history.jsonl", text + record("last", "2025-11-02T00:00:00Z"));
  const std::string expected = read();
  const LineCounts expected_counts = counts();
  EXPECT_EQ(expected_counts.num_records, 30'001);
  for (const unsigned num_threads : {2U, 5U}) {
    EXPECT_TRUE(read({.num_threads = num_threads}) == expected);
    EXPECT_EQ(counts().num_records, expected_counts.num_records);
    EXPECT_EQ(counts().num_duplicate, expected_counts.num_duplicate);
    EXPECT_EQ(counts().num_bad_json, 60);
  }
}

TEST_F(History, ReadsOnlyTheFieldsThatAreAskedFor) {
  write("generation_history.jsonl", record("a", "2025-11-02T00:00:00Z", "0.5"));
  const auto counts =
      read_history(files::posix_file_system(), folder(), {.fields = {records::RecordField::kScore}},
                   [](const records::RecordView& view, unsigned, std::uint64_t) -> Status {
                     EXPECT_EQ(view[records::RecordField::kScore].number, 0.5);
                     EXPECT_FALSE(view[records::RecordField::kNumGaussians].is_present());
                     EXPECT_EQ(view.time, *parse_timestamp("2025-11-02"));
                     return {};
                   },
                   {});
  EXPECT_EQ(counts->num_missing_section, 0);
}

TEST_F(History, EndsWithTheErrorOfTheCallee) {
  std::string text;
  for (int i = 0; i < 30'000; ++i) text += record(fmt::format("{}", i), "2025-11-02T00:00:00Z");
  write("generation_history.jsonl", text);
  for (const unsigned num_threads : {1U, 3U}) {
    const auto counts =
        read_history(files::posix_file_system(), folder(), {.num_threads = num_threads},
                     [](const records::RecordView&, unsigned, std::uint64_t ordinal) -> Status {
                       if (ordinal > 5'000'000) return no_space("full");
                       return {};
                     },
                     {});
    EXPECT_EQ(counts.error().message, "full");
  }
}

TEST_F(History, StopsWhenAsked) {
  write("generation_history.jsonl", record("a", "2025-11-02T00:00:00Z"));
  const auto counts = read_history(
      files::posix_file_system(), folder(), {}, [](const auto&...) -> Status { return {}; },
      assay::testing::stopped_token());
  EXPECT_EQ(counts.error().code, ErrorCode::kCancelled);
}

}  // namespace
}  // namespace assay::record_reading
