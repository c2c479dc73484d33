#include "cache/quarantine.h"

#include "cache/collect.h"
#include "cache/intake.h"
#include "cache/rescan.h"
#include "cache/testing/cache_fixture.h"
#include "files/atomic_file.h"
#include "files/testing/simulated_file_system.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

namespace assay::cache {
namespace {

namespace fs = std::filesystem;
using testing::CacheFixture;

constexpr std::size_t kSize = 1000;

std::vector<std::string> names_in(const fs::path& folder) {
  std::vector<std::string> names;
  if (!fs::exists(folder)) return names;
  for (const auto& entry : fs::directory_iterator(folder)) {
    names.push_back(entry.path().filename().native());
  }
  std::ranges::sort(names);
  return names;
}

ByteCount bytes_in(const fs::path& folder) {
  ByteCount bytes;
  for (const auto& entry : fs::directory_iterator(folder)) bytes += ByteCount(entry.file_size());
  return bytes;
}

/// Whether a file of `stem` is there, and its reason.
bool has(const fs::path& folder, const std::string& stem) {
  const auto names = names_in(folder);
  const auto count = std::ranges::count_if(
      names, [&](const std::string& name) { return name.starts_with(stem + "__"); });
  EXPECT_TRUE(count == 0 || count == 2) << stem;
  return count > 0;
}

void put(Quarantine& quarantine, const std::string& name, std::size_t size = kSize) {
  const std::string bytes(size, name.front());
  ASSERT_TRUE(
      quarantine.put({.name = name, .bytes = as_bytes(bytes), .origin = "a", .reason = "torn"}));
}

/// As if it had come so many hours ago.
void make_old(const fs::path& path, int hours) {
  fs::last_write_time(path, fs::file_time_type::clock::now() - std::chrono::hours(hours));
}

/// A file and its reason, as put long ago.
void drop_old(const CacheFixture& fixture, const std::string& name, int hours,
              std::size_t size = kSize) {
  fixture.drop("quarantine/" + name, std::string(size, 'x'));
  make_old(fixture.drop("quarantine/" + name + ".reason.txt", "torn\nfrom a\n"), hours);
}

TEST(Quarantine, TheOldestMakeRoomDownToTheLowMark) {
  CacheFixture fixture;
  const fs::path folder = fixture.layout.quarantine();
  const Budget budget{.max_quarantine_bytes = ByteCount(4 * kSize), .low_share = 0.7};
  Quarantine quarantine(fixture.file_system, fixture.layout, budget);
  // In the order of their reasons, whatever the ages of the files are.
  drop_old(fixture, "b__0.jpg", 3);
  drop_old(fixture, "a__0.jpg", 2);
  make_old(folder / "a__0.jpg", 9);
  put(quarantine, "c.jpg");
  EXPECT_EQ(quarantine.removed().num_images, 0U);
  put(quarantine, "d.jpg");
  EXPECT_FALSE(has(folder, "b"));
  EXPECT_FALSE(has(folder, "a"));
  EXPECT_TRUE(has(folder, "c") && has(folder, "d"));
  EXPECT_LE(bytes_in(folder), ByteCount(2800));
  EXPECT_EQ(quarantine.removed().num_images, 2U);
  EXPECT_EQ(quarantine.removed().bytes, ByteCount(2 * (kSize + 12)));
}

TEST(Quarantine, WhatOthersPutThereCountsToo) {
  CacheFixture fixture;
  const Budget budget{.max_quarantine_bytes = ByteCount(4 * kSize), .low_share = 0.9};
  Quarantine quarantine(fixture.file_system, fixture.layout, budget);
  Quarantine other(fixture.file_system, fixture.layout, budget);
  for (const char* const name : {"a.jpg", "b.jpg", "c.jpg"}) {
    put(quarantine, name);
    put(other, std::string("d") + name);
  }
  EXPECT_LE(bytes_in(fixture.layout.quarantine()), ByteCount(4 * kSize));
}

TEST(Quarantine, WithoutABoundAllStay) {
  CacheFixture fixture;
  Quarantine quarantine(fixture.file_system, fixture.layout,
                        {.max_quarantine_bytes = std::nullopt});
  for (const char* const name : {"a.jpg", "b.jpg", "c.jpg"}) put(quarantine, name);
  EXPECT_EQ(names_in(fixture.layout.quarantine()).size(), 6U);
  EXPECT_EQ(quarantine.excess()->num_images, 0U);
}

TEST(Quarantine, WhatIsLargerThanItMayBePushesNothingOut) {
  CacheFixture fixture;
  Quarantine quarantine(fixture.file_system, fixture.layout,
                        {.max_quarantine_bytes = ByteCount(4 * kSize)});
  put(quarantine, "a.jpg");
  put(quarantine, "b.jpg", 4 * kSize);
  EXPECT_TRUE(has(fixture.layout.quarantine(), "a"));
  EXPECT_FALSE(has(fixture.layout.quarantine(), "b"));
  // It may be the only one there is: it stays where it is.
  const fs::path large = fixture.drop("Roadwork/image/c.jpg", std::string(4 * kSize, 'c'));
  const auto moved = quarantine.move(large, {}, "torn");
  ASSERT_TRUE(moved);
  EXPECT_FALSE(*moved);
  EXPECT_TRUE(fs::exists(large));
}

TEST(Quarantine, NothingThatJustCameByMovingIsRemoved) {
  CacheFixture fixture;
  const fs::path folder = fixture.layout.quarantine();
  Quarantine quarantine(fixture.file_system, fixture.layout,
                        {.max_quarantine_bytes = ByteCount(4 * kSize)});
  drop_old(fixture, "old__0.jpg", 2);
  std::size_t num_moved = 0;
  for (int i = 0; i < 6; ++i) {
    const fs::path path =
        fixture.drop("Roadwork/image/" + std::to_string(i) + ".jpg", std::string(kSize, 'c'));
    const auto moved = quarantine.move(path, {}, "torn");
    ASSERT_TRUE(moved);
    EXPECT_EQ(fs::exists(path), !*moved);
    num_moved += *moved ? 1 : 0;
  }
  EXPECT_EQ(num_moved, 3U);
  EXPECT_EQ(names_in(folder).size(), 6U);
  EXPECT_FALSE(has(folder, "old"));
}

TEST(Quarantine, AnotherFileOfTheSamePathIsKeptBesideTheFirst) {
  CacheFixture fixture;
  Quarantine quarantine(fixture.file_system, fixture.layout, {});
  for (const char* const content : {"one", "two"}) {
    ASSERT_TRUE(quarantine.move(fixture.drop("Roadwork/image/a.jpg", content), {}, "torn"));
  }
  EXPECT_EQ(names_in(fixture.layout.quarantine()).size(), 4U);
}

TEST(Quarantine, ASidecarGoesWithTheLastImageOfItsName) {
  CacheFixture fixture;
  const fs::path folder = fixture.layout.quarantine();
  drop_old(fixture, "a__5.json", 9, 10);  // of both
  drop_old(fixture, "a__1.jpg", 8);
  drop_old(fixture, "b__1.jpg", 7);
  drop_old(fixture, "a__2.png", 6);
  drop_old(fixture, "c__1.json", 5, 10);  // of none
  const auto trim = [&](std::size_t num_left) {
    Quarantine quarantine(
        fixture.file_system, fixture.layout,
        {.max_quarantine_bytes = ByteCount(num_left * (kSize + 60)), .low_share = 1});
    EXPECT_TRUE(quarantine.trim());
    return names_in(folder);
  };
  EXPECT_EQ(trim(2), (std::vector<std::string>{
                         "a__2.png", "a__2.png.reason.txt", "a__5.json", "a__5.json.reason.txt",
                         "b__1.jpg", "b__1.jpg.reason.txt", "c__1.json", "c__1.json.reason.txt"}));
  EXPECT_EQ(trim(1).size(), 6U) << "b is older than the second of a";
  EXPECT_TRUE(fs::exists(folder / "a__5.json"));
  EXPECT_TRUE(trim(0).empty());
}

TEST(Quarantine, IntakeHoldsToTheBound) {
  CacheFixture fixture;
  const auto store = std::move(
      *Store::open(fixture.tools(), fixture.layout,
                   {.budget = {.max_quarantine_bytes = ByteCount(5 * kSize), .low_share = 0.9}}));
  const ImportOptions options;
  Intake intake(*store, options);
  for (int i = 0; i < 20; ++i) {
    Arrival arrival{.bytes = std::string(kSize, static_cast<char>('a' + i)),
                    .origin = "somewhere",
                    .draft = {.original_name = std::to_string(i) + ".jpg"}};
    ASSERT_TRUE(look_at(arrival, {}));
    ASSERT_TRUE(intake.take_in(std::span(&arrival, 1), {}));
  }
  EXPECT_LE(bytes_in(fixture.layout.quarantine()), ByteCount(5 * kSize));
  EXPECT_TRUE(has(fixture.layout.quarantine(), "19"));
  EXPECT_GT(intake.report().from_quarantine.num_images, 10U);
}

TEST(Quarantine, CollectHoldsItToItsBoundAndTellsBefore) {
  CacheFixture fixture;
  for (const int age : {1, 2, 3, 4}) drop_old(fixture, std::to_string(age) + "__0.jpg", age);
  const auto store = fixture.open();
  const ByteCount before = bytes_in(fixture.layout.quarantine());
  CollectOptions options{
      .budget = {.max_quarantine_bytes = ByteCount(3 * kSize), .low_share = 0.9}};
  options.mode = CollectMode::kTell;
  const auto told = collect(*store, options);
  ASSERT_TRUE(told) << told.error().message;
  EXPECT_EQ(told->from_quarantine.num_images, 2U);
  EXPECT_EQ(bytes_in(fixture.layout.quarantine()), before);
  options.mode = CollectMode::kDo;
  const auto done = collect(*store, options);
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_EQ(done->from_quarantine.num_images, 2U);
  EXPECT_EQ(done->quarantine.bytes, before);
  EXPECT_TRUE(has(fixture.layout.quarantine(), "1") && has(fixture.layout.quarantine(), "2"));
}

TEST(Quarantine, CollectLeavesBrokenImagesThatDoNotFitWhereTheyAre) {
  CacheFixture fixture;
  for (const char* const name : {"a", "b", "c"}) {
    const std::string stem = std::string("Roadwork/image/") + name;
    make_old(fixture.drop(stem + ".jpg", std::string(kSize, 'x')), 2000);
    make_old(fixture.drop(stem + ".json", R"({"label": 0})"), 2000);
  }
  drop_old(fixture, "old__0.jpg", 5);
  const auto store = fixture.open();
  fixture.clock.advance(std::chrono::years(100));
  ASSERT_TRUE(rescan(*store, ScanDepth::kFolders));
  const CollectOptions options{
      .budget = {.max_quarantine_bytes = ByteCount(3 * kSize), .low_share = 1}};
  CollectOptions telling = options;
  telling.mode = CollectMode::kTell;
  const auto told = collect(*store, telling);
  ASSERT_TRUE(told) << told.error().message;
  EXPECT_TRUE(has(fixture.layout.quarantine(), "old"));
  const auto report = collect(*store, options);
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_FALSE(has(fixture.layout.quarantine(), "old"));
  for (const CollectReport& each : {*told, *report}) {
    EXPECT_EQ(each.num_quarantined, 2U);
    EXPECT_EQ(each.num_broken_left, 1U);
    EXPECT_EQ(each.from_quarantine.num_images, 1U);
    EXPECT_EQ(each.caches[0].before, ByteCount(kSize + std::string(R"({"label": 0})").size()));
  }
  EXPECT_EQ(names_in(fixture.layout.folder(ItemFolder::kRoadworkImage)),
            (std::vector<std::string>{"c.jpg", "c.json"}));
}

TEST(Quarantine, AReasonWithoutItsFileIsALeftover) {
  CacheFixture fixture;
  drop_old(fixture, "a__0.jpg", 2);
  drop_old(fixture, "b__0.jpg", 2);
  fs::remove(fixture.layout.quarantine() / "a__0.jpg");             // a removal was killed
  fs::remove(fixture.layout.quarantine() / "b__0.jpg.reason.txt");  // by hand
  const auto store = fixture.open();
  fixture.clock.advance(std::chrono::years(100));
  const auto report = collect(*store, {});
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(report->num_temporaries, 1U);
  EXPECT_EQ(names_in(fixture.layout.quarantine()), std::vector<std::string>{"b__0.jpg"});
}

/// The power is cut at each operation of a move and of a removal: no word of a person is lost, and
/// what came last is there.
TEST(Quarantine, NoCutLosesWhatWasMoved) {
  const fs::path folder = "/cache/Roadwork/image";
  const CacheLayout layout("/cache");
  bool is_complete = false;
  for (std::uint64_t cut = 1; !is_complete; ++cut) {
    for (std::uint64_t seed = 0; seed < 8; ++seed) {
      files::testing::SimulatedFileSystem file_system;
      ASSERT_TRUE(file_system.create_folders(folder));
      ASSERT_TRUE(files::write_file(file_system, folder / "a.jpg", "image"));
      ASSERT_TRUE(files::write_file(file_system, folder / "a.json", "words"));
      file_system.cut_power_at(file_system.num_operations() + cut);
      Quarantine first(file_system, layout, {});
      is_complete = first.move(folder / "a.jpg", folder / "a.json", "torn").has_value();
      SeededRandom random(seed);
      file_system.crash(random);
      Quarantine second(file_system, layout, {});
      const auto again = second.move(folder / "a.jpg", folder / "a.json", "torn");
      ASSERT_TRUE(again || again.error().code == ErrorCode::kNotFound) << again.error().message;
      std::vector<std::string> contents;
      const auto names = file_system.list(layout.quarantine());
      ASSERT_TRUE(names);
      for (const std::string& name : *names) {
        if (name.starts_with('.')) continue;
        contents.push_back(*file_system.content(layout.quarantine() / name));
      }
      for (const char* const part : {"image", "words"}) {
        EXPECT_EQ(std::ranges::count(contents, part), 1) << part << ", cut at " << cut;
      }
    }
  }
}

}  // namespace
}  // namespace assay::cache
