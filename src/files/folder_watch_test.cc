#include "files/folder_watch.h"

#include "files/testing/temporary_folder.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <thread>

namespace assay::files {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

// Nothing takes as long but on a machine that stands still.
constexpr auto kPatience = 60s;

class FolderWatchTest : public ::testing::TestWithParam<WatchMode> {
 protected:
  FolderWatch watch(const fs::path& path) {
    return {posix_file_system(), {folder.path() / path, folder.path() / "other"}, GetParam()};
  }
  void write(const fs::path& path, std::string_view text = "photo") const {
    std::ofstream(folder.path() / path) << text;
  }

  /// Times of folders are as coarse as the system's tick: two changes within one look the same.
  static void pass_a_tick() { std::this_thread::sleep_for(20ms); }

  testing::TemporaryFolder folder;
};

TEST_P(FolderWatchTest, TellsOfAFileOnce) {
  fs::create_directory(folder.path() / "a");
  FolderWatch watched = watch("a");
  EXPECT_FALSE(watched.has_changed());
  pass_a_tick();
  write("a/photo.jpg");
  EXPECT_TRUE(watched.wait(kPatience, {}));
  EXPECT_FALSE(watched.has_changed());
  pass_a_tick();
  fs::remove(folder.path() / "a/photo.jpg");
  EXPECT_TRUE(watched.has_changed());
}

TEST_P(FolderWatchTest, NoticesAFolderThatAppearsAndComesAgain) {
  FolderWatch watched = watch("deep/er");
  EXPECT_FALSE(watched.has_changed());
  for (int i = 0; i < 2; ++i) {
    fs::create_directories(folder.path() / "deep/er");
    EXPECT_TRUE(watched.wait(kPatience, {}));
    // What was written before the new folder was watched is told by the next look of the caller.
    static_cast<void>(watched.has_changed());
    pass_a_tick();
    write("deep/er/photo.jpg");
    EXPECT_TRUE(watched.wait(kPatience, {}));
    fs::remove_all(folder.path() / "deep");
    EXPECT_TRUE(watched.wait(kPatience, {}));
    static_cast<void>(watched.has_changed());
  }
}

TEST_P(FolderWatchTest, StopsWaiting) {
  FolderWatch watched = watch("a");
  std::stop_source stop;
  EXPECT_FALSE(watched.wait(10ms, stop.get_token()));
  std::jthread stopper([&] {
    std::this_thread::sleep_for(20ms);  // so that the wait has begun; it may, it need not
    stop.request_stop();
  });
  EXPECT_FALSE(watched.wait(kPatience, stop.get_token()));
  EXPECT_TRUE(stop.stop_requested());
}

INSTANTIATE_TEST_SUITE_P(Modes, FolderWatchTest,
                         ::testing::Values(WatchMode::kSystem, WatchMode::kLooking));

TEST(FolderWatch, IsTheOnlyOneToKnowOfAFileThatIsWrittenOn) {
  const testing::TemporaryFolder folder;
  std::ofstream(folder.path() / "photo.jpg") << "half";
  FolderWatch watched(posix_file_system(), {folder.path()});
  std::ofstream(folder.path() / "photo.jpg", std::ios::app) << " and half";
  EXPECT_TRUE(watched.wait(kPatience, {}));
}

TEST(FolderWatch, IsNotWokenByHiddenFiles) {
  const testing::TemporaryFolder folder;
  FolderWatch watched(posix_file_system(), {folder.path()});
  std::ofstream(folder.path() / ".photo.jpg.incoming") << "on its way";
  EXPECT_FALSE(watched.has_changed());
  fs::rename(folder.path() / ".photo.jpg.incoming", folder.path() / "photo.jpg");
  EXPECT_TRUE(watched.wait(kPatience, {}));
}

}  // namespace
}  // namespace assay::files
