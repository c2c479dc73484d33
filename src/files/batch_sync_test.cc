#include "files/batch_sync.h"

#include "files/atomic_file.h"
#include "files/testing/simulated_file_system.h"
#include "files/testing/temporary_folder.h"

#include <gtest/gtest.h>

#include <string>

namespace assay::files {
namespace {

constexpr ByteCount kLimit{1'000'000};

void write_some(FileSystem& file_system, const std::filesystem::path& folder) {
  auto batch = BatchSync::begin(file_system, folder);
  ASSERT_TRUE(batch) << batch.error().message;
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(batch->write(folder / std::to_string(i), as_bytes("content " + std::to_string(i))));
  }
  ASSERT_TRUE(batch->sync());
}

TEST(BatchSync, WritesOverWhatWasThere) {
  const testing::TemporaryFolder folder;
  FileSystem& disk = posix_file_system();
  ASSERT_TRUE(write_file(disk, folder.path() / "7", "what was here before, and longer"));
  write_some(disk, folder.path());
  EXPECT_EQ(read_file(disk, folder.path() / "7", kLimit).value(), "content 7");
  EXPECT_EQ(read_file(disk, folder.path() / "19", kLimit).value(), "content 19");
}

TEST(BatchSync, WhatIsSyncedOutlastsAPowerCut) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    testing::SimulatedFileSystem disk;
    ASSERT_TRUE(disk.create_folders("/photos"));
    write_some(disk, "/photos");
    ASSERT_TRUE(disk.sync_folder("/photos"));
    SeededRandom random(seed);
    disk.crash(random);
    for (int i = 0; i < 20; ++i) {
      EXPECT_EQ(disk.content("/photos/" + std::to_string(i)), "content " + std::to_string(i));
    }
  }
}

TEST(BatchSync, AFolderThatIsGoneIsAnError) {
  const testing::TemporaryFolder folder;
  auto batch = BatchSync::begin(posix_file_system(), folder.path() / "nowhere");
  ASSERT_TRUE(batch);
  EXPECT_EQ(batch->write(folder.path() / "nowhere/a", {}).error().code, ErrorCode::kNotFound);
}

}  // namespace
}  // namespace assay::files
