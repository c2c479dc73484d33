#include "files/atomic_file.h"
#include "files/file_system.h"
#include "files/testing/temporary_folder.h"

#include <gtest/gtest.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

namespace assay::files {
namespace {

namespace fs = std::filesystem;

std::string content_of(const fs::path& path) {
  return read_file(posix_file_system(), path, ByteCount(1 << 20)).value_or("unreadable");
}

TEST(PosixFileSystem, DevicesThatAreFullReportNoSpace) {
  auto file = posix_file_system().open("/dev/full", OpenMode::kWriteThrough);
  ASSERT_TRUE(file);
  const auto written = (*file)->append(as_bytes("x"));
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().code, ErrorCode::kNoSpace);
  EXPECT_EQ(written.error().message,
            "cannot write /dev/full: No space left on device; free some space and run again");
}

TEST(PosixFileSystem, RefusesAPipeWithoutWaitingForAWriter) {
  const testing::TemporaryFolder folder;
  const fs::path pipe = folder.path() / "pipe";
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_EQ(posix_file_system().open(pipe, OpenMode::kRead).error().code, ErrorCode::kInvalidInput);
}

TEST(PosixFileSystem, AReadOnlyPlaceIsDenied) {
  const auto file = posix_file_system().open("/proc/new-file", OpenMode::kCreateNew);
  ASSERT_FALSE(file);
  EXPECT_NE(file.error().message.find("/proc/new-file"), std::string::npos);
}

TEST(PosixFileSystem, NamesTooLongAreInvalidInput) {
  const auto file = posix_file_system().open("/tmp/" + std::string(300, 'x'), OpenMode::kCreateNew);
  EXPECT_EQ(file.error().code, ErrorCode::kInvalidInput);
}

TEST(PosixFileSystem, CreatesFoldersThroughAPathWithASlashAtItsEnd) {
  const testing::TemporaryFolder folder;
  ASSERT_TRUE(posix_file_system().create_folders(folder.path() / "a/b/"));
  EXPECT_TRUE(fs::is_directory(folder.path() / "a/b"));
  EXPECT_TRUE(posix_file_system().create_folders("/"));
  EXPECT_TRUE(posix_file_system().create_folders(""));
}

TEST(PosixFileSystem, FollowsLinksThatDangleAndRefusesCircles) {
  const testing::TemporaryFolder folder;
  fs::create_symlink("absent", folder.path() / "link");
  EXPECT_EQ(posix_file_system().resolve(folder.path() / "link").value(),
            fs::canonical(folder.path()) / "absent");
  fs::create_symlink("b", folder.path() / "a");
  fs::create_symlink("a", folder.path() / "b");
  EXPECT_EQ(posix_file_system().resolve(folder.path() / "a").error().code,
            ErrorCode::kInvalidInput);
}

TEST(PosixFileSystem, TellsALinkFromWhatItLeadsTo) {
  const testing::TemporaryFolder folder;
  fs::create_symlink("absent", folder.path() / "dangling");
  fs::create_directory_symlink(folder.path(), folder.path() / "up");
  EXPECT_EQ(posix_file_system().info(folder.path() / "dangling").value(), std::nullopt);
  EXPECT_EQ(posix_file_system().info(folder.path() / "up").value()->kind, FileKind::kFolder);
  for (const char* name : {"dangling", "up"}) {
    const auto info = posix_file_system().info_unfollowed(folder.path() / name);
    ASSERT_TRUE(info && *info);
    EXPECT_EQ((*info)->kind, FileKind::kLink);
  }
}

TEST(PosixFileSystem, ALinkToAFolderIsOneUnlessItLeadsNowhere) {
  const testing::TemporaryFolder folder;
  ASSERT_TRUE(posix_file_system().create_folders(folder.path() / "disk"));
  fs::create_symlink("disk", folder.path() / "images");
  EXPECT_TRUE(posix_file_system().create_folders(folder.path() / "images"));
  ASSERT_TRUE(fs::remove(folder.path() / "disk"));
  const auto made = posix_file_system().create_folders(folder.path() / "images");
  ASSERT_FALSE(made);
  EXPECT_TRUE(made.error().message.contains("a link to disk, which is not there"))
      << made.error().message;
}

TEST(PosixFileSystem, TheLockOfADeadProcessIsFree) {
  const testing::TemporaryFolder folder;
  const fs::path path = folder.path() / "lock";
  int ready[2];
  ASSERT_EQ(pipe(ready), 0);
  const pid_t child = fork();
  if (child == 0) {
    const auto lock = posix_file_system().lock(path);
    const char byte = lock ? 'y' : 'n';
    static_cast<void>(!write(ready[1], &byte, 1));
    pause();
    _exit(0);
  }
  char answer = 0;
  ASSERT_EQ(read(ready[0], &answer, 1), 1);
  EXPECT_EQ(answer, 'y');
  const auto held = posix_file_system().lock(path);
  ASSERT_FALSE(held);
  EXPECT_NE(held.error().message.find("in use by another process"), std::string::npos);
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  EXPECT_TRUE(posix_file_system().lock(path));
  close(ready[0]);
  close(ready[1]);
}

TEST(PosixAtomicFile, ReplacesWhatALinkPointsTo) {
  const testing::TemporaryFolder folder;
  fs::create_directory(folder.path() / "real");
  ASSERT_TRUE(write_file(posix_file_system(), folder.path() / "real/file", "old"));
  fs::create_symlink("real/file", folder.path() / "link");
  ASSERT_TRUE(write_file(posix_file_system(), folder.path() / "link", "new"));
  EXPECT_TRUE(fs::is_symlink(folder.path() / "link"));
  EXPECT_EQ(content_of(folder.path() / "real/file"), "new");
}

TEST(PosixAtomicFile, GivesANewFileTheModeTheUmaskLeaves) {
  const testing::TemporaryFolder folder;
  const mode_t old_mask = umask(027);
  const auto written = write_file(posix_file_system(), folder.path() / "file", "x");
  umask(old_mask);
  ASSERT_TRUE(written);
  EXPECT_EQ(fs::status(folder.path() / "file").permissions(), fs::perms(0640));
}

TEST(PosixAtomicFile, WritesThroughAPipe) {
  const testing::TemporaryFolder folder;
  const fs::path pipe = folder.path() / "pipe";
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  const int reader = open(pipe.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  ASSERT_GE(reader, 0);
  ASSERT_TRUE(write_file(posix_file_system(), pipe, "through"));
  std::string got(100, ' ');
  got.resize(static_cast<std::size_t>(read(reader, got.data(), got.size())));
  EXPECT_EQ(got, "through");
  close(reader);
  EXPECT_TRUE(fs::is_fifo(pipe));
}

TEST(PosixAtomicFile, WritesToTheRegularFileBehindStandardOutput) {
  const testing::TemporaryFolder folder;
  const int file =
      open((folder.path() / "out").c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  ASSERT_GE(file, 0);
  ASSERT_TRUE(write_file(posix_file_system(), "/dev/fd/" + std::to_string(file), "text"));
  struct stat status{};
  ASSERT_EQ(fstat(file, &status), 0);
  EXPECT_EQ(status.st_size, 4);
  EXPECT_EQ(status.st_nlink, 1U);
  close(file);
}

TEST(PosixAtomicFile, LeavesNothingBesideTheTarget) {
  const testing::TemporaryFolder folder;
  ASSERT_TRUE(write_file(posix_file_system(), folder.path() / "deep/er/file", "x"));
  {
    ASSERT_TRUE(AtomicFile::create(posix_file_system(), folder.path() / "deep/er/file"));
  }
  EXPECT_EQ(posix_file_system().list(folder.path() / "deep/er").value(),
            std::vector<std::string>{"file"});
}

TEST(PosixReadFile, ReadsFilesOfTheKernelWhoseSizeIsZero) {
  EXPECT_FALSE(content_of("/proc/self/cmdline").empty());
  EXPECT_EQ(read_file(posix_file_system(), "/proc/self/cmdline", ByteCount(1)).error().code,
            ErrorCode::kExhausted);
}

}  // namespace
}  // namespace assay::files
