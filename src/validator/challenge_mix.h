/// \file
/// Which kind of image is asked about next: as configured, as far as there are images.

#pragma once

#include "core/random.h"
#include "validator/cell.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace assay::validator {

struct MixOptions {
  /// By ImageOrigin; they add up to 1.
  std::array<double, kNumOrigins> origin_shares = {0.5, 0.25, 0.25};
  /// Of images that show what is asked for.
  double present_share = 0.5;
};

/// Chooses at random: first the label, of those that any image has, then the origin, of those that
/// have an image of this label. An empty cell never costs a challenge while another has images, and
/// does not unbalance the labels. Shares that have fallen behind are made up for, so slowly that
/// who counts along cannot tell the next label with more than 60 %. Threads: one thread at a time.
class ChallengeMix {
 public:
  explicit ChallengeMix(const MixOptions& options = {}) : options_(options) {}

  /// From now on another mix is meant; what was sent still counts.
  void change(const MixOptions& options) { options_ = options; }

  /// Nothing when no cell has an image.
  std::optional<Cell> choose(const PerCell<std::uint64_t>& stock, RandomSource& random) const;
  /// A challenge of this cell was sent.
  void count(const Cell& cell);

  double target_share(const Cell& cell) const;
  const PerCell<std::uint64_t>& num_sent() const { return num_sent_; }
  /// Of all that were sent; 0 without any.
  double sent_share(const Cell& cell) const;
  /// By how much the sent share lies below the target; 0 when it does not, and before the first.
  double shortfall(const Cell& cell) const;

 private:
  double label_share(scoring::Label label) const;
  double origin_share(ImageOrigin origin) const {
    return options_.origin_shares.at(static_cast<std::size_t>(origin));
  }

  MixOptions options_;
  PerCell<std::uint64_t> num_sent_{};
  PerCell<double> recent_{};  // the same, where what is past counts less and less
};

}  // namespace assay::validator
