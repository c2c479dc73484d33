/// \file
/// gzip and zstd, piece by piece, under limits.

#pragma once

#include "core/bytes.h"
#include "core/result.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace assay::compress {

enum class Format : std::uint8_t { kGzip, kZstd };

/// By the end of a name, `.gz` or `.zst`; nothing for another.
std::optional<Format> format_of_name(std::string_view name);
/// `.gz` or `.zst`.
std::string_view name_suffix(Format format);

/// Gets what comes out, piece by piece; the bytes are valid during the call. What it returns as an
/// error ends the stream and is what the call that fed it returns.
using OnBytes = std::function<Status(std::span<const std::byte>)>;

/// Compresses one stream. The bytes depend on nothing but what was written: no time, no name.
/// Threads: one thread at a time. Errors: kExhausted (no memory), and what `on_bytes` returns.
class Compressor {
 public:
  explicit Compressor(Format format);
  Compressor(Compressor&&) noexcept;
  Compressor& operator=(Compressor&&) = delete;
  ~Compressor();

  Status write(std::span<const std::byte> bytes, const OnBytes& on_bytes);
  /// Hand out the rest. Nothing may be written afterwards.
  Status finish(const OnBytes& on_bytes);

  class Engine;

 private:
  std::unique_ptr<Engine> engine_;
};

/// What a compressed stream may unfold to: a small file can say that it holds any amount.
struct DecompressLimits {
  ByteCount max_output{std::uint64_t{256} << 30};
  /// Output for each byte of input, looked at once the output is over `ratio_floor`. gzip reaches
  /// 1032; records of a history some 10.
  std::uint64_t max_ratio = 20'000;
  ByteCount ratio_floor{std::uint64_t{64} << 20};
};

/// Decompresses members (gzip) or frames (zstd) that follow each other as one stream. Zeros behind
/// the last member of a gzip stream are padding. Memory: 128 MiB at most, for a zstd stream that
/// asks for such a window.
/// Threads: one thread at a time.
/// Errors: kCorrupt (not the format, a wrong checksum), kExhausted (over a limit), and what
///         `on_bytes` returns. After an error every further call fails.
class Decompressor {
 public:
  explicit Decompressor(Format format, const DecompressLimits& limits = {});
  Decompressor(Decompressor&&) noexcept;
  Decompressor& operator=(Decompressor&&) = delete;
  ~Decompressor();

  /// Feed the next piece of the compressed stream.
  Status write(std::span<const std::byte> bytes, const OnBytes& on_bytes);
  /// The input has ended. Errors: kCorrupt when it ended before the stream did, or was empty.
  Status finish();

  class Engine;

 private:
  Status hand_on(std::span<const std::byte> bytes, const OnBytes& on_bytes);
  Status feed(std::span<const std::byte> bytes, const OnBytes& on_bytes);

  DecompressLimits limits_;
  std::unique_ptr<Engine> engine_;
  std::uint64_t num_bytes_in_ = 0;
  std::uint64_t num_bytes_out_ = 0;
  bool has_failed_ = false;
};

/// Whole texts, for what is small. Errors: as Compressor.
Result<std::string> compress(Format format, std::string_view text);
/// Errors: as Decompressor.
Result<std::string> decompress(Format format, std::string_view compressed,
                               const DecompressLimits& limits = {});

}  // namespace assay::compress
