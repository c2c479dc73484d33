#include "archives/entry_source.h"

#include "archives/testing/zip_builder.h"
#include "files/atomic_file.h"
#include "files/testing/simulated_file_system.h"
#include "files/testing/temporary_folder.h"

#include <gtest/gtest.h>

#include <sys/stat.h>

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace assay::archives {
namespace {

namespace fs = std::filesystem;
using files::testing::SimulatedFileSystem;
using testing::ZipBuilder;

using Contents = std::vector<std::pair<std::string, std::string>>;

/// The content, or the verdict in angle brackets.
std::string entry_content(const EntrySource& source, std::size_t index) {
  std::string content(source.entries()[index].size.count(), '#');
  const auto verdict = source.read(index, std::as_writable_bytes(std::span(content)));
  if (!verdict) return "error: " + verdict.error().message;
  return *verdict == EntryVerdict::kOk ? content : "<" + std::string(to_string(*verdict)) + ">";
}

Contents all_contents(const EntrySource& source) {
  Contents contents;
  for (std::size_t k = 0; k < source.entries().size(); ++k) {
    contents.emplace_back(source.entries()[k].path, entry_content(source, k));
  }
  return contents;
}

void put(files::FileSystem& file_system, const fs::path& path, std::string_view content) {
  ASSERT_TRUE(file_system.create_folders(path.parent_path()));
  ASSERT_TRUE(files::write_file(file_system, path, content));
}

const std::vector<std::pair<std::string, std::string>> kFiles = {
    {"b/2.png", "two"},
    {"b/10.PNG", "ten"},
    {"b.jpg", "b"},
    {"a.Jpeg", "a"},
    {"empty.png", ""},
    {"notes.txt", "text"},
    {"png", "no extension"},
    {".hidden.png", "h"},
    {".git/x.png", "x"},
    {"b/._2.png", "double"},
    {"__MACOSX/b/._2.png", "resource"},
    {"inner.zip", "PK"},
};
const EntrySourceOptions kImages{.extensions = {".png", ".jpg", ".JPEG"}};
const Contents kImageContents{
    {"a.Jpeg", "a"}, {"b.jpg", "b"}, {"b/10.PNG", "ten"}, {"b/2.png", "two"}};

TEST(EntrySource, AZipAndTheFolderOfItsFilesAreTheSame) {
  SimulatedFileSystem disk;
  ZipBuilder builder;
  for (const auto& [path, content] : kFiles) {
    put(disk, "/folder/" + path, content);
    builder.add(path, content);
  }
  builder.add("b/", "");
  put(disk, "/x.zip", builder.finish());
  const auto zip = open_entry_source(disk, "/x.zip", kImages);
  const auto folder = open_entry_source(disk, "/folder", kImages);
  ASSERT_TRUE(zip && folder);
  EXPECT_EQ((*zip)->kind(), SourceKind::kZip);
  EXPECT_EQ((*folder)->kind(), SourceKind::kFolder);
  EXPECT_EQ((*zip)->name(), "/x.zip");
  EXPECT_EQ((*folder)->name(), "/folder");
  EXPECT_EQ(all_contents(**zip), kImageContents);
  EXPECT_EQ(all_contents(**folder), kImageContents);
  // Folder, Mac resource, Apple double, hidden, other extension, empty.
  EXPECT_EQ((*zip)->left_out(), (LeftOutCounts{1, 1, 1, 2, 3, 1}));
  EXPECT_EQ((*folder)->left_out(), (LeftOutCounts{0, 1, 1, 2, 3, 1}));
  EXPECT_TRUE((*zip)->entries()[0].crc32);
  EXPECT_FALSE((*folder)->entries()[0].crc32);
}

TEST(EntrySource, WithoutExtensionsAllFilesAreCandidates) {
  SimulatedFileSystem disk;
  put(disk, "/f/a", "1");
  put(disk, "/f/b.zip", "2");
  const auto source = open_entry_source(disk, "/f");
  ASSERT_TRUE(source);
  EXPECT_EQ(all_contents(**source), (Contents{{"a", "1"}, {"b.zip", "2"}}));
}

TEST(EntrySource, ABadEntryOfAZipCostsOnlyItself) {
  SimulatedFileSystem disk;
  put(disk, "/x.zip",
      ZipBuilder()
          .add("good.png", "g")
          .add("../bad.png", "b")
          .add({.name = "secret.png", .content = "s", .flags = 1})
          .add({.name = "damaged.png", .content = "d", .crc32 = 7})
          .finish());
  const auto source = open_entry_source(disk, "/x.zip", kImages);
  ASSERT_TRUE(source);
  EXPECT_EQ(all_contents(**source), (Contents{{"../bad.png", "<path_traversal>"},
                                              {"damaged.png", "<wrong_checksum>"},
                                              {"good.png", "g"},
                                              {"secret.png", "<encrypted>"}}));
}

TEST(EntrySource, WhatHappensToAFileAfterTheListingCostsOnlyIt) {
  SimulatedFileSystem disk;
  put(disk, "/f/a.png", "a");
  put(disk, "/f/b.png", "b");
  put(disk, "/f/c.png", "c");
  const auto source = open_entry_source(disk, "/f", kImages);
  ASSERT_TRUE(source);
  ASSERT_TRUE(disk.remove("/f/a.png"));
  put(disk, "/f/b.png", "longer");
  EXPECT_EQ(all_contents(**source),
            (Contents{{"a.png", "<unreadable>"}, {"b.png", "<changed>"}, {"c.png", "c"}}));
}

TEST(EntrySource, AFailingDiskIsAnError) {
  SimulatedFileSystem disk;
  put(disk, "/f/a.png", "a");
  put(disk, "/f/b/b.png", "b");
  const auto source = open_entry_source(disk, "/f", kImages);
  ASSERT_TRUE(source);
  disk.inject({.operation = disk.num_operations() + 1, .error = unavailable("no answer")});
  const std::string outcome = entry_content(**source, 0);
  EXPECT_TRUE(outcome.starts_with("error: ") && outcome.contains("no answer")) << outcome;
  // The second folder of a new listing.
  disk.inject({.operation = disk.num_operations() + 2, .error = unavailable("no answer")});
  EXPECT_EQ(open_entry_source(disk, "/f", kImages).error().code, ErrorCode::kUnavailable);
}

TEST(EntrySource, WhatIsNotThereIsNotFound) {
  SimulatedFileSystem disk;
  put(disk, "/x.zip", "no zip");
  EXPECT_EQ(open_entry_source(disk, "/absent").error().code, ErrorCode::kNotFound);
  EXPECT_EQ(open_entry_source(disk, "/x.zip").error().code, ErrorCode::kInvalidInput);
}

TEST(EntrySource, TheFingerprintOfAFolderTellsItsStates) {
  const files::testing::TemporaryFolder folder;
  files::FileSystem& disk = files::posix_file_system();
  const auto fingerprint = [&] {
    return open_entry_source(disk, folder.path(), kImages).value()->fingerprint();
  };
  put(disk, folder.path() / "a.png", "a");
  const Sha256 one = fingerprint();
  put(disk, folder.path() / "b.txt", "left out");
  EXPECT_EQ(one, fingerprint());
  put(disk, folder.path() / "b.png", "b");
  const Sha256 two = fingerprint();
  EXPECT_NE(one, two);
  ASSERT_TRUE(disk.rename(folder.path() / "b.png", folder.path() / "c.png"));
  const Sha256 three = fingerprint();
  EXPECT_NE(two, three);
  fs::last_write_time(folder.path() / "c.png", fs::file_time_type());
  EXPECT_NE(three, fingerprint());
}

TEST(EntrySource, FollowsNoLinksAndOpensNoPipes) {
  const files::testing::TemporaryFolder folder;
  fs::create_directories(folder.path() / "real/sub");
  ASSERT_TRUE(files::write_file(files::posix_file_system(), folder.path() / "real/sub/a.png", "a"));
  fs::create_symlink("sub/a.png", folder.path() / "real/link.png");
  fs::create_symlink("absent", folder.path() / "real/dangling.png");
  fs::create_directory_symlink("sub", folder.path() / "real/folder");
  fs::create_directory_symlink("sub", folder.path() / "real/up.png");
  ASSERT_EQ(mkfifo((folder.path() / "real/pipe.png").c_str(), 0600), 0);
  // The folder that was asked for may be a link.
  fs::create_directory_symlink("real", folder.path() / "source");
  const auto source =
      open_entry_source(files::posix_file_system(), folder.path() / "source", kImages);
  ASSERT_TRUE(source) << source.error().message;
  EXPECT_EQ(all_contents(**source), (Contents{{"dangling.png", "<link>"},
                                              {"link.png", "<link>"},
                                              {"pipe.png", "<device>"},
                                              {"sub/a.png", "a"},
                                              {"up.png", "<link>"}}));
}

TEST(EntrySource, AFolderThatMayNotBeListedIsAnEntry) {
  SimulatedFileSystem disk;
  put(disk, "/f/a.png", "a");
  put(disk, "/f/closed/b.png", "b");
  disk.inject({.operation = disk.num_operations() + 2, .error = denied("not yours")});
  const auto source = open_entry_source(disk, "/f", kImages);
  ASSERT_TRUE(source) << source.error().message;
  EXPECT_EQ(all_contents(**source), (Contents{{"a.png", "a"}, {"closed", "<unreadable>"}}));
}

}  // namespace
}  // namespace assay::archives
