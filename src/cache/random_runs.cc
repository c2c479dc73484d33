#include "cache/random_runs_internal.h"

#include <algorithm>
#include <utility>

namespace assay::cache {

RandomRuns::RandomRuns(std::size_t count, std::size_t run_length)
    : count_(count), run_length_(run_length) {
  left_.reserve(count / run_length + 1);
  for (std::size_t first = 0; first < count; first += run_length) left_.push_back(first);
}

std::size_t RandomRuns::take(RandomSource& random) {
  if (next_ == end_) {
    std::swap(left_[random.below(left_.size())], left_.back());
    next_ = left_.back();
    end_ = std::min(count_, next_ + run_length_);
    left_.pop_back();
  }
  return next_++;
}

}  // namespace assay::cache
