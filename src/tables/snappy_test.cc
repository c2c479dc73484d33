#include "core/random.h"
#include "tables/snappy_internal.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace assay::tables {
namespace {

using namespace std::literals;

// Decompresses with no byte to spare around the block and the result, so that asan sees every step
// outside.
Result<std::string> decompressed(std::string_view block) {
  const auto exact = std::make_unique<std::uint8_t[]>(block.size());
  std::memcpy(exact.get(), block.data(), block.size());
  const std::span<const std::uint8_t> input(exact.get(), block.size());
  ASSIGN_OR_RETURN(const std::size_t size, snappy_size(input));
  if (size > (1 << 20)) return exhausted("too large for this test");
  const auto output = std::make_unique<std::uint8_t[]>(size);
  RETURN_IF_ERROR(snappy_decompress(input, {output.get(), size}));
  return std::string(reinterpret_cast<const char*>(output.get()), size);
}

std::string varint(std::size_t value) {
  std::string text;
  for (; value >= 0x80; value >>= 7) text.push_back(static_cast<char>(value | 0x80));
  text.push_back(static_cast<char>(value));
  return text;
}

// Writes blocks element by element, with what they stand for beside them.
struct BlockWriter {
  std::string elements;
  std::string text;

  void literal(std::string_view bytes) {
    const std::size_t length = bytes.size() - 1;
    if (length < 60) {
      elements.push_back(static_cast<char>(length << 2));
    } else {
      std::string size;
      for (std::size_t left = length; left > 0; left >>= 8) size.push_back(static_cast<char>(left));
      elements.push_back(static_cast<char>((59 + size.size()) << 2));
      elements += size;
    }
    elements += bytes;
    text += bytes;
  }
  void copy(std::size_t offset, std::size_t length, int kind) {
    if (kind == 1) {
      elements.push_back(static_cast<char>(1 | (length - 4) << 2 | (offset >> 8) << 5));
      elements.push_back(static_cast<char>(offset));
    } else {
      elements.push_back(static_cast<char>((length - 1) << 2 | static_cast<std::size_t>(kind)));
      for (int i = 0; i < (kind == 2 ? 2 : 4); ++i) {
        elements.push_back(static_cast<char>(offset >> (8 * i)));
      }
    }
    for (std::size_t i = 0; i < length; ++i) text.push_back(text[text.size() - offset]);
  }
  std::string block() const { return varint(text.size()) + elements; }
};

// By the kind of a copy: how far back it reaches (of the last, far enough), and its bytes.
constexpr std::array<std::size_t, 4> kFarthest = {0, 2047, 65'535, 1'000'000};
constexpr std::array<std::size_t, 4> kOffsetBytes = {0, 1, 2, 4};

// A block of all kinds of elements, long and short.
BlockWriter random_block(SeededRandom& random, int num_elements) {
  BlockWriter writer;
  for (int i = 0; i < num_elements; ++i) {
    if (writer.text.empty() || random.below(2) == 0) {
      std::string bytes(1 + random.below(random.below(40) == 0 ? 70'000 : 70), ' ');
      for (char& byte : bytes) byte = static_cast<char>(random.next());
      writer.literal(bytes);
      continue;
    }
    const int kind = static_cast<int>(1 + random.below(3));
    const std::size_t most = kFarthest[static_cast<std::size_t>(kind)];
    const std::size_t reach = random.below(3) == 0 ? 20 : most;
    const std::size_t offset = 1 + random.below(std::min({reach, most, writer.text.size()}));
    writer.copy(offset, kind == 1 ? 4 + random.below(8) : 1 + random.below(64), kind);
  }
  return writer;
}

TEST(Snappy, ReadsABlockWrittenByHand) {
  EXPECT_EQ(decompressed("\x00"sv).value(), "");
  EXPECT_EQ(decompressed("\x03\x08xyz").value(), "xyz");
  // A literal of 3, then a copy of 9 from 3 before.
  EXPECT_EQ(decompressed("\x0c\x08xyz\x15\x03"sv).value(), "xyzxyzxyzxyz");
}

TEST(Snappy, ReadsAllKindsOfElements) {
  SeededRandom random(3);
  for (int i = 0; i < 400; ++i) {
    const BlockWriter writer = random_block(random, static_cast<int>(1 + random.below(200)));
    const auto text = decompressed(writer.block());
    ASSERT_TRUE(text) << i << ": " << text.error().message;
    ASSERT_EQ(*text, writer.text) << i;
  }
}

TEST(Snappy, RefusesBrokenBlocks) {
  const std::vector<std::string_view> broken = {
      ""sv,                          // nothing
      "\xff\xff\xff\xff\xff\x01"sv,  // a size without an end
      "\x04\x08xyz"sv,               // too short
      "\x02\x08xyz"sv,               // too long
      "\x05\x10xyz"sv,               // a literal over the end
      "\x08\x08xyz\x05\x00"sv,       // an offset of nothing
      "\x08\x08xyz\x05\x04"sv,       // an offset before the begin
      "\x08\x08xyz\x05"sv,           // half a copy
      "\x08\xfc\xff\xff\xff\xff"sv,  // a literal of 4 GiB
      "\x01\xf0"sv,                  // a literal whose length is cut off
  };
  for (const std::string_view block : broken) {
    const auto text = decompressed(block);
    ASSERT_FALSE(text) << ::testing::PrintToString(block);
    EXPECT_EQ(text.error().code, ErrorCode::kCorrupt);
  }
}

TEST(Snappy, RefusesABrokenCopyFarFromTheEnds) {
  for (const int kind : {1, 2, 3}) {
    for (const std::size_t offset : {std::size_t{0}, std::size_t{201}}) {
      BlockWriter writer;
      for (int i = 0; i < 4; ++i) writer.literal(std::string(50, 'a'));
      writer.copy(200, 8, kind);
      const std::size_t place =
          writer.elements.size() - kOffsetBytes[static_cast<std::size_t>(kind)];
      for (int i = 0; i < 4; ++i) writer.literal(std::string(50, 'b'));
      EXPECT_TRUE(decompressed(writer.block()));
      writer.elements[place] = static_cast<char>(offset);
      EXPECT_FALSE(decompressed(writer.block())) << kind << " " << offset;
    }
  }
}

TEST(Snappy, StaysWithinItsBoundsOnBlocksThatAreBrokenAtRandom) {
  SeededRandom random(5);
  for (int i = 0; i < 3000; ++i) {
    std::string block = random_block(random, 30).block();
    for (std::uint64_t flips = random.below(4); flips > 0; --flips) {
      block[random.below(block.size())] = static_cast<char>(random.next());
    }
    block.resize(block.size() - random.below(block.size()) * random.below(2));
    static_cast<void>(decompressed(block));
  }
}

}  // namespace
}  // namespace assay::tables
