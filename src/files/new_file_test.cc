#include "files/new_file.h"

#include "files/atomic_file.h"
#include "files/testing/simulated_file_system.h"
#include "files/testing/temporary_folder.h"

#include <gtest/gtest.h>

#include <sys/stat.h>

#include <string>
#include <vector>

namespace assay::files {
namespace {

mode_t permissions_of(const std::filesystem::path& path) {
  struct stat status{};
  EXPECT_EQ(stat(path.c_str(), &status), 0);
  return status.st_mode & 07777U;
}

TEST(NewFile, ASecretIsForItsOwnerOnly) {
  const testing::TemporaryFolder folder;
  SeededRandom random(1);
  const auto made = create_file(posix_file_system(), folder.path() / "a/b/key", "seed",
                                FileReaders::kOwnerOnly, random);
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_EQ(permissions_of(folder.path() / "a/b/key"), 0600U);
  EXPECT_EQ(posix_file_system().list(folder.path() / "a/b").value(),
            std::vector<std::string>{"key"});
}

TEST(NewFile, NeverReplacesWhatIsThere) {
  testing::SimulatedFileSystem file_system;
  SeededRandom random(1);
  ASSERT_TRUE(create_file(file_system, "keys/a", "old", FileReaders::kAll, random));
  const auto again = create_file(file_system, "keys/a", "new", FileReaders::kAll, random);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, ErrorCode::kInvalidInput);
  EXPECT_NE(again.error().message.find("never overwritten"), std::string::npos);
  EXPECT_EQ(file_system.content("keys/a"), "old");
  EXPECT_EQ(file_system.list("keys").value(), std::vector<std::string>{"a"});
}

TEST(NewFile, ALinkThatLeadsNowhereIsAlsoThere) {
  const testing::TemporaryFolder folder;
  SeededRandom random(1);
  std::filesystem::create_symlink(folder.path() / "elsewhere", folder.path() / "key");
  EXPECT_FALSE(
      create_file(posix_file_system(), folder.path() / "key", "seed", FileReaders::kAll, random));
  EXPECT_FALSE(std::filesystem::exists(folder.path() / "elsewhere"));
}

}  // namespace
}  // namespace assay::files
