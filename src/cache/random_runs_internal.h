/// \file
/// A random order that reads pages of an index once.

#pragma once

#include "core/random.h"

#include <cstddef>
#include <vector>

namespace assay::cache {

/// The numbers below a count in a random order, by runs of neighbours: each is as likely as any
/// other to come early, but its neighbours come with it. In an index neighbours share their pages,
/// and a page that changes is what a removal costs.
/// Threads: one thread at a time.
class RandomRuns {
 public:
  RandomRuns() = default;
  /// Pre: `run_length` > 0.
  RandomRuns(std::size_t count, std::size_t run_length);

  bool is_empty() const { return next_ == end_ && left_.empty(); }
  /// Pre: not empty.
  std::size_t take(RandomSource& random);

 private:
  std::size_t count_ = 0;
  std::size_t run_length_ = 1;
  std::vector<std::size_t> left_;  // the first numbers of runs that have not begun
  std::size_t next_ = 0;           // of the run that has
  std::size_t end_ = 0;
};

}  // namespace assay::cache
