#include "core/random.h"
#include "tables/page_bytes_internal.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace assay::tables {
namespace {

/// Counts what is read of it.
class CountedSource final : public files::ByteSource {
 public:
  CountedSource(std::string bytes, bool is_remote)
      : bytes_(std::move(bytes)), is_remote_(is_remote) {}

  const std::string& name() const override { return name_; }
  ByteCount size() const override { return ByteCount(bytes_.size()); }
  bool is_remote() const override { return is_remote_; }
  Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> into) const override {
    const std::string_view here = std::string_view(bytes_).substr(offset, into.size());
    std::ranges::copy(as_bytes(here), into.begin());
    num_bytes_ += here.size();
    ++num_reads_;
    return here.size();
  }

  std::uint64_t num_bytes() const { return num_bytes_; }
  std::uint64_t num_reads() const { return num_reads_; }

 private:
  std::string bytes_;
  bool is_remote_;
  std::string name_ = "counted";
  mutable std::uint64_t num_bytes_ = 0;
  mutable std::uint64_t num_reads_ = 0;
};

/// A Snappy block as it is made, and what it unpacks to.
struct Block {
  std::string packed = std::string("\x00", 1);  // nobody looks at the size
  std::string text;

  void add_number(std::size_t value, int num_bytes) {
    for (int i = 0; i < num_bytes; ++i) packed += static_cast<char>(value >> (8 * i));
  }
  void add_literal(std::string_view bytes) {
    packed += static_cast<char>(62 << 2);  // three bytes say how long
    add_number(bytes.size() - 1, 3);
    packed += bytes;
    text += bytes;
  }
  void add_copy(std::size_t offset, std::size_t length) {
    packed += static_cast<char>(((length - 1) << 2) | 2);
    add_number(offset, 2);
    for (std::size_t i = 0; i < length; ++i) text += text[text.size() - offset];
  }
};

std::string noise(SeededRandom& random, std::size_t size) {
  std::string bytes(size, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random.next());
  return bytes;
}

Block random_block(SeededRandom& random) {
  Block block;
  block.add_literal(noise(random, 1 + random.below(100)));
  for (int i = 0; i < 40; ++i) {
    if (random.below(3) == 0) block.add_literal(noise(random, 1 + random.below(150'000)));
    if (random.below(3) == 0) block.add_literal(noise(random, 1 + random.below(100)));
    for (std::uint64_t copies = random.below(5); copies > 0; --copies) {
      const std::size_t reach = std::min<std::size_t>(block.text.size(), 65'535);
      block.add_copy(1 + random.below(reach), 1 + random.below(64));
    }
  }
  return block;
}

/// Go through it in steps, some of which are read.
void expect_equal_in_steps(const Block& block, bool is_remote, SeededRandom& random) {
  const CountedSource source(block.packed, is_remote);
  StoredBytes stored(source, 0, block.packed.size());
  UnpackedBytes unpacked(stored);
  for (std::size_t at = 0; at < block.text.size();) {
    const std::size_t longest = random.below(2) == 0 ? 200 : 200'000;
    const std::size_t size = std::min(1 + random.below(longest), block.text.size() - at);
    if (random.below(2) == 0) {
      ASSERT_TRUE(unpacked.skip(size)) << at;
    } else {
      std::string read(size, '\0');
      ASSERT_TRUE(unpacked.read(std::as_writable_bytes(std::span(read)))) << at;
      ASSERT_TRUE(read == block.text.substr(at, size)) << at;
    }
    at += size;
  }
  EXPECT_FALSE(unpacked.skip(1));
}

TEST(UnpackedBytes, GivesTheSameBytesWhateverIsPassedOver) {
  SeededRandom random(1);
  for (int i = 0; i < 60; ++i) {
    const Block block = random_block(random);
    for (int round = 0; round < 5; ++round) {
      expect_equal_in_steps(block, round % 2 == 0, random);
      if (HasFatalFailure()) return;
    }
  }
}

TEST(UnpackedBytes, LeavesLongLiteralsInTheFile) {
  SeededRandom random(2);
  Block block;
  for (int i = 0; i < 100; ++i) {
    block.add_literal(noise(random, 60'000));
    block.add_copy(50'000, 4);
  }
  const CountedSource source(block.packed, false);
  StoredBytes stored(source, 0, block.packed.size());
  UnpackedBytes unpacked(stored);
  constexpr std::size_t kTail = 10'000;
  std::array<std::byte, 4> length{};
  for (std::size_t left = block.text.size() - kTail; left > 0;) {
    ASSERT_TRUE(unpacked.read(length));
    const std::size_t skipped = std::min<std::size_t>(left - length.size(), 20'000);
    ASSERT_TRUE(unpacked.skip(skipped));
    left -= length.size() + skipped;
  }
  std::string tail(kTail, '\0');
  ASSERT_TRUE(unpacked.read(std::as_writable_bytes(std::span(tail))));
  EXPECT_TRUE(block.text.ends_with(tail));
  EXPECT_LT(source.num_bytes(), 400'000U);
}

TEST(UnpackedBytes, AsksARemoteSourceForMuchAtATime) {
  SeededRandom random(3);
  Block block;
  for (int i = 0; i < 100; ++i) block.add_literal(noise(random, 60'000));
  const CountedSource source(block.packed, true);
  StoredBytes stored(source, 0, block.packed.size());
  UnpackedBytes unpacked(stored);
  ASSERT_TRUE(unpacked.skip(block.text.size()));
  EXPECT_EQ(source.num_reads(), 2U);
}

// Each copy reads a byte of a literal that was passed over.
TEST(UnpackedBytes, DoesNotReadForEachOfManyCopies) {
  SeededRandom random(4);
  Block block;
  block.add_literal(noise(random, 65'000));
  for (int i = 0; i < 300; ++i) block.add_copy(60'000 - (i * 100), 1);
  const CountedSource source(block.packed, false);
  StoredBytes stored(source, 0, block.packed.size());
  UnpackedBytes unpacked(stored);
  ASSERT_TRUE(unpacked.skip(block.text.size()));
  EXPECT_LT(source.num_reads(), 200U);
}

}  // namespace
}  // namespace assay::tables
