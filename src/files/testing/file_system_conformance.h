/// \file
/// What every FileSystem does, as one suite. A test file includes this header once and instantiates
/// FileSystemConformance with a maker.

#pragma once

#include "files/file_system.h"

#include <gtest/gtest.h>

#include <array>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <ostream>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace assay::files::testing {

/// A file system and a folder in it that the test may fill; the folder is there and empty.
class FileSystemFixture {
 public:
  virtual ~FileSystemFixture() = default;
  virtual FileSystem& file_system() = 0;
  virtual std::filesystem::path folder() = 0;
};

struct FileSystemMaker {
  std::string name;
  std::function<std::unique_ptr<FileSystemFixture>()> make;
};

/// What a failed test prints instead of the maker's bytes.
inline void PrintTo(const FileSystemMaker& maker, std::ostream* stream) { *stream << maker.name; }

class FileSystemConformance : public ::testing::TestWithParam<FileSystemMaker> {
 protected:
  FileSystem& file_system() { return fixture_->file_system(); }
  std::filesystem::path path(std::string_view name) { return fixture_->folder() / name; }

  void put(const std::filesystem::path& target, std::string_view content) {
    auto file = file_system().open(target, OpenMode::kAppend);
    ASSERT_TRUE(file) << file.error().message;
    ASSERT_TRUE((*file)->truncate(ByteCount(0)));
    ASSERT_TRUE((*file)->append(as_bytes(content)));
    ASSERT_TRUE((*file)->sync());
  }

  std::string content_of(const std::filesystem::path& target) {
    auto file = file_system().open(target, OpenMode::kRead);
    if (!file) return "error: " + file.error().message;
    std::string content(1000, ' ');
    const auto got = (*file)->read_at(0, std::as_writable_bytes(std::span(content)));
    if (!got) return "error: " + got.error().message;
    content.resize(*got);
    return content;
  }

 private:
  std::unique_ptr<FileSystemFixture> fixture_ = GetParam().make();
};

TEST_P(FileSystemConformance, AppendsAndReadsAtAnyOffset) {
  auto file = file_system().open(path("a"), OpenMode::kAppend);
  ASSERT_TRUE(file);
  ASSERT_TRUE((*file)->append(as_bytes("hello ")));
  ASSERT_TRUE((*file)->append(as_bytes("world")));
  ASSERT_TRUE((*file)->append({}));
  EXPECT_EQ((*file)->size().value(), ByteCount(11));
  std::array<std::byte, 8> bytes{};
  EXPECT_EQ((*file)->read_at(6, bytes).value(), 5U);
  EXPECT_EQ(as_text(std::span(bytes).first(5)), "world");
  EXPECT_EQ((*file)->read_at(11, bytes).value(), 0U);
  EXPECT_EQ((*file)->read_at(1000, bytes).value(), 0U);
}

TEST_P(FileSystemConformance, AppendKeepsWhatIsThere) {
  put(path("a"), "one");
  auto file = file_system().open(path("a"), OpenMode::kAppend);
  ASSERT_TRUE(file);
  ASSERT_TRUE((*file)->append(as_bytes("two")));
  EXPECT_EQ(content_of(path("a")), "onetwo");
}

TEST_P(FileSystemConformance, CutsAndAppendsAtTheNewEnd) {
  auto file = file_system().open(path("a"), OpenMode::kCreateNew);
  ASSERT_TRUE(file);
  ASSERT_TRUE((*file)->append(as_bytes("123456")));
  ASSERT_TRUE((*file)->truncate(ByteCount(2)));
  ASSERT_TRUE((*file)->append(as_bytes("x")));
  EXPECT_EQ(content_of(path("a")), "12x");
}

TEST_P(FileSystemConformance, CreateNewRefusesWhatExists) {
  put(path("a"), "kept");
  const auto file = file_system().open(path("a"), OpenMode::kCreateNew);
  ASSERT_FALSE(file);
  EXPECT_EQ(file.error().code, ErrorCode::kInvalidInput);
  EXPECT_EQ(content_of(path("a")), "kept");
}

TEST_P(FileSystemConformance, AbsentFilesAreNotFoundAndNamed) {
  for (const auto& status : {Status(file_system().remove(path("absent"))),
                             Status(file_system().rename(path("absent"), path("b")))}) {
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().code, ErrorCode::kNotFound) << status.error().message;
    EXPECT_NE(status.error().message.find("absent"), std::string::npos) << status.error().message;
  }
  EXPECT_EQ(file_system().open(path("absent"), OpenMode::kRead).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(file_system().open(path("absent"), OpenMode::kWriteThrough).error().code,
            ErrorCode::kNotFound);
  EXPECT_EQ(file_system().list(path("absent")).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(file_system().open(path("no/folder"), OpenMode::kAppend).error().code,
            ErrorCode::kNotFound);
  EXPECT_EQ(file_system().info(path("absent")).value(), std::nullopt);
}

TEST_P(FileSystemConformance, FoldersAreNotFiles) {
  ASSERT_TRUE(file_system().create_folders(path("folder/inner")));
  ASSERT_TRUE(file_system().create_folders(path("folder/inner")));
  for (const OpenMode mode : {OpenMode::kRead, OpenMode::kAppend}) {
    const auto file = file_system().open(path("folder"), mode);
    ASSERT_FALSE(file);
    EXPECT_EQ(file.error().code, ErrorCode::kInvalidInput) << file.error().message;
  }
  put(path("file"), "");
  EXPECT_EQ(file_system().create_folders(path("file")).error().code, ErrorCode::kInvalidInput);
  EXPECT_EQ(file_system().create_folders(path("file/x")).error().code, ErrorCode::kInvalidInput);
  EXPECT_EQ(file_system().list(path("file")).error().code, ErrorCode::kInvalidInput);
}

TEST_P(FileSystemConformance, InfoTellsKindAndSize) {
  put(path("a"), "12345");
  ASSERT_TRUE(file_system().create_folders(path("folder")));
  const auto file = file_system().info(path("a"));
  ASSERT_TRUE(file && *file);
  EXPECT_EQ((*file)->kind, FileKind::kFile);
  EXPECT_EQ((*file)->size, ByteCount(5));
  const auto folder = file_system().info(path("folder"));
  ASSERT_TRUE(folder && *folder);
  EXPECT_EQ((*folder)->kind, FileKind::kFolder);
  EXPECT_EQ(file_system().info(path("a/b")).value(), std::nullopt);
  const auto unfollowed = file_system().info_unfollowed(path("a"));
  ASSERT_TRUE(unfollowed && *unfollowed);
  EXPECT_EQ((*unfollowed)->size, ByteCount(5));
  EXPECT_EQ(file_system().info_unfollowed(path("absent")).value(), std::nullopt);
}

TEST_P(FileSystemConformance, ListsNamesInByteOrder) {
  for (const auto* name : {"b", "a", "B", ".hidden"}) put(path(name), "");
  ASSERT_TRUE(file_system().create_folders(path("c/deep")));
  put(path("c/deep/file"), "");
  EXPECT_EQ(file_system().list(path("")).value(),
            (std::vector<std::string>{".hidden", "B", "a", "b", "c"}));
  EXPECT_EQ(file_system().list(path("c")).value(), std::vector<std::string>{"deep"});
}

TEST_P(FileSystemConformance, RenameReplacesAndOpenFilesStayAsTheyAre) {
  put(path("old"), "old");
  put(path("new"), "new");
  auto reader = file_system().open(path("old"), OpenMode::kRead);
  ASSERT_TRUE(reader);
  ASSERT_TRUE(file_system().rename(path("new"), path("old")));
  ASSERT_TRUE(file_system().sync_folder(path("")));
  EXPECT_EQ(content_of(path("old")), "new");
  EXPECT_EQ(file_system().info(path("new")).value(), std::nullopt);
  std::array<std::byte, 3> bytes{};
  ASSERT_TRUE((*reader)->read_at(0, bytes));
  EXPECT_EQ(as_text(bytes), "old");
}

TEST_P(FileSystemConformance, ALinkOutlivesTheFirstName) {
  put(path("first"), "bytes");
  put(path("taken"), "other");
  ASSERT_TRUE(file_system().link(path("first"), path("second")));
  const auto first_name = file_system().info(path("first")).value();
  EXPECT_EQ(first_name->identity, file_system().info(path("second")).value()->identity);
  EXPECT_EQ(first_name->num_names, 2U);
  ASSERT_TRUE(file_system().sync_folder(path("")));
  EXPECT_EQ(content_of(path("second")), "bytes");
  ASSERT_TRUE(file_system().remove(path("first")));
  EXPECT_EQ(content_of(path("second")), "bytes");
  const auto onto_a_file = file_system().link(path("second"), path("taken"));
  ASSERT_FALSE(onto_a_file);
  EXPECT_EQ(onto_a_file.error().code, ErrorCode::kInvalidInput);
  const auto of_nothing = file_system().link(path("first"), path("third"));
  ASSERT_FALSE(of_nothing);
  EXPECT_EQ(of_nothing.error().code, ErrorCode::kNotFound);
}

TEST_P(FileSystemConformance, LocksExcludeEachOtherUntilReleased) {
  auto first = file_system().lock(path("lock"));
  ASSERT_TRUE(first) << first.error().message;
  const auto second = file_system().lock(path("lock"));
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::kUnavailable);
  EXPECT_TRUE(file_system().lock(path("other")));
  first->reset();
  EXPECT_TRUE(file_system().lock(path("lock")));
}

TEST_P(FileSystemConformance, ALockGoesAlongWithItsFile) {
  const auto lock = file_system().lock(path("a"));
  ASSERT_TRUE(lock);
  ASSERT_TRUE(file_system().rename(path("a"), path("b")));
  EXPECT_FALSE(file_system().lock(path("b")));
  EXPECT_TRUE(file_system().lock(path("a")));
}

TEST_P(FileSystemConformance, SpaceIsThatOfTheDisk) {
  const auto space = file_system().space(path("."));
  ASSERT_TRUE(space) << space.error().message;
  EXPECT_GT(space->total, ByteCount(0));
  EXPECT_LE(space->free, space->total);
  EXPECT_EQ(file_system().space(path("absent")).error().code, ErrorCode::kNotFound);
}

TEST_P(FileSystemConformance, ResolveGivesAnAbsolutePath) {
  put(path("a"), "");
  const auto resolved = file_system().resolve(path(".") / "a");
  ASSERT_TRUE(resolved);
  EXPECT_TRUE(resolved->is_absolute());
  EXPECT_EQ(resolved->filename(), "a");
  EXPECT_EQ(file_system().resolve(path("absent")).value().filename(), "absent");
}

}  // namespace assay::files::testing
