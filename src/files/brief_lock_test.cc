#include "files/brief_lock.h"

#include "files/atomic_file.h"
#include "files/testing/temporary_folder.h"

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

namespace assay::files {
namespace {

TEST(BriefLock, TurnsFollowEachOther) {
  constexpr int kNumThreads = 4;
  constexpr int kNumTurns = 25;
  const testing::TemporaryFolder folder;
  FileSystem& file_system = posix_file_system();
  const auto file = folder.path() / "made/file";
  {
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < kNumThreads; ++thread) {
      threads.emplace_back([&] {
        for (int turn = 0; turn < kNumTurns; ++turn) {
          const auto lock = BriefLock::take(file_system, file);
          ASSERT_TRUE(lock) << lock.error().message;
          const std::string text = read_file(file_system, file, ByteCount(1000)).value_or("");
          ASSERT_TRUE(write_file(file_system, file, text + "x"));
        }
      });
    }
  }
  EXPECT_EQ(std::filesystem::file_size(file), kNumThreads * kNumTurns);
  EXPECT_EQ(file_system.list(file.parent_path()).value(), std::vector<std::string>{"file"});
}

TEST(BriefLock, OfTwoNamesOfAFileOneIsLocked) {
  const testing::TemporaryFolder folder;
  std::filesystem::create_symlink(folder.path() / "file", folder.path() / "link");
  const auto lock = BriefLock::take(posix_file_system(), folder.path() / "link");
  ASSERT_TRUE(lock) << lock.error().message;
  const auto other =
      BriefLock::take(posix_file_system(), folder.path() / "file", std::chrono::milliseconds(10));
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().code, ErrorCode::kUnavailable);
}

}  // namespace
}  // namespace assay::files
