/// \file
/// What one format does; the limits and the handing on are the same for all.

#pragma once

#include "compress/stream.h"

#include <cstddef>
#include <memory>
#include <span>

namespace assay::compress {

/// How far one step came.
struct Step {
  std::size_t num_consumed = 0;
  std::size_t num_produced = 0;
  /// Nothing more comes out until more is fed (or, of the end of a compressor, ever).
  bool is_drained = false;
};

/// Errors: kExhausted (no memory).
class Compressor::Engine {
 public:
  virtual ~Engine() = default;
  Engine() = default;
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  virtual Result<Step> step(std::span<const std::byte> input, std::span<std::byte> output) = 0;
  virtual Result<Step> end(std::span<std::byte> output) = 0;
};

/// Errors: kCorrupt, kExhausted (no memory).
class Decompressor::Engine {
 public:
  virtual ~Engine() = default;
  Engine() = default;
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  virtual Result<Step> step(std::span<const std::byte> input, std::span<std::byte> output) = 0;
  /// Whether the input may end here.
  virtual bool is_at_end() const = 0;
};

std::unique_ptr<Compressor::Engine> make_gzip_compressor();
std::unique_ptr<Compressor::Engine> make_zstd_compressor();
std::unique_ptr<Decompressor::Engine> make_gzip_decompressor();
std::unique_ptr<Decompressor::Engine> make_zstd_decompressor();

// Large enough that the cost of a call vanishes, small enough to stay in the cache.
inline constexpr std::size_t kOutputPiece = std::size_t{64} << 10;

}  // namespace assay::compress
