#include "history/backup.h"

#include "core/testing/fake_clock.h"
#include "files/testing/hooked_file_system.h"
#include "files/testing/simulated_file_system.h"
#include "history/backup_manifest_internal.h"
#include "record_files/testing/sample_history.h"
#include "rotation/rotate.h"
#include "storage/open_store.h"
#include "storage/testing/memory_object_store.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace assay::history {
namespace {

using namespace record_files::testing;
using files::testing::HookedFileSystem;
using files::testing::SimulatedFileSystem;

/// Refuses after so many puts, and counts them.
class LimitedStore final : public storage::ObjectStore {
 public:
  explicit LimitedStore(storage::ObjectStore& inner) : inner_(inner) {}

  const std::string& name() const override { return inner_.name(); }
  Result<std::unique_ptr<files::ByteSource>> open(std::string_view key) override {
    return inner_.open(key);
  }
  Result<std::optional<storage::ObjectInfo>> info(std::string_view key) override {
    return inner_.info(key);
  }
  Status list(std::string_view prefix, const OnPage& on_page, std::stop_token stop) override {
    return inner_.list(prefix, on_page, std::move(stop));
  }
  Status put(std::string_view key, std::span<const std::byte> content) override {
    if (num_puts >= max_puts) return unavailable("the store is gone");
    ++num_puts;
    return inner_.put(key, content);
  }
  Status remove(std::string_view key) override { return inner_.remove(key); }

  std::atomic<int> num_puts = 0;
  std::atomic<int> max_puts = 1'000'000;

 private:
  storage::ObjectStore& inner_;
};

class BackupTest : public ::testing::Test {
 protected:
  void SetUp() override {
    put("generation_history.jsonl", record_line("a", "2025-11-01T00:00:00Z") + "\n");
    put("generation_history_2025-10.jsonl", record_line("b", "2025-10-01T00:00:00Z") + "\n");
    put("images/0123456789abcdef.png", "an image");
    put("ply_files/a_0123456789abcdef.ply", std::string(100'000, 'p'));
    put("ply_files/empty.ply", "");
    put("ply_files/half.tmp", "half");
    put(".generation_history.jsonl.tmp-0", "half");
  }
  void put(const std::string& name, std::string_view content) {
    put_file(file_system_, "/data/" + name, content);
  }
  BackupReport back_up(const BackupOptions& options = {}) {
    auto report = backup(file_system_, "/data", place_, clock_, options, {});
    EXPECT_TRUE(report) << report.error().message;
    return report ? *report : BackupReport();
  }
  RestoreReport bring_back(const RestoreOptions& options = {}) {
    auto report = restore(restored_, place_, "/new", options, {});
    EXPECT_TRUE(report) << report.error().message;
    return report ? *report : RestoreReport();
  }
  void expect_restored(const std::string& name) {
    EXPECT_EQ(restored_.content("/new/" + name), file_system_.content("/data/" + name)) << name;
  }
  std::vector<std::string> keys() {
    std::vector<std::string> found;
    EXPECT_TRUE(memory_.list("",
                             [&](std::span<const storage::ObjectInfo> page) -> Status {
                               for (const auto& object : page) found.push_back(object.key);
                               return {};
                             },
                             {}));
    std::ranges::sort(found);
    return found;
  }
  bool has_key(const std::string& key) { return memory_.info(key).value().has_value(); }

  SimulatedFileSystem file_system_;
  SimulatedFileSystem restored_;
  storage::testing::MemoryObjectStore memory_{"memory"};
  LimitedStore store_{memory_};
  BackupPlace place_{.store = &store_, .prefix = "miner"};
  assay::testing::FakeClock clock_{parse_timestamp("2025-11-15T12:00:00Z").value()};
};

TEST_F(BackupTest, SendsAgainWhatTheStoreHasLost) {
  back_up();
  const std::string image = "miner/2025-11/images/0123456789abcdef.png";
  const std::string ply = "miner/2025-11/ply_files/a_0123456789abcdef.ply";
  ASSERT_TRUE(store_.remove(image));
  ASSERT_TRUE(store_.put(ply, as_bytes("cut")));
  clock_.advance(std::chrono::hours(24 * 31));
  EXPECT_EQ(back_up({.mode = RunMode::kDryRun}).num_sent, 2U);
  const BackupReport report = back_up();
  EXPECT_EQ(report.num_lost, 2U);
  EXPECT_EQ(report.num_sent, 2U);
  EXPECT_TRUE(has_key(image)) << "in its old place, so that the older backup is whole again";
  EXPECT_EQ(memory_.info(ply).value()->size, ByteCount(3)) << "nothing is replaced";
  EXPECT_EQ(bring_back().num_restored, 5U);
  expect_restored("images/0123456789abcdef.png");
  expect_restored("ply_files/a_0123456789abcdef.ply");
  clock_.advance(std::chrono::hours(24));
  const BackupReport again = back_up();
  EXPECT_EQ(again.num_sent, 0U);
  EXPECT_EQ(again.num_lost, 0U);
  EXPECT_EQ(again.id, report.id);
}

TEST_F(BackupTest, ADryRestoreWithACheckReadsEveryObject) {
  back_up();
  ASSERT_TRUE(store_.remove("miner/2025-11/images/0123456789abcdef.png"));
  ASSERT_TRUE(store_.put("miner/2025-11/ply_files/a_0123456789abcdef.ply",
                         as_bytes(std::string(100'000, 'q'))));
  const RestoreOptions options{.mode = RunMode::kDryRun, .check = RestoreOptions::Check::kReadBack};
  const RestoreReport report = bring_back(options);
  EXPECT_EQ(report.num_verified, 3U);
  ASSERT_EQ(report.problems.size(), 2U) << to_text(report, options);
  EXPECT_EQ(report.problems[0].path, "images/0123456789abcdef.png");
  EXPECT_EQ(report.problems[1].path, "ply_files/a_0123456789abcdef.ply");
  EXPECT_FALSE(restored_.info("/new").value()) << "nothing was written";
}

TEST_F(BackupTest, SendsOneContentOnceHoweverManyFilesHaveIt) {
  for (int i = 0; i < 40; ++i) {
    put("images/same_" + std::to_string(i) + ".png", std::string(200'000, 's'));
  }
  const std::uint64_t expected = back_up({.mode = RunMode::kDryRun, .num_workers = 8}).num_sent;
  EXPECT_EQ(expected, 5U);
  EXPECT_EQ(back_up({.num_workers = 8}).num_sent, expected);
}

TEST_F(BackupTest, BringsEveryFileBackButTemporaries) {
  const BackupReport report = back_up();
  EXPECT_EQ(report.num_files, 5U);
  EXPECT_EQ(report.num_sent, 4U) << "an empty file needs no object";
  EXPECT_TRUE(has_key("miner/2025-11/generation_history.jsonl"));
  EXPECT_TRUE(has_key("miner/2025-11/images/0123456789abcdef.png"));
  EXPECT_FALSE(has_key("miner/2025-11/ply_files/half.tmp"));
  const RestoreReport restored = bring_back({.check = RestoreOptions::Check::kReadBack});
  EXPECT_EQ(restored.num_restored, 5U);
  EXPECT_EQ(restored.num_verified, 5U);
  EXPECT_TRUE(restored.problems.empty());
  for (const auto* name :
       {"generation_history.jsonl", "generation_history_2025-10.jsonl",
        "images/0123456789abcdef.png", "ply_files/a_0123456789abcdef.ply", "ply_files/empty.ply"}) {
    expect_restored(name);
  }
  EXPECT_EQ(bring_back().num_present, 5U);
}

TEST_F(BackupTest, ASecondBackupSendsNothing) {
  const std::string id = back_up().id;
  const int num_puts = store_.num_puts;
  for (const auto unchanged :
       {BackupOptions::Unchanged::kBySizeAndTime, BackupOptions::Unchanged::kByContent}) {
    clock_.advance(std::chrono::hours(24 * 40));
    const BackupReport again = back_up({.unchanged = unchanged});
    EXPECT_EQ(again.num_sent, 0U);
    EXPECT_EQ(again.num_unchanged, 5U);
    EXPECT_EQ(again.id, id);
  }
  EXPECT_EQ(store_.num_puts, num_puts);
}

TEST_F(BackupTest, SendsWhatChangedAndKeepsWhatOlderManifestsName) {
  const std::string first = back_up().id;
  const std::string before = file_content(file_system_, "/data/generation_history.jsonl");
  put("generation_history.jsonl", before + record_line("c", "2025-11-03T00:00:00Z") + "\n");
  clock_.advance(std::chrono::hours(1));
  const BackupReport report = back_up();
  EXPECT_EQ(report.num_sent, 1U);
  EXPECT_EQ(report.num_unchanged, 4U);
  bring_back({.id = first});
  EXPECT_EQ(restored_.content("/new/generation_history.jsonl"), before);
  const RestoreReport kept = bring_back();
  EXPECT_EQ(kept.num_differing, 1U);
  ASSERT_EQ(kept.problems.size(), 1U);
  EXPECT_EQ(restored_.content("/new/generation_history.jsonl"), before);
  bring_back({.differing = RestoreOptions::Differing::kReplace});
  expect_restored("generation_history.jsonl");
}

TEST_F(BackupTest, AFileThatMovedIsNotSentAgain) {
  back_up();
  put("images/copy.png", "an image");
  ASSERT_TRUE(file_system_.remove("/data/images/0123456789abcdef.png"));
  const BackupReport report = back_up();
  EXPECT_EQ(report.num_sent, 0U);
  bring_back();
  expect_restored("images/copy.png");
  EXPECT_FALSE(restored_.info("/new/images/0123456789abcdef.png").value());
}

TEST_F(BackupTest, LargeFilesGoInPartsOfWhichOnlyNewOnesAreSent) {
  const BackupOptions options{.part_size = ByteCount(30'000)};
  std::string content;
  for (int i = 0; i < 20'000; ++i) content += std::to_string(i) + " ";
  put("ply_files/a_0123456789abcdef.ply", content);
  back_up(options);
  EXPECT_TRUE(has_key("miner/2025-11/ply_files/a_0123456789abcdef.ply.part-00004"));
  put("ply_files/a_0123456789abcdef.ply", content + "more");
  EXPECT_EQ(back_up(options).num_sent, 1U);
  bring_back();
  expect_restored("ply_files/a_0123456789abcdef.ply");
}

TEST_F(BackupTest, GoesOnWhereItWasCut) {
  for (int i = 0; i < 600; ++i) put("images/" + std::to_string(i), "image " + std::to_string(i));
  int num_runs = 1;
  for (store_.max_puts = 150;; store_.max_puts += 150, ++num_runs) {
    const auto report = backup(file_system_, "/data", place_, clock_, {}, {});
    if (report) break;
    EXPECT_EQ(report.error().code, ErrorCode::kUnavailable);
    ASSERT_LT(num_runs, 20);
  }
  // Each object once, a manifest, and a note now and then.
  EXPECT_LE(store_.num_puts, 604 + 1 + num_runs + 4);
  EXPECT_FALSE(has_key("miner/manifests/partial.jsonl"));
  bring_back();
  EXPECT_EQ(restored_.content("/new/images/599"), "image 599");
}

TEST_F(BackupTest, ANameThatIsNoTextCostsItsFileOnly) {
  put("images/\xff.png", "one image");
  put("images/\xfe.png", "another image");
  for (int run = 0; run < 2; ++run) {
    const BackupReport report = back_up();
    EXPECT_EQ(report.num_files, 5U);
    ASSERT_EQ(report.problems.size(), 2U);
    EXPECT_EQ(report.problems[0].message, "an object's key is not UTF-8");
    EXPECT_EQ(report.num_lost, 0U);
    clock_.advance(std::chrono::hours(1));
  }
  EXPECT_TRUE(bring_back().problems.empty());
}

TEST_F(BackupTest, ADryRunWritesNothing) {
  const BackupReport report = back_up({.mode = RunMode::kDryRun});
  EXPECT_EQ(report.num_sent, 4U);
  EXPECT_TRUE(keys().empty());
  back_up();
  const RestoreReport restored = bring_back({.mode = RunMode::kDryRun});
  EXPECT_EQ(restored.num_restored, 5U);
  EXPECT_FALSE(restored_.info("/new").value());
}

TEST_F(BackupTest, LeavesTheJournalOutWhileARecorderRuns) {
  put("journal/00000000000000000001.journal", "events");
  {
    const auto lock = file_system_.lock("/data/journal/lock");
    const BackupReport report = back_up();
    EXPECT_TRUE(report.is_recorder_running);
    EXPECT_FALSE(report.has_journal);
    EXPECT_EQ(report.num_files, 5U);
  }
  const BackupReport report = back_up();
  EXPECT_TRUE(report.has_journal);
  EXPECT_EQ(report.num_files, 6U);
  EXPECT_FALSE(has_key("miner/2025-11/journal/lock"));
}

class RestoreJournalTest : public BackupTest {
 protected:
  void SetUp() override {
    BackupTest::SetUp();
    put("journal/checkpoint.json", "of 4");
    put("journal/00000000000000000005.journal", "events");
    put("journal/quarantine/note.json", "a note");
    back_up();
  }
  void put_new(const std::string& name, std::string_view content) {
    put_file(restored_, "/new/" + name, content);
  }
};

TEST_F(RestoreJournalTest, AFolderWithEventsOfItsOwnKeepsItsJournalWhole) {
  put_new("journal/checkpoint.json", "of 9");
  put_new("journal/00000000000000000010.journal", "later events");
  const RestoreReport report = bring_back({.check = RestoreOptions::Check::kReadBack});
  EXPECT_EQ(report.num_restored, 5U);
  EXPECT_EQ(report.num_verified, 5U);
  ASSERT_EQ(report.problems.size(), 1U);
  EXPECT_EQ(report.problems[0].path, "journal");
  EXPECT_EQ(restored_.content("/new/journal/checkpoint.json"), "of 9");
  EXPECT_EQ(restored_.list("/new/journal").value(),
            (std::vector<std::string>{"00000000000000000010.journal", "checkpoint.json", "lock"}));
}

TEST_F(RestoreJournalTest, ReplaceSetsTheOwnJournalAside) {
  put_new("journal/checkpoint.json", "of 9");
  put_new("journal/00000000000000000005.journal", "events");
  put_new("journal/00000000000000000010.journal", "later events");
  put_new("quarantine/checkpoint.json.0", "of 1");
  const RestoreOptions dry{.mode = RunMode::kDryRun,
                           .differing = RestoreOptions::Differing::kReplace};
  EXPECT_EQ(bring_back(dry).set_aside.size(), 2U);
  EXPECT_EQ(restored_.content("/new/journal/checkpoint.json"), "of 9");
  const RestoreOptions options{.differing = RestoreOptions::Differing::kReplace,
                               .check = RestoreOptions::Check::kReadBack};
  const RestoreReport report = bring_back(options);
  EXPECT_TRUE(report.problems.empty());
  EXPECT_EQ(report.set_aside, (std::vector<std::string>{"quarantine/00000000000000000010.journal.0",
                                                        "quarantine/checkpoint.json.1"}));
  EXPECT_NE(to_text(report, options).find("\n  quarantine/checkpoint.json.1\n"), std::string::npos);
  EXPECT_EQ(restored_.content("/new/quarantine/00000000000000000010.journal.0"), "later events");
  EXPECT_EQ(restored_.content("/new/quarantine/checkpoint.json.0"), "of 1");
  EXPECT_FALSE(restored_.content("/new/journal/00000000000000000010.journal"));
  expect_restored("journal/checkpoint.json");
  expect_restored("journal/00000000000000000005.journal");
}

TEST_F(RestoreJournalTest, WhatAKilledRestoreBroughtIsNoOtherJournal) {
  put_new("journal/00000000000000000005.journal", "events");
  const RestoreReport report = bring_back();
  EXPECT_TRUE(report.problems.empty()) << to_text(report, {});
  EXPECT_EQ(report.num_present, 1U);
  expect_restored("journal/checkpoint.json");
  expect_restored("journal/quarantine/note.json");
}

TEST_F(BackupTest, TakesEveryRecordWhileTheRecorderRotates) {
  for (std::uint64_t at = 1; at <= 45; ++at) {
    SimulatedFileSystem file_system;
    std::string current;
    for (int i = 0; i < 10; ++i) {
      current +=
          record_line(std::to_string(i), "2025-0" + std::to_string(2 + (i % 8)) + "-05") + "\n";
    }
    put_file(file_system, "/data/generation_history.jsonl", current);
    put_file(file_system, "/data/generation_history_2025-04.jsonl",
             record_line("x", "2025-04-05") + "\n");
    put_file(file_system, "/data/generation_history_2025-10.jsonl",
             record_line("y", "2025-10-05") + "\n");
    put_file(file_system, "/data/journal/lock", "");
    const auto lock = file_system.lock("/data/journal/lock");
    const auto before = line_set(file_system, "/data");
    HookedFileSystem hooked(file_system, [&](std::uint64_t call) -> Status {
      if (call == at) {
        EXPECT_TRUE(rotation::rotate_locked(file_system, "/data", clock_.now(), {}, {}));
      }
      return {};
    });
    storage::testing::MemoryObjectStore store("memory");
    const BackupPlace place{.store = &store, .prefix = "miner"};
    const auto report = backup(hooked, "/data", place, clock_, {.num_workers = 1}, {});
    ASSERT_TRUE(report) << report.error().message;
    SimulatedFileSystem restored;
    ASSERT_TRUE(restore(restored, place, "/new", {}, {}));
    ASSERT_EQ(line_set(restored, "/new"), before) << "at call " << at;
  }
}

TEST_F(BackupTest, ABrokenObjectCostsItsFileOnly) {
  back_up();
  ASSERT_TRUE(memory_.put("miner/2025-11/images/0123456789abcdef.png", as_bytes("an IMAGE")));
  const RestoreReport restored = bring_back();
  ASSERT_EQ(restored.problems.size(), 1U);
  EXPECT_EQ(restored.problems[0].path, "images/0123456789abcdef.png");
  EXPECT_EQ(restored.num_restored, 4U);
  EXPECT_FALSE(restored_.info("/new/images/0123456789abcdef.png").value());
}

TEST_F(BackupTest, ABrokenManifestIsToldAndDoesNotStopTheNextBackup) {
  const std::string id = back_up().id;
  ASSERT_TRUE(memory_.put("miner/manifests/" + id + ".jsonl", as_bytes("{}")));
  const auto restored = restore(restored_, place_, "/new", {}, {});
  ASSERT_FALSE(restored);
  EXPECT_EQ(restored.error().code, ErrorCode::kCorrupt);
  clock_.advance(std::chrono::hours(1));
  const BackupReport report = back_up();
  EXPECT_EQ(report.num_sent, 0U) << "the objects are found by reading them";
  EXPECT_EQ(report.problems.size(), 1U);
  EXPECT_EQ(bring_back().num_restored, 5U);
}

TEST_F(BackupTest, AForeignObjectOfTheSameNameIsNotReplaced) {
  ASSERT_TRUE(memory_.put("miner/2025-11/images/0123456789abcdef.png", as_bytes("AN IMAGE")));
  back_up();
  bring_back();
  expect_restored("images/0123456789abcdef.png");
  EXPECT_EQ(memory_.open("miner/2025-11/images/0123456789abcdef.png").value()->size(),
            ByteCount(8));
}

TEST(BackupManifest, RefusesPathsThatLeadOutOfTheFolder) {
  const std::string good =
      R"({"format":"assay history backup","version":1,"created":"2025-11-15T12:00:00Z","files":1})"
      "\n";
  const std::string hash(64, 'a');
  for (const std::string path : {"../x", "/etc/passwd", "a//b", "a/../../b", ""}) {
    const auto manifest = decode_manifest(good + R"({"path":")" + path +
                                          R"(","size":0,"modified":"2025-11-15T12:00:00Z",)" +
                                          R"("sha256":")" + hash + R"(","parts":[]})" + "\n");
    EXPECT_FALSE(manifest) << path;
  }
  EXPECT_FALSE(decode_manifest(good)) << "an entry is missing";
  EXPECT_FALSE(decode_manifest(""));
}

}  // namespace
}  // namespace assay::history
