/// \file
/// The hash and the figures of a splat file, each on a thread of its own while the bytes go by.

#pragma once

#include "core/bounded_queue.h"
#include "core/sha256.h"
#include "crypto/digest.h"
#include "media/gaussian_statistics.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <thread>
#include <vector>

namespace assay::media {

/// What a caller that counted the Gaussians itself leaves out.
enum class PlyFigures : std::uint8_t { kComputed, kLeftOut };

struct PlyDigest {
  Sha256 hash;
  std::optional<GaussianReport> report;  ///< Nothing when left out.
};

/// A piece of a file. `owner` keeps the bytes; null when whoever feeds them does.
struct PlyPiece {
  std::span<const std::byte> bytes;
  std::shared_ptr<const std::vector<std::byte>> owner;
};

/// Hashes and reads what is fed, at the same time. Threads: all calls from one thread.
class PlyDigester {
 public:
  /// `max_queued`: pieces that may wait before feed() does.
  PlyDigester(PlyFigures figures, std::size_t max_queued);
  ~PlyDigester();
  PlyDigester(const PlyDigester&) = delete;
  PlyDigester& operator=(const PlyDigester&) = delete;

  /// Lifetime of all: without an owner the bytes must stay until finish() or destruction.
  void feed(const PlyPiece& piece);
  /// The two halves of feed(), for who has the whole file and says what is more urgent.
  void hash(const PlyPiece& piece);
  void scan(const PlyPiece& piece);
  /// Pre: called once, after the last feed().
  PlyDigest finish();

 private:
  void close();

  PlyFigures figures_;
  crypto::Sha256Hasher hasher_;  // of hashing_ until it ends
  GaussianScanner scanner_;      // of scanning_ until it ends
  BoundedQueue<PlyPiece> to_hash_;
  BoundedQueue<PlyPiece> to_scan_;
  std::jthread hashing_;
  std::jthread scanning_;
};

/// Of a file that is in memory and need not be stored.
PlyDigest digest_ply(std::span<const std::byte> file, PlyFigures figures = PlyFigures::kComputed);

}  // namespace assay::media
