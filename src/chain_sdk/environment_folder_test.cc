#include "chain_sdk/environment_folder.h"

#include "files/testing/temporary_folder.h"

#include <gtest/gtest.h>

#include <fstream>
#include <string>

namespace assay::chain_sdk {
namespace {

using files::testing::TemporaryFolder;

Environment environment_of(const std::string& name, const std::string& sdk) {
  return {.name = name,
          .sdk = sdk,
          .python = "3.11.2",
          .is_pinned = true,
          .made = parse_timestamp("2026-11-21T10:00:00Z").value()};
}

TEST(EnvironmentFolder, IsEmptyWhereNothingWasInstalled) {
  const TemporaryFolder folder;
  const auto read = read_environments(files::posix_file_system(), folder.path() / "none");
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_FALSE(read->current);
  EXPECT_FALSE(read->previous);
}

TEST(EnvironmentFolder, ReadsWhatItWrote) {
  const TemporaryFolder folder;
  auto& disk = files::posix_file_system();
  const Environments written{.current = environment_of("env-2", "11.4.0"),
                             .previous = environment_of("env-1", "11.3.0")};
  ASSERT_TRUE(write_environments(disk, folder.path(), written));
  const auto read = read_environments(disk, folder.path());
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->current, written.current);
  EXPECT_EQ(read->previous, written.previous);
  EXPECT_EQ(python_of(folder.path(), *read->current), folder.path() / "env-2/bin/python");
}

TEST(EnvironmentFolder, ANameThatLeadsElsewhereIsRefused) {
  const TemporaryFolder folder;
  for (const std::string name : {"../../bin", "env-", "env-1/..", "other", "env-1x"}) {
    std::ofstream(folder.path() / "current.json")
        << R"({"format":"assay-chain-sdk/1","current":{"name":")" << name
        << R"(","sdk":"11","python":"3.11.2","pinned":true,"made":"2026-11-21T10:00:00Z"}})";
    const auto read = read_environments(files::posix_file_system(), folder.path());
    ASSERT_FALSE(read) << name;
    EXPECT_EQ(read.error().code, ErrorCode::kCorrupt);
    EXPECT_TRUE(read.error().message.contains("assay chain install")) << read.error().message;
  }
}

TEST(EnvironmentFolder, ABrokenPointerSaysWhatToDo) {
  const TemporaryFolder folder;
  for (const std::string text : {"", "{", "[]", "{}", R"({"format":"assay-chain-sdk/2"})"}) {
    std::ofstream(folder.path() / "current.json") << text;
    const auto read = read_environments(files::posix_file_system(), folder.path());
    ASSERT_FALSE(read) << text;
    EXPECT_TRUE(read.error().message.contains("current.json")) << read.error().message;
  }
}

}  // namespace
}  // namespace assay::chain_sdk
