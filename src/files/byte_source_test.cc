#include "files/byte_source.h"

#include "files/atomic_file.h"
#include "files/testing/simulated_file_system.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace assay::files {
namespace {

std::string text_at(const ByteSource& source, std::uint64_t offset, std::size_t length) {
  std::string text(length, ' ');
  const auto got = source.read_at(offset, std::as_writable_bytes(std::span(text)));
  if (!got) return "error: " + got.error().message;
  text.resize(*got);
  return text;
}

TEST(ByteSource, FilesAndMemoryReadAlike) {
  testing::SimulatedFileSystem file_system;
  ASSERT_TRUE(write_file(file_system, "a.parquet", "0123456789"));
  const auto file = open_byte_source(file_system, "a.parquet");
  ASSERT_TRUE(file);
  const auto memory = memory_byte_source("a.parquet", "0123456789");
  for (const ByteSource* source : {file->get(), memory.get()}) {
    EXPECT_EQ(source->name(), "a.parquet");
    EXPECT_EQ(source->size(), ByteCount(10));
    EXPECT_EQ(text_at(*source, 0, 4), "0123");
    EXPECT_EQ(text_at(*source, 8, 4), "89");
    EXPECT_EQ(text_at(*source, 10, 4), "");
    EXPECT_EQ(text_at(*source, ~std::uint64_t{0}, 4), "");
  }
}

TEST(ByteSource, KeepsTheSizeItWasOpenedWith) {
  testing::SimulatedFileSystem file_system;
  ASSERT_TRUE(write_file(file_system, "a", "01"));
  const auto source = open_byte_source(file_system, "a");
  ASSERT_TRUE(source);
  auto file = file_system.open("a", OpenMode::kAppend);
  ASSERT_TRUE(file);
  ASSERT_TRUE((*file)->append(as_bytes("23")));
  EXPECT_EQ(text_at(**source, 0, 10), "01");
}

TEST(ByteSource, RefusesFoldersPipesAndWhatIsNotThere) {
  testing::SimulatedFileSystem simulated;
  ASSERT_TRUE(simulated.create_folders("folder"));
  EXPECT_EQ(open_byte_source(simulated, "folder").error().code, ErrorCode::kInvalidInput);
  EXPECT_EQ(open_byte_source(simulated, "absent").error().code, ErrorCode::kNotFound);
  EXPECT_EQ(open_byte_source(posix_file_system(), "/dev/null").error().code,
            ErrorCode::kInvalidInput);
}

}  // namespace
}  // namespace assay::files
