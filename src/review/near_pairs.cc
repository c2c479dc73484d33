#include "review/near_pairs.h"

#include "core/check.h"
#include "review/near_pairs_scan_internal.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <mutex>
#include <numeric>
#include <span>
#include <utility>

// Of unit vectors, a cosine of at least t is a squared distance of at most 2 - 2 t. That distance
// is a sum over all numbers of the vectors, so the sum over some of them is never larger: a pair
// that is too far apart in the few numbers that vary most is too far apart. These few are compared
// for all pairs, as a product of matrices; what they do not rule out is added up number by number,
// until it is too far apart or done. How many are few is tried out on a sample of pairs: 64 of 512
// where pictures have little to do with each other, more where all are alike.

namespace assay::review {
namespace {

/// The fewest numbers that all pairs are compared by; it is doubled while that rules too few out.
constexpr std::size_t kMinSketchLength = 64;
constexpr std::size_t kSampledPairs = 1024;
/// Checking a pair by itself costs so many times what a doubled sketch costs it.
constexpr std::size_t kMaxUndecidedShare = 50;
/// Further numbers at a time.
constexpr std::size_t kStepLength = 64;
/// Above what rounding to 32 bits does to sums of products of unit vectors.
constexpr double kRounding = 1e-4;
/// Rows that stay in the cache while all columns pass.
constexpr std::size_t kTileRows = 128;
static_assert(kTileRows % kPanelWidth == 0 && kPanelWidth % kScanRows == 0);

bool is_nearer(const NearPair& a, const NearPair& b) {
  if (a.cosine != b.cosine) return a.cosine > b.cosine;
  return std::pair(a.first, a.second) < std::pair(b.first, b.second);
}

/// Unit vectors with the numbers that vary most in front, and a sketch of each.
class Directions {
 public:
  Directions(std::vector<float> vectors, std::size_t dimension, double min_cosine)
      : vectors_(std::move(vectors)), dimension_(dimension), count_(vectors_.size() / dimension) {
    for (std::size_t i = 0; i < count_; ++i) normalise(i);
    reorder();
    choose_sketch_length(2 - (2 * min_cosine) + kRounding);
    make_sketches();
  }

  std::size_t count() const { return count_; }
  std::size_t num_panels() const { return panels_.size() / (kPanelWidth * sketch_length_); }
  std::size_t sketch_length() const { return sketch_length_; }
  /// Shape: [sketch_length, kPanelWidth], of the vectors from `panel` * kPanelWidth on.
  const float* panel(std::size_t panel) const {
    return &panels_[panel * kPanelWidth * sketch_length_];
  }
  /// Half the squared length of the sketches, negated.
  const float* offsets(std::size_t panel) const { return &offsets_[panel * kPanelWidth]; }
  std::span<const float> sketch(std::size_t i) const { return row(i).first(sketch_length_); }

  /// The cosine, or less than `min_cosine` without working it out.
  double cosine(std::size_t a, std::size_t b, double min_cosine) const {
    const double max_distance = 2 - (2 * min_cosine) + kRounding;
    const std::span<const float> left = row(a);
    const std::span<const float> right = row(b);
    double distance = 0;
    for (std::size_t begin = 0; begin < dimension_; begin += kStepLength) {
      const std::size_t end = std::min(begin + kStepLength, dimension_);
      for (std::size_t k = begin; k < end; ++k) {
        const double difference = double{left[k]} - right[k];
        distance += difference * difference;
      }
      if (distance > max_distance) return -1;
    }
    return std::inner_product(left.begin(), left.end(), right.begin(), 0.0, std::plus<>(),
                              [](float x, float y) { return double{x} * y; });
  }

 private:
  std::span<const float> row(std::size_t i) const {
    return std::span(vectors_).subspan(i * dimension_, dimension_);
  }
  std::span<float> row(std::size_t i) {
    return std::span(vectors_).subspan(i * dimension_, dimension_);
  }

  void normalise(std::size_t i) {
    const std::span<float> vector = row(i);
    double square = 0;
    for (const float value : vector) square += double{value} * value;
    if (square == 0) return;
    const double length = std::sqrt(square);
    for (float& value : vector) value = static_cast<float>(value / length);
  }

  void reorder() {
    std::vector<double> sums(dimension_);
    std::vector<double> squares(dimension_);
    for (std::size_t i = 0; i < count_; ++i) {
      const std::span<const float> vector = std::as_const(*this).row(i);
      for (std::size_t k = 0; k < dimension_; ++k) {
        sums[k] += vector[k];
        squares[k] += double{vector[k]} * vector[k];
      }
    }
    std::vector<double> variances(dimension_);
    for (std::size_t k = 0; k < dimension_; ++k) {
      const double mean = sums[k] / static_cast<double>(std::max<std::size_t>(1, count_));
      variances[k] = squares[k] - (mean * sums[k]);
    }
    std::vector<std::size_t> order(dimension_);
    for (std::size_t k = 0; k < dimension_; ++k) order[k] = k;
    std::ranges::stable_sort(order, std::ranges::greater(),
                             [&](std::size_t k) { return variances[k]; });
    std::vector<float> moved(dimension_);
    for (std::size_t i = 0; i < count_; ++i) {
      const std::span<float> vector = row(i);
      for (std::size_t k = 0; k < dimension_; ++k) moved[k] = vector[order[k]];
      std::ranges::copy(moved, vector.begin());
    }
  }

  /// The squared distance in the first numbers.
  double distance(std::size_t a, std::size_t b, std::size_t length) const {
    double sum = 0;
    for (std::size_t k = 0; k < length; ++k) {
      const double difference = double{row(a)[k]} - row(b)[k];
      sum += difference * difference;
    }
    return sum;
  }

  void choose_sketch_length(double max_distance) {
    for (sketch_length_ = kMinSketchLength; sketch_length_ < dimension_; sketch_length_ *= 2) {
      std::size_t num_undecided = 0;
      for (std::size_t i = 0; i < kSampledPairs && count_ > 1; ++i) {
        // Far apart, as the archives' order puts like beside like.
        const std::size_t a = (i * count_) / kSampledPairs;
        const std::size_t b = (a + 1 + ((i * 7919) % (count_ - 1))) % count_;
        if (distance(a, b, sketch_length_) <= max_distance) ++num_undecided;
      }
      if (num_undecided * kMaxUndecidedShare <= kSampledPairs) return;
    }
    sketch_length_ = dimension_;
  }

  void make_sketches() {
    const std::size_t panels = (count_ + kPanelWidth - 1) / kPanelWidth;
    panels_.assign(panels * kPanelWidth * sketch_length_, 0.0F);
    // Columns without a vector never reach a threshold.
    offsets_.assign(panels * kPanelWidth, -1e9F);
    for (std::size_t i = 0; i < count_; ++i) {
      const std::size_t first = (i / kPanelWidth) * kPanelWidth * sketch_length_;
      double square = 0;
      for (std::size_t k = 0; k < sketch_length_; ++k) {
        const float value = row(i)[k];
        panels_[first + (k * kPanelWidth) + (i % kPanelWidth)] = value;
        square += double{value} * value;
      }
      offsets_[i] = static_cast<float>(-square / 2);
    }
  }

  std::vector<float> vectors_;  // [count, dimension]
  std::size_t dimension_;
  std::size_t count_;
  std::size_t sketch_length_ = 0;
  std::vector<float> panels_;   // [panels, sketch_length, kPanelWidth]
  std::vector<float> offsets_;  // [panels, kPanelWidth]
};

/// Keeps the nearest pairs, and counts all.
class PairCollector {
 public:
  explicit PairCollector(std::size_t max_pairs) : max_pairs_(max_pairs) {}

  void add(std::span<const NearPair> pairs) {
    const std::scoped_lock lock(mutex_);
    result_.num_pairs += pairs.size();
    result_.pairs.insert(result_.pairs.end(), pairs.begin(), pairs.end());
    if (result_.pairs.size() >= 2 * max_pairs_ + kSlack) shrink();
  }

  NearPairs take() {
    shrink();
    std::ranges::sort(result_.pairs, is_nearer);
    return std::move(result_);
  }

 private:
  static constexpr std::size_t kSlack = 4096;

  void shrink() {
    if (result_.pairs.size() <= max_pairs_) return;
    const auto end = result_.pairs.begin() + static_cast<std::ptrdiff_t>(max_pairs_);
    std::ranges::nth_element(result_.pairs, end, is_nearer);
    result_.pairs.erase(end, result_.pairs.end());
  }

  std::size_t max_pairs_;
  std::mutex mutex_;  // guards result_
  NearPairs result_;
};

/// Compares the rows of a tile with all vectors after them.
class TileScan {
 public:
  TileScan(const Directions& directions, const NearPairsOptions& options, PairCollector& collector)
      : directions_(&directions), options_(&options), collector_(&collector) {}

  void run(std::size_t tile) {
    begin_ = tile * kTileRows;
    end_ = std::min(begin_ + kTileRows, directions_->count());
    load_rows();
    const ScanPanel scan = available_scans().front().scan;
    std::array<std::uint16_t, kScanRows> bits{};
    const std::size_t length = directions_->sketch_length();
    for (std::size_t panel = begin_ / kPanelWidth; panel < directions_->num_panels(); ++panel) {
      // Rows behind the panel's last column are compared with it from the other side.
      const std::size_t last = std::min(end_, (panel + 1) * kPanelWidth);
      for (std::size_t row = begin_; row < last; row += kScanRows) {
        scan(&rows_[(row - begin_) * length], length, directions_->panel(panel),
             directions_->offsets(panel), &thresholds_[row - begin_], bits);
        for (std::size_t r = 0; r < kScanRows; ++r) {
          if (bits.at(r) != 0) check(row + r, panel, bits.at(r));
        }
      }
      if (found_.size() >= kMaxWaiting) hand_over();
    }
    hand_over();
  }

 private:
  /// Pairs that wait to be handed over.
  static constexpr std::size_t kMaxWaiting = 4096;

  void load_rows() {
    const std::size_t length = directions_->sketch_length();
    rows_.assign(kTileRows * length, 0.0F);
    thresholds_.assign(kTileRows, 1e9F);  // for rows without a vector
    const double max_distance = 2 - (2 * options_->min_cosine) + kRounding;
    for (std::size_t i = begin_; i < end_; ++i) {
      const std::span<const float> sketch = directions_->sketch(i);
      std::ranges::copy(sketch, rows_.begin() + static_cast<std::ptrdiff_t>((i - begin_) * length));
      double square = 0;
      for (const float value : sketch) square += double{value} * value;
      thresholds_[i - begin_] = static_cast<float>((square - max_distance) / 2);
    }
  }

  void check(std::size_t row, std::size_t panel, std::uint32_t bits) {
    for (; bits != 0; bits &= bits - 1) {
      const std::size_t column =
          (panel * kPanelWidth) + static_cast<std::size_t>(std::countr_zero(bits));
      if (column <= row) continue;
      const double cosine = directions_->cosine(row, column, options_->min_cosine);
      if (cosine < options_->min_cosine) continue;
      const NearPair pair{.first = static_cast<std::uint32_t>(row),
                          .second = static_cast<std::uint32_t>(column),
                          .cosine = std::min(cosine, 1.0)};
      if (options_->wanted && !options_->wanted(pair.first, pair.second)) continue;
      found_.push_back(pair);
    }
  }

  void hand_over() {
    collector_->add(found_);
    found_.clear();
  }

  const Directions* directions_;
  const NearPairsOptions* options_;
  PairCollector* collector_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::vector<float> rows_;        // [kTileRows, sketch_length]
  std::vector<float> thresholds_;  // [kTileRows]
  std::vector<NearPair> found_;
};

}  // namespace

Result<NearPairs> find_near_pairs(ThreadPool& pool, std::vector<float> vectors,
                                  std::size_t dimension, const NearPairsOptions& options,
                                  const std::stop_token& stop) {
  CHECK(dimension > 0 && vectors.size() % dimension == 0, "the vectors are whole");
  CHECK(options.min_cosine > 0 && options.min_cosine <= 1, "a share of the largest cosine");
  const Directions directions(std::move(vectors), dimension, options.min_cosine);
  PairCollector collector(options.max_pairs);
  const std::size_t count = directions.count();
  std::mutex mutex;  // guards done and the call
  std::size_t done = 0;
  RETURN_IF_ERROR(parallel_for(
      pool, (count + kTileRows - 1) / kTileRows,
      [&](std::size_t tile) -> Status {
        TileScan(directions, options, collector).run(tile);
        const std::scoped_lock lock(mutex);
        done += std::min(kTileRows, count - (tile * kTileRows));
        if (options.on_progress) options.on_progress(done, count);
        return {};
      },
      stop));
  return collector.take();
}

}  // namespace assay::review
