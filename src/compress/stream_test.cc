#include "compress/stream.h"

#include "core/random.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace assay::compress {
namespace {

using namespace literals;

std::string pattern(std::size_t size) {
  SeededRandom random(7);
  std::string text;
  while (text.size() < size) {
    text += "{\"metadata\": {\"generation_id\": \"" + std::to_string(random.next()) + "\"}}\n";
  }
  text.resize(size);
  return text;
}

std::string packed(Format format, std::string_view text) {
  auto result = compress(format, text);
  EXPECT_TRUE(result) << result.error().message;
  return result.value_or(std::string());
}

/// Feed `compressed` in pieces of `piece` bytes.
Result<std::string> unfold_in_pieces(Format format, std::string_view compressed,
                                     std::size_t piece) {
  std::string text;
  Decompressor decompressor(format);
  for (std::size_t at = 0; at < compressed.size(); at += piece) {
    RETURN_IF_ERROR(decompressor.write(as_bytes(compressed.substr(at, piece)),
                                       [&](std::span<const std::byte> bytes) -> Status {
                                         text += as_text(bytes);
                                         return {};
                                       }));
  }
  RETURN_IF_ERROR(decompressor.finish());
  return text;
}

class StreamTest : public ::testing::TestWithParam<Format> {};

TEST_P(StreamTest, GivesBackWhatWasWritten) {
  for (const std::size_t size : {0U, 1U, 1000U, 65536U, 300'000U}) {
    const std::string text = pattern(size);
    const std::string compressed = packed(GetParam(), text);
    for (const std::size_t piece : {1U, 7U, 4096U, 10'000'000U}) {
      if (piece == 1 && size > 100'000) continue;
      const auto back = unfold_in_pieces(GetParam(), compressed, piece);
      ASSERT_TRUE(back) << back.error().message;
      EXPECT_TRUE(*back == text) << size << " in pieces of " << piece;
    }
  }
}

TEST_P(StreamTest, PiecesGiveTheSameBytesAsOne) {
  const std::string text = pattern(300'000);
  std::string compressed;
  const OnBytes keep = [&](std::span<const std::byte> bytes) -> Status {
    compressed += as_text(bytes);
    return {};
  };
  Compressor compressor(GetParam());
  for (std::size_t at = 0; at < text.size(); at += 1000) {
    ASSERT_TRUE(compressor.write(as_bytes(std::string_view(text).substr(at, 1000)), keep));
  }
  ASSERT_TRUE(compressor.finish(keep));
  EXPECT_TRUE(compressed == packed(GetParam(), text));
  EXPECT_LT(compressed.size(), text.size() / 2);
}

TEST_P(StreamTest, StreamsBehindEachOtherAreOne) {
  const std::string both =
      packed(GetParam(), "one") + packed(GetParam(), "") + packed(GetParam(), "two");
  for (const std::size_t piece : {1U, 1000U}) {
    const auto back = unfold_in_pieces(GetParam(), both, piece);
    ASSERT_TRUE(back) << back.error().message;
    EXPECT_EQ(*back, "onetwo");
  }
}

TEST_P(StreamTest, EveryCutIsCorrupt) {
  const std::string compressed = packed(GetParam(), pattern(2000));
  for (std::size_t size = 0; size < compressed.size(); ++size) {
    const auto back = decompress(GetParam(), std::string_view(compressed).substr(0, size));
    ASSERT_FALSE(back) << size;
    EXPECT_EQ(back.error().code, ErrorCode::kCorrupt) << back.error().message;
  }
}

TEST_P(StreamTest, AFlippedByteOfTheContentIsCorrupt) {
  const std::string text = pattern(2000);
  std::string compressed = packed(GetParam(), text);
  for (std::size_t at = 0; at < compressed.size(); ++at) {
    compressed[at] = static_cast<char>(compressed[at] ^ 0x10);
    const auto back = decompress(GetParam(), compressed);
    // Header bytes that carry nothing (the time, the system) may change.
    if (back) {
      EXPECT_EQ(*back, text) << at;
    }
    compressed[at] = static_cast<char>(compressed[at] ^ 0x10);
  }
}

TEST_P(StreamTest, RefusesMoreThanTheLimit) {
  const std::string compressed = packed(GetParam(), std::string(100'000, 'a'));
  EXPECT_TRUE(decompress(GetParam(), compressed, {.max_output = 100'000_B}));
  const auto over = decompress(GetParam(), compressed, {.max_output = 99'999_B});
  ASSERT_FALSE(over);
  EXPECT_EQ(over.error().code, ErrorCode::kExhausted);
}

TEST_P(StreamTest, RefusesABomb) {
  const std::string bomb = packed(GetParam(), std::string(4'000'000, 'a'));
  const auto back =
      decompress(GetParam(), bomb, {.max_ratio = 100, .ratio_floor = ByteCount(1'000'000)});
  ASSERT_FALSE(back);
  EXPECT_EQ(back.error().code, ErrorCode::kExhausted);
  EXPECT_NE(back.error().message.find("100 times"), std::string::npos) << back.error().message;
}

TEST_P(StreamTest, WhatTheReceiverReturnsEndsTheStream) {
  Decompressor decompressor(GetParam());
  const std::string compressed = packed(GetParam(), "text");
  const Status status = decompressor.write(
      as_bytes(compressed), [](std::span<const std::byte>) -> Status { return no_space("full"); });
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, ErrorCode::kNoSpace);
  EXPECT_FALSE(decompressor.finish());
}

TEST_P(StreamTest, OtherBytesAreCorrupt) {
  for (const std::string_view text : {"", "plain text\n", "\x1f", "{\"a\": 1}"}) {
    const auto back = decompress(GetParam(), text);
    ASSERT_FALSE(back) << text;
    EXPECT_EQ(back.error().code, ErrorCode::kCorrupt);
  }
  const auto rest = decompress(GetParam(), packed(GetParam(), "text") + "rest");
  ASSERT_FALSE(rest);
  EXPECT_EQ(rest.error().code, ErrorCode::kCorrupt);
}

INSTANTIATE_TEST_SUITE_P(Formats, StreamTest, ::testing::Values(Format::kGzip, Format::kZstd),
                         [](const auto& tested) {
                           return tested.param == Format::kGzip ? "gzip" : "zstd";
                         });

TEST(Gzip, ReadsWhatPythonWrote) {
  // gzip.compress(b"hello\n") + gzip.compress(b"world\n") and padding.
  const std::string_view one(
      "\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\xff\xcb\x48\xcd\xc9\xc9\xe7\x02\x00\x20\x30\x3a\x36"
      "\x06\x00\x00\x00",
      26);
  const auto back =
      decompress(Format::kGzip, std::string(one) + std::string(one) + std::string(9, '\0'));
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ(*back, "hello\nhello\n");
}

TEST(Zstd, FramesOfOldVersionsAreCorruptHoweverTheyAreCut) {
  // The magic number of version 0.6, and an empty block.
  const std::string_view old("\x26\xb5\x2f\xfd\x00\x00\x00\x00", 8);
  for (const std::size_t piece : {std::size_t{1}, std::size_t{3}, old.size()}) {
    Decompressor decompressor(Format::kZstd);
    Status status;
    for (std::size_t at = 0; at < old.size() && status; at += piece) {
      status = decompressor.write(as_bytes(old.substr(at, piece)),
                                  [](std::span<const std::byte>) -> Status { return {}; });
    }
    ASSERT_FALSE(status) << piece;
    EXPECT_EQ(status.error().code, ErrorCode::kCorrupt);
  }
}

TEST(Zstd, FramesToSkipAreSkippedHoweverTheyAreCut) {
  const std::string text =
      std::string("\x5a\x2a\x4d\x18\x02\x00\x00\x00xy", 10) + packed(Format::kZstd, "text");
  for (const std::size_t piece : {std::size_t{1}, std::size_t{3}, text.size()}) {
    Decompressor decompressor(Format::kZstd);
    std::string back;
    for (std::size_t at = 0; at < text.size(); at += piece) {
      const Status status = decompressor.write(as_bytes(std::string_view(text).substr(at, piece)),
                                               [&](std::span<const std::byte> out) -> Status {
                                                 back += as_text(out);
                                                 return {};
                                               });
      ASSERT_TRUE(status) << status.error().message;
    }
    EXPECT_TRUE(decompressor.finish());
    EXPECT_EQ(back, "text");
  }
}

TEST(Formats, FollowTheName) {
  EXPECT_EQ(format_of_name("a.jsonl.gz"), Format::kGzip);
  EXPECT_EQ(format_of_name("a.jsonl.zst"), Format::kZstd);
  EXPECT_EQ(format_of_name("a.jsonl"), std::nullopt);
}

}  // namespace
}  // namespace assay::compress
