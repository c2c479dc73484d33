/// \file
/// The last answers of one miner, and what follows from them, kept up to date answer by answer.

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace assay::scoring {

/// What the image of a challenge shows.
enum class Label : std::uint8_t { kAbsent = 0, kPresent = 1 };

/// One challenge that a miner was asked. Without a prediction it was silent; -1 is silence too, the
/// old protocol's own way to say it. A prediction may be any number, NaN and infinities as well:
/// what it is worth is the formula's business.
struct Answer {
  Label label = Label::kAbsent;
  std::optional<double> prediction = std::nullopt;

  /// The prediction, or -1.
  double value() const { return prediction.value_or(-1.0); }
  bool is_silent() const { return value() == -1.0; }
  /// A number in [0, 1].
  bool is_valid() const { return value() >= 0 && value() <= 1; }
};

/// The six figures of the old scorer, over the answers that are not silence. All are 0 without any,
/// and where an answer is no number or rounds outside of 0 and 1 while both labels occur.
struct AnswerMetrics {
  double accuracy = 0;
  double precision = 0;
  double recall = 0;
  double f1_score = 0;
  /// Matthews' correlation of labels and rounded predictions, no less than 0.
  double mcc = 0;
  /// 0 while only one label has occurred.
  double auc = 0;

  bool operator==(const AnswerMetrics&) const = default;
};

/// What counts where silence, NaN and numbers outside of [0, 1] are wrong answers. By label, for
/// labels are not always as frequent as each other.
struct StrictTally {
  std::array<std::uint32_t, 2> num_asked{};
  std::array<std::uint32_t, 2> num_right{};
  /// Sum of the squared distances of predictions to labels, 1 for an answer that is none; in units
  /// of 2^-40, so that adding and taking away leaves nothing behind.
  std::array<std::uint64_t, 2> quadratic_loss{};

  /// Share of right answers, as if both labels were equally frequent. Pre: both have occurred.
  double balanced_accuracy() const;
  /// Mean squared distance, likewise.
  double balanced_brier() const;
  /// As many challenges with equally frequent labels tell as much: 0 until both have occurred.
  double effective_size() const;
};

/// Cost: adding is O(1) but for the AUC, which compares the new and the leaving answer with those
///       that are there; figures are O(1), but for answers that round outside of 0 and 1.
class AnswerWindow {
 public:
  /// Pre: `capacity` > 0.
  explicit AnswerWindow(std::size_t capacity);

  void add(const Answer& answer);
  void clear();

  std::size_t size() const { return size_; }
  std::size_t capacity() const { return predictions_.size(); }
  /// Pre: `age` < size(). 0 is the oldest.
  Answer at(std::size_t age) const;

  AnswerMetrics metrics() const;
  const StrictTally& strict() const { return strict_; }

 private:
  enum class Change : std::uint8_t { kEnter, kLeave };

  void count(double prediction, Label label, Change change);
  void count_strictly(double prediction, Label label, Change change);
  void count_loosely(double prediction, Label label, Change change);
  /// In halves: 2 for each pair with the higher prediction at the present label, 1 for a tie.
  std::uint32_t half_pairs_with(double prediction, Label label) const;
  bool is_measurable() const;

  // A ring: the oldest at first_. Silence is -1.
  std::vector<double> predictions_;
  std::vector<std::uint8_t> labels_;
  std::size_t first_ = 0;
  std::size_t size_ = 0;

  std::array<std::array<std::uint32_t, 2>, 2>
      confusion_{};                               // [label][rounded], where that is 0 or 1
  std::array<std::uint32_t, 2> num_odd_{};        // rounds to another number, by label
  std::array<std::uint32_t, 2> num_no_number_{};  // cannot be rounded, by label
  std::uint32_t half_pairs_ = 0;
  StrictTally strict_;
};

}  // namespace assay::scoring
