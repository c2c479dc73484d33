/// \file
/// Whole deflate streams at once, as zip entries and PNG images hold them, and their checksum.

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace assay::compress {

enum class DeflateForm : std::uint8_t {
  kRaw,   ///< Deflate alone: the entries of a zip.
  kZlib,  ///< With zlib's header and Adler-32: the image data of a PNG.
};

enum class InflateOutcome : std::uint8_t {
  kComplete,
  kTruncated,      ///< The input ended before the stream did.
  kTooLarge,       ///< The stream holds more than there was room for.
  kBroken,         ///< No deflate stream, or a damaged one.
  kWrongChecksum,  ///< Complete, but the bytes are not those that were written (kZlib only).
};

/// For a message: `ends early`, `holds more than it should`.
std::string_view to_text(InflateOutcome outcome);

struct Inflation {
  InflateOutcome outcome = InflateOutcome::kBroken;
  /// Of the input, header and checksum included; meant only when the outcome is kComplete. What
  /// follows a stream is the caller's to judge.
  std::size_t num_consumed = 0;
  /// Of `into`; fewer than it holds when the stream is shorter, which is no error here.
  std::size_t num_produced = 0;
};

/// Inflate one whole stream into a buffer of the size that is expected. After any other outcome
/// than kComplete what `into` holds is undefined beyond `num_produced`.
///
/// Threads: safe from any; each keeps a state of some 100 KiB for its lifetime.
/// Cost:    nothing is allocated but that; 4 GiB a call at most, of input and of output: a longer
///          output buffer is filled no further (kTooLarge), of a longer input no more is read
///          (kTruncated).
Inflation inflate(DeflateForm form, std::span<const std::byte> compressed,
                  std::span<std::byte> into);

/// The CRC-32 of zip, gzip and PNG. `seed` is the result over the bytes before these.
/// Cost: 60 bytes a nanosecond where the CPU has carry-less multiplication.
std::uint32_t crc32(std::span<const std::byte> bytes, std::uint32_t seed = 0);

}  // namespace assay::compress
