/// \file
/// Which images were asked about lately: the same one is not sent to miners again and again.

#pragma once

#include "core/sha256.h"

#include <chrono>
#include <cstddef>
#include <deque>
#include <map>

namespace assay::organic {

struct RecentImagesOptions {
  std::chrono::seconds window{300};
  /// When there are more, the oldest are forgotten before their time: some 200 bytes each.
  std::size_t max_images = 65'536;
};

/// Threads: one thread at a time.
class RecentImages {
 public:
  using Instant = std::chrono::nanoseconds;  ///< Of Clock::monotonic().

  explicit RecentImages(const RecentImagesOptions& options) : options_(options) {}

  /// How long an image is still remembered; zero when it is new.
  std::chrono::nanoseconds left(const Sha256& image, Instant now);
  /// Remember an image from now on. Pre: it is new.
  void add(const Sha256& image, Instant now);
  /// It was not answered: it may come again at once.
  void forget(const Sha256& image) { expiries_.erase(image); }

  /// Images that are remembered, some perhaps past their time.
  std::size_t size() const { return expiries_.size(); }
  /// What memory goes with: also of images that were forgotten.
  std::size_t num_entries() const { return order_.size(); }

 private:
  struct Entry {
    Sha256 image;
    Instant expires;
  };
  void drop_first();

  RecentImagesOptions options_;
  std::map<Sha256, Instant> expiries_;
  std::deque<Entry> order_;  // by time; what was forgotten stays until its time
};

}  // namespace assay::organic
