#include "record_reading/line_blocks.h"

#include "files/testing/temporary_folder.h"
#include "json/line_scan.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace assay::record_reading {
namespace {

class TextStream final : public ByteStream {
 public:
  explicit TextStream(std::string text) : text_(std::move(text)) {}
  Result<std::size_t> read(std::span<std::byte> into) override {
    const std::size_t size = std::min(into.size(), text_.size() - at_);
    std::memcpy(into.data(), text_.data() + at_, size);
    at_ += size;
    return size;
  }

 private:
  std::string text_;
  std::size_t at_ = 0;
};

struct Read {
  std::vector<std::string> lines;
  std::vector<std::uint64_t> offsets;
  std::uint64_t num_too_long = 0;
};

void add(const LineBlock& block, Read& all) {
  all.num_too_long += block.num_too_long;
  for_each_line(block.text(), [&](std::string_view line) {
    all.lines.emplace_back(line);
    all.offsets.push_back(block.offset +
                          static_cast<std::uint64_t>(line.data() - block.text().data()));
  });
}

Read read_in_parts(const std::string& text) {
  const files::testing::TemporaryFolder folder;
  const auto path = folder.path() / "lines";
  std::ofstream(path, std::ios::binary) << text;
  const auto file = *files::posix_file_system().open(path, files::OpenMode::kRead);
  LineBlock block;
  Read all;
  for (std::uint64_t part = 0; part < text.size(); part += kFilePart) {
    EXPECT_TRUE(read_file_part(*file, text.size(), part, block));
    add(block, all);
  }
  return all;
}

/// As blocks, which must agree with the parts of a file.
Read read(const std::string& text) {
  LineBlocks blocks(std::make_unique<TextStream>(text));
  LineBlock block;
  Read all;
  while (*blocks.next(block)) add(block, all);
  const Read in_parts = read_in_parts(text);
  EXPECT_EQ(in_parts.lines, all.lines);
  EXPECT_EQ(in_parts.offsets, all.offsets);
  EXPECT_EQ(in_parts.num_too_long, all.num_too_long);
  return all;
}

TEST(LineBlocks, GivesLinesWithAndWithoutALastLf) {
  EXPECT_EQ(read("").lines, std::vector<std::string>{});
  EXPECT_EQ(read("a\n\nb").lines, (std::vector<std::string>{"a", "", "b"}));
  EXPECT_EQ(read("a\nb\n").lines, (std::vector<std::string>{"a", "b"}));
}

TEST(LineBlocks, KeepsLinesWholeOverTheEndsOfBlocks) {
  std::string text;
  std::vector<std::string> lines;
  std::vector<std::uint64_t> offsets;
  for (std::size_t i = 0; i < 3000; ++i) {
    offsets.push_back(text.size());
    lines.emplace_back((i * 7919) % 9000, static_cast<char>('a' + i % 26));
    text += lines.back() + "\n";
  }
  const Read all = read(text);
  EXPECT_EQ(all.lines, lines);
  EXPECT_EQ(all.offsets, offsets);
}

TEST(LineBlocks, KeepsALineThatBeginsOrEndsWithAPart) {
  for (const std::size_t size : {kFilePart - 2, kFilePart - 1, kFilePart, kFilePart + 1}) {
    const std::string first(size, 'a');
    const std::string second(3 * kFilePart, 'b');
    EXPECT_EQ(read(first + "\n" + second + "\n\nc").lines,
              (std::vector<std::string>{first, second, "", "c"}));
  }
}

TEST(LineBlocks, GivesNothingOfAFileThatWasCut) {
  const files::testing::TemporaryFolder folder;
  const auto path = folder.path() / "lines";
  std::ofstream(path, std::ios::binary) << "a\nb";
  const auto file = *files::posix_file_system().open(path, files::OpenMode::kRead);
  LineBlock block;
  ASSERT_TRUE(read_file_part(*file, 2 * kFilePart, 0, block));
  EXPECT_EQ(block.text(), "a\nb");
  ASSERT_TRUE(read_file_part(*file, 2 * kFilePart, kFilePart, block));
  EXPECT_EQ(block.text(), "");
}

TEST(LineBlocks, ReadsALineLargerThanABlock) {
  const std::string large(json::kMaxLineSize - 1, 'x');
  EXPECT_EQ(read("a\n" + large + "\nb\n").lines, (std::vector<std::string>{"a", large, "b"}));
}

TEST(LineBlocks, LeavesOutALineOverTheLimit) {
  const std::string huge(3 * json::kMaxLineSize, 'x');
  const Read within = read("a\n" + huge + "\nb\n");
  EXPECT_EQ(within.lines, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(within.offsets.back(), huge.size() + 3);
  EXPECT_EQ(within.num_too_long, 1);
  const Read at_end = read("a\n" + huge);
  EXPECT_EQ(at_end.lines, std::vector<std::string>{"a"});
  EXPECT_EQ(at_end.num_too_long, 1);
  EXPECT_EQ(read(huge + "\n" + huge + "\n").num_too_long, 2);
}

}  // namespace
}  // namespace assay::record_reading
