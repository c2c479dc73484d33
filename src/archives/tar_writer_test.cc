#include "archives/tar_writer.h"

#include "archives/testing/command_output.h"
#include "files/testing/simulated_file_system.h"
#include "files/testing/temporary_folder.h"

#include <gtest/gtest.h>

#include <string>

namespace assay::archives {
namespace {

using files::testing::SimulatedFileSystem;
using testing::output_of;

TEST(TarWriter, WritesWhatTarReads) {
  const files::testing::TemporaryFolder folder;
  const auto target = folder.path() / "x.tar";
  const std::string long_name = "folder/" + std::string(150, 'n') + ".png";
  auto tar = TarWriter::create(files::posix_file_system(), target);
  ASSERT_TRUE(tar) << tar.error().message;
  ASSERT_TRUE(tar->add("a.json", "{}"));
  ASSERT_TRUE(tar->add("empty", ""));
  ASSERT_TRUE(tar->add(long_name, std::string(512, 'x')));
  ASSERT_TRUE(tar->add("caf\u00e9.txt", "c"));
  ASSERT_TRUE(tar->begin("pieces", ByteCount(700)));
  ASSERT_TRUE(tar->write(std::string(300, 'p')));
  ASSERT_TRUE(tar->write(std::string(400, 'q')));
  ASSERT_TRUE(tar->finish());
  const std::string path = target.native();
  EXPECT_EQ(output_of("LC_ALL=C.UTF-8 tar --quoting-style=literal -tf " + path + " 2>&1"),
            "a.json\nempty\n" + long_name + "\ncaf\u00e9.txt\npieces\n");
  EXPECT_EQ(output_of("tar -xOf " + path + " pieces 2>&1"),
            std::string(300, 'p') + std::string(400, 'q'));
  EXPECT_EQ(output_of("tar -xOf " + path + " " + long_name + " 2>&1"), std::string(512, 'x'));
}

TEST(TarWriter, SizesBeyondUstarGoIntoThePaxHeader) {
  SimulatedFileSystem disk;
  auto tar = TarWriter::create(disk, "/x.tar");
  ASSERT_TRUE(tar);
  // Abandoned after the header: ten gigabytes are not written in a test.
  ASSERT_TRUE(tar->begin("large", ByteCount(10'000'000'000)));
  ASSERT_TRUE(tar->write(std::string(100'000, 'x')));
  const auto content = disk.content("/.x.tar.tmp-0");
  ASSERT_TRUE(content);
  EXPECT_EQ(content->substr(512, 20), "20 size=10000000000\n");
}

TEST(TarWriter, TheSameContentGivesTheSameBytes) {
  SimulatedFileSystem disk;
  for (const char* target : {"/a.tar", "/b.tar"}) {
    auto tar = TarWriter::create(disk, target);
    ASSERT_TRUE(tar);
    ASSERT_TRUE(tar->add("x", "content"));
    ASSERT_TRUE(tar->finish());
  }
  EXPECT_EQ(disk.content("/a.tar"), disk.content("/b.tar"));
  EXPECT_EQ(disk.content("/a.tar")->size() % 512, 0);
}

TEST(TarWriter, WithoutFinishNothingIsThere) {
  SimulatedFileSystem disk;
  {
    auto tar = TarWriter::create(disk, "/x.tar");
    ASSERT_TRUE(tar);
    ASSERT_TRUE(tar->add("x", "content"));
  }
  EXPECT_FALSE(disk.content("/x.tar"));
  EXPECT_EQ(disk.list("/")->size(), 0);
}

}  // namespace
}  // namespace assay::archives
