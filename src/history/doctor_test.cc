#include "history/doctor.h"

#include "core/random.h"
#include "core/testing/fake_clock.h"
#include "crypto/digest.h"
#include "files/testing/hooked_file_system.h"
#include "files/testing/simulated_file_system.h"
#include "record_files/testing/sample_history.h"
#include "recorder/recorder.h"
#include "rotation/rotate.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>

namespace assay::history {
namespace {

using namespace record_files::testing;
using files::testing::HookedFileSystem;

std::string image_record(std::string_view id, std::string_view path, std::string_view content) {
  return record_line(
      id, "2025-11-01T00:00:00Z",
      fmt::format(R"(, "task": {{"image_file_path": "{}", "base64_image_hash": "sha256:{}"}})",
                  path, crypto::sha256(content).to_hex()));
}

class DoctorTest : public ::testing::Test {
 protected:
  void put(const std::string& name, std::string_view content) {
    put_file(file_system_, "/data/" + name, content);
  }
  DoctorReport run(const DoctorOptions& options = {}) {
    auto report = examine(file_system_, "/data", options, {});
    EXPECT_TRUE(report) << report.error().message;
    return report ? *report : DoctorReport();
  }
  static std::uint64_t count(const DoctorReport& report, FindingKind kind) {
    return report.counts[static_cast<std::size_t>(kind)];
  }
  files::testing::SimulatedFileSystem file_system_;
};

TEST_F(DoctorTest, FindsNothingWrongWithAGoodFolder) {
  put("images/a.png", "image a");
  put("generation_history.jsonl", image_record("a", "images/a.png", "image a") + "\n");
  const DoctorReport report = run();
  EXPECT_EQ(report.num_findings(), 0U) << to_text(report);
  EXPECT_EQ(report.num_records, 1U);
  EXPECT_EQ(report.num_hashed, 1U);
  EXPECT_EQ(file_system_.list("/data").value().size(), 2U) << "the probe is gone";
}

TEST_F(DoctorTest, TellsMissingAndWrongAndUnnamedFilesApart) {
  put("images/a.png", "image A");
  put("images/c.png", "nobody's");
  put("ply_files/pending/x.ply", "waits");
  put("generation_history.jsonl", image_record("a", "images/a.png", "image a") + "\n" +
                                      image_record("b", "images/b.png", "image b") + "\n" +
                                      image_record("d", "../../etc/passwd", "x") + "\n");
  const DoctorReport report = run();
  EXPECT_EQ(count(report, FindingKind::kWrongContent), 1U);
  EXPECT_EQ(count(report, FindingKind::kMissingFile), 1U);
  EXPECT_EQ(count(report, FindingKind::kUnnamedFile), 1U);
  EXPECT_EQ(count(report, FindingKind::kUnsafePath), 1U);
  EXPECT_EQ(report.num_findings(), 4U) << to_text(report);
  EXPECT_EQ(report.findings.front().path, "images/b.png");
  EXPECT_EQ(report.findings.front().detail, "b");
  EXPECT_EQ(count(run({.contents = DoctorOptions::Contents::kTrust}), FindingKind::kWrongContent),
            0U);
}

TEST_F(DoctorTest, TellsWhatTheJournalLost) {
  put("generation_history.jsonl", record_line("a", "2025-11-01T00:00:00Z") + "\n");
  put("journal/quarantine/x.journal.0", "damaged bytes");
  put("journal/quarantine/x.journal.0.json",
      R"({"format": "assay-journal-damage", "format_version": 1, "segment": "x.journal", )"
      R"("reason": "the record at byte 7 is damaged", "records_salvaged": 4, "lost": )"
      R"([{"first_sequence": 3, "last_sequence": 5, "at_least": 3, "at_most": 3}]})");
  put("journal/quarantine/y.json", "junk");
  const DoctorReport report = run();
  EXPECT_EQ(count(report, FindingKind::kDamagedJournal), 2U) << to_text(report);
  EXPECT_EQ(report.findings[0].path, "journal/quarantine/x.journal.0.json");
  EXPECT_EQ(report.findings[0].detail, "events 3 to 5 are lost: the record at byte 7 is damaged");
  EXPECT_EQ(report.findings[1].detail, "a note that cannot be read");
}

TEST_F(DoctorTest, LateFeedbackAndOpenGenerationsNameFilesToo) {
  put("ply_files/a.ply", "splats");
  put("images/open.png", "image");
  put("generation_history.jsonl", record_line("a", "2025-11-01T00:00:00Z") + "\n");
  put("generation_feedback.jsonl",
      fmt::format(
          R"({{"generation_id": "a", "ply": "accepted", "ply_file_path": "ply_files/a.ply", )"
          R"("ply_file_hash": "sha256:{}"}})"
          "\n",
          crypto::sha256("other splats").to_hex()));
  put("pending_generations.json",
      "{\"b\": " + image_record("b", "images/open.png", "image") +
          R"(, "c": {"generation": {"output": {"rejected_sample_path": )"
          R"("ply_files/rejected_samples/c.ply", "rejected_sample_hash": "sha256:)" +
          crypto::sha256("sample").to_hex() + "\"}}}}\n");
  put("ply_files/rejected_samples/c.ply", "sample");
  const DoctorReport report = run();
  EXPECT_EQ(count(report, FindingKind::kUnnamedFile), 0U) << to_text(report);
  EXPECT_EQ(count(report, FindingKind::kWrongContent), 1U);
  EXPECT_EQ(report.num_findings(), 1U);
  EXPECT_EQ(report.num_hashed, 3U);
}

TEST_F(DoctorTest, FindsBadLinesWrongMonthsAndRepeatedIds) {
  const std::string record = record_line("a", "2025-10-01T00:00:00Z");
  put("generation_history_2025-10.jsonl", record + "\n" + record_line("b", "2025-11-02T00:00:00Z"));
  put("generation_history.jsonl", record + "\n{\"cut\n\n");
  put("archive/generation_history_2025-01.jsonl.gz", "broken");
  put("x.tmp", "half");
  put("quarantine/event-7.0", "no event");
  const DoctorReport report = run();
  EXPECT_EQ(count(report, FindingKind::kBadLine), 1U);
  EXPECT_EQ(count(report, FindingKind::kWrongMonth), 1U);
  EXPECT_EQ(count(report, FindingKind::kRepeatedId), 1U);
  EXPECT_EQ(count(report, FindingKind::kUnreadable), 1U);
  EXPECT_EQ(count(report, FindingKind::kLeftover), 1U);
  EXPECT_EQ(count(report, FindingKind::kSetAside), 1U);
  EXPECT_EQ(report.num_findings(), 6U) << to_text(report);
}

TEST_F(DoctorTest, ARotationBesideItHidesNoRecord) {
  const auto now = parse_timestamp("2025-11-15T12:00:00Z").value();
  for (std::uint64_t at = 1; at <= 30; ++at) {
    files::testing::SimulatedFileSystem file_system;
    std::string current;
    for (int i = 0; i < 12; ++i) {
      const std::string name = fmt::format("images/{}.png", i);
      put_file(file_system, "/data/" + name, name);
      const std::string month = fmt::format("2025-{:02}", i < 4 ? 6 + i : 2 + (i % 10));
      std::string line = image_record(std::to_string(i), name, name) + "\n";
      line.replace(line.find("2025-11"), 7, month);
      if (i < 4) {
        put_file(file_system, "/data/generation_history_" + month + ".jsonl", line);
      } else {
        current += line;
      }
    }
    put_file(file_system, "/data/generation_history.jsonl", current);
    HookedFileSystem hooked(file_system, [&](std::uint64_t call) -> Status {
      if (call == at) {
        EXPECT_TRUE(rotation::rotate_locked(file_system, "/data", now, {}, {}));
      }
      return {};
    });
    const auto report = examine(hooked, "/data", {}, {});
    ASSERT_TRUE(report);
    // One that moved may be met in both places.
    EXPECT_EQ(report->num_findings(), count(*report, FindingKind::kRepeatedId))
        << "at call " << at << "\n"
        << to_text(*report);
  }
}

TEST_F(DoctorTest, TellsLowSpaceAndFilesNotStoredByChoice) {
  put("generation_history.jsonl",
      record_line("a", "2025-10-01T00:00:00Z",
                  R"(, "task": {"image_file_path": null, "base64_image_hash": "sha256:00"})") +
          "\n");
  const DoctorReport report =
      run({.disk = DiskSpace{.capacity = ByteCount(1000), .available = ByteCount(199)}});
  EXPECT_EQ(count(report, FindingKind::kLowSpace), 1U);
  EXPECT_EQ(report.num_not_stored, 1U);
  EXPECT_EQ(report.num_findings(), 1U);
  EXPECT_EQ(run({.disk = DiskSpace{.capacity = ByteCount(1000), .available = ByteCount(200)}})
                .num_findings(),
            0U);
}

// One that waits, one whose bytes are gone, one that the miner chose not to store.
TEST_F(DoctorTest, FindsPlyBytesThatWaitedAndAreLost) {
  assay::testing::FakeClock clock;
  SeededRandom random(1);
  recorder::RecorderOptions options;
  options.derive_interval = std::chrono::milliseconds(0);
  options.hand_over = recorder::HandOver::kNever;
  const auto record = [&](const std::string& id, bool stores) {
    options.stores_ply_files = stores;
    const auto recorder = recorder::Recorder::open(file_system_, clock, random, "/data", options);
    ASSERT_TRUE(recorder);
    recorder::NewGeneration generation;
    generation.generation_id = id;
    ASSERT_TRUE((*recorder)->start(generation));
    ASSERT_TRUE((*recorder)->log_output(id, {.output = "{}", .ply = as_bytes(id), .ply_file = {}}));
    ASSERT_TRUE((*recorder)->finish(id));
    if (id != "killed") return;
    file_system_.kill();
  };
  record("by_choice", false);
  record("waits", true);
  record("gone", true);
  record("killed", true);
  const auto names = file_system_.list("/data/ply_files/pending").value();
  for (const std::string& name : names) {
    if (name.starts_with("waits")) continue;
    ASSERT_TRUE(file_system_.remove("/data/ply_files/pending/" + name));
  }
  const DoctorReport report = run();
  ASSERT_EQ(count(report, FindingKind::kMissingFile), 2U) << to_text(report);
  EXPECT_EQ(count(report, FindingKind::kWaitingEvents), 1U) << "of the one that was killed";
  EXPECT_EQ(report.findings[1].detail, "gone");
  EXPECT_EQ(report.findings[2].detail, "killed");
  EXPECT_EQ(report.num_files, 3U);
  EXPECT_EQ(report.num_not_stored, 1U) << "what waits is stored, and what is gone was";
  EXPECT_EQ(report.num_hashed, 1U) << "the bytes that wait are compared too";
}

// The recorder remembers the newest two: of what it has forgotten nobody knows whether it waited.
TEST_F(DoctorTest, FindsLostPlyBytesOfEveryGenerationThatWaits) {
  assay::testing::FakeClock clock;
  SeededRandom random(1);
  recorder::RecorderOptions options;
  options.derive_interval = std::chrono::milliseconds(0);
  options.hand_over = recorder::HandOver::kNever;
  options.table.max_remembered = 2;
  const auto record = [&](const std::vector<std::string>& ids) {
    const auto recorder = recorder::Recorder::open(file_system_, clock, random, "/data", options);
    ASSERT_TRUE(recorder);
    for (const std::string& id : ids) {
      recorder::NewGeneration generation;
      generation.generation_id = id;
      ASSERT_TRUE((*recorder)->start(generation));
      ASSERT_TRUE(
          (*recorder)->log_output(id, {.output = "{}", .ply = as_bytes(id), .ply_file = {}}));
      ASSERT_TRUE((*recorder)->finish(id));
    }
    ASSERT_TRUE((*recorder)->close());
  };
  record({"a", "b"});
  record({"c"});
  const auto names = file_system_.list("/data/ply_files/pending").value();
  for (const std::string& name : names) {
    ASSERT_TRUE(file_system_.remove("/data/ply_files/pending/" + name));
  }
  const DoctorReport report = run();
  EXPECT_EQ(count(report, FindingKind::kMissingFile), 3U);
  EXPECT_EQ(report.num_remembered, 3U);
  EXPECT_EQ(report.num_not_remembered, 0U);
  EXPECT_FALSE(to_text(report).contains("it cannot be told"));
}

TEST(DoctorText, SaysOfHowManyItCannotTellWhetherTheirPlyBytesAreLost) {
  DoctorReport report;
  report.num_remembered = 2;
  report.num_not_remembered = 1;
  EXPECT_TRUE(
      to_text(report).contains("gone were looked for in the newest 2 finished generations; of 1 "
                               "older one it cannot be told"))
      << to_text(report);
  EXPECT_TRUE(to_json(report).contains(R"("not_remembered": 1)"));
}

TEST_F(DoctorTest, CountsWhatItDoesNotList) {
  std::string lines;
  for (int i = 0; i < 30; ++i) lines += "junk " + std::to_string(i) + "\n";
  put("generation_history.jsonl", lines);
  const DoctorReport report = run({.max_listed = 5});
  EXPECT_EQ(report.num_findings(), 30U);
  EXPECT_EQ(report.findings.size(), 5U);
  EXPECT_NE(to_text(report).find("and 25 more"), std::string::npos) << to_text(report);
}

}  // namespace
}  // namespace assay::history
