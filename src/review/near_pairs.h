/// \file
/// All pairs of vectors that point in nearly the same direction.

#pragma once

#include "core/result.h"
#include "core/thread_pool.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <stop_token>
#include <vector>

namespace assay::review {

struct NearPair {
  /// Positions of the vectors; `first` < `second`.
  std::uint32_t first = 0;
  std::uint32_t second = 0;
  double cosine = 0;

  bool operator==(const NearPair&) const = default;
};

struct NearPairsOptions {
  /// Above 0, at most 1.
  double min_cosine = 0.98;
  /// Kept; all are counted.
  std::size_t max_pairs = 100'000;
  /// Whether a pair counts; all do without it. Threads: called from any.
  std::function<bool(std::uint32_t first, std::uint32_t second)> wanted = {};
  /// Told how many of the vectors were compared with all after them. One call at a time.
  std::function<void(std::size_t done, std::size_t total)> on_progress = {};
};

struct NearPairs {
  /// The nearest. Order: by cosine from above, then by position.
  std::vector<NearPair> pairs;
  std::uint64_t num_pairs = 0;
};

/// Find every pair whose cosine is at least the smallest. The result is exact, and the same with
/// any number of threads. A vector of length 0 is near nothing.
///
/// Shape:  `vectors` [count, dimension]; they are taken as working memory.
/// Pre:    `vectors` are finite; a whole number of them, fewer than 2^32.
/// Cost:   1/8 of comparing all with all where pairs differ as embeddings of pictures do, or all of
///         it where nearly everything is alike; a quarter more memory than the vectors.
/// Errors: kCancelled.
Result<NearPairs> find_near_pairs(ThreadPool& pool, std::vector<float> vectors,
                                  std::size_t dimension, const NearPairsOptions& options,
                                  const std::stop_token& stop = {});

}  // namespace assay::review
