#include "scoring/answer_window.h"

#include "core/check.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace assay::scoring {
namespace {

constexpr double kSilence = -1;
constexpr double kLossUnits = 0x1.0p40;

/// What cannot be told apart from a class number by the old scorer's library: it refuses the lot.
bool is_number(double prediction) {
  return std::isfinite(prediction) && std::abs(prediction) < 0x1.0p63;
}

std::size_t index_of(Label label) { return static_cast<std::size_t>(label); }

double ratio(double part, double whole) { return whole == 0 ? 0 : part / whole; }

/// The mean of `sums[i] / counts[i]`. Over one denominator, so that equal sums of two labels that
/// were equally frequent give equal means, whichever label they are of.
double mean_of(const std::array<std::uint64_t, 2>& sums,
               const std::array<std::uint32_t, 2>& counts) {
  const std::uint64_t numerator = sums[0] * counts[1] + sums[1] * counts[0];
  return static_cast<double>(numerator) / (2.0 * counts[0] * counts[1]);
}

}  // namespace

double StrictTally::balanced_accuracy() const {
  return mean_of({num_right[0], num_right[1]}, num_asked);
}

double StrictTally::balanced_brier() const {
  return mean_of(quadratic_loss, num_asked) / kLossUnits;
}

double StrictTally::effective_size() const {
  if (num_asked[0] == 0 || num_asked[1] == 0) return 0;
  // The variance of a mean of two means, turned round: n where both labels occurred n / 2 times.
  return 4 / (1.0 / num_asked[0] + 1.0 / num_asked[1]);
}

AnswerWindow::AnswerWindow(std::size_t capacity) : predictions_(capacity), labels_(capacity) {
  CHECK(capacity > 0, "a window without room");
}

void AnswerWindow::clear() {
  const std::size_t room = capacity();
  *this = AnswerWindow(room);
}

Answer AnswerWindow::at(std::size_t age) const {
  CHECK(age < size_, "an answer that is not in the window");
  const std::size_t slot = (first_ + age) % capacity();
  Answer answer{.label = static_cast<Label>(labels_[slot])};
  if (predictions_[slot] != kSilence) answer.prediction = predictions_[slot];
  return answer;
}

void AnswerWindow::add(const Answer& answer) {
  if (size_ == capacity()) {
    const double leaving = predictions_[first_];
    const auto label = static_cast<Label>(labels_[first_]);
    first_ = (first_ + 1) % capacity();
    --size_;
    count(leaving, label, Change::kLeave);
  }
  const double prediction = answer.value();
  count(prediction, answer.label, Change::kEnter);
  const std::size_t slot = (first_ + size_) % capacity();
  predictions_[slot] = prediction;
  labels_[slot] = static_cast<std::uint8_t>(answer.label);
  ++size_;
}

// Whatever enters leaves by the same arithmetic, on integers: a window of a million answers ago
// leaves no trace, and one that is filled anew from a file equals the one that was saved.
void AnswerWindow::count(double prediction, Label label, Change change) {
  count_strictly(prediction, label, change);
  if (prediction != kSilence) count_loosely(prediction, label, change);
}

void AnswerWindow::count_strictly(double prediction, Label label, Change change) {
  const std::size_t of = index_of(label);
  const bool is_valid = prediction >= 0 && prediction <= 1;
  const double distance = is_valid ? prediction - static_cast<double>(of) : 1.0;
  const auto loss = static_cast<std::uint64_t>(std::llrint(distance * distance * kLossUnits));
  const bool is_right = is_valid && (prediction > 0.5) == (label == Label::kPresent);
  if (change == Change::kEnter) {
    ++strict_.num_asked[of];
    strict_.num_right[of] += is_right ? 1U : 0U;
    strict_.quadratic_loss[of] += loss;
  } else {
    --strict_.num_asked[of];
    strict_.num_right[of] -= is_right ? 1U : 0U;
    strict_.quadratic_loss[of] -= loss;
  }
}

void AnswerWindow::count_loosely(double prediction, Label label, Change change) {
  const std::size_t of = index_of(label);
  const double rounded = is_number(prediction) ? std::nearbyint(prediction) : 0;
  std::uint32_t* counter = nullptr;
  if (!is_number(prediction)) {
    counter = &num_no_number_[of];
  } else if (rounded == 0 || rounded == 1) {
    counter = &confusion_[of][rounded == 1 ? 1 : 0];
  } else {
    counter = &num_odd_[of];
  }
  const std::uint32_t half_pairs = half_pairs_with(prediction, label);
  if (change == Change::kEnter) {
    ++*counter;
    half_pairs_ += half_pairs;
  } else {
    --*counter;
    half_pairs_ -= half_pairs;
  }
}

std::uint32_t AnswerWindow::half_pairs_with(double prediction, Label label) const {
  const auto own = static_cast<std::uint8_t>(label);
  // Turned round for the absent label, so that one comparison serves both.
  const double sign = label == Label::kPresent ? 1 : -1;
  std::uint32_t halves = 0;
  const auto compare = [&](std::size_t from, std::size_t to) {
    for (std::size_t slot = from; slot < to; ++slot) {
      const double other = predictions_[slot];
      const std::uint32_t counts = static_cast<std::uint32_t>(labels_[slot] != own) &
                                   static_cast<std::uint32_t>(other != kSilence);
      halves += counts * (2U * static_cast<std::uint32_t>(sign * prediction > sign * other) +
                          static_cast<std::uint32_t>(prediction == other));
    }
  };
  const std::size_t end = first_ + size_;
  compare(first_, std::min(end, capacity()));
  if (end > capacity()) compare(0, end - capacity());
  return halves;
}

/// The old scorer's library takes labels and rounded predictions together: with more than two
/// different numbers, or two of which neither is 1, it refuses them.
bool AnswerWindow::is_measurable() const {
  if (num_no_number_[0] + num_no_number_[1] > 0) return false;
  if (num_odd_[0] + num_odd_[1] == 0) return true;
  const bool has_zeros = confusion_[0][0] + confusion_[0][1] + confusion_[1][0] + num_odd_[0] > 0;
  if (has_zeros) return false;
  double odd = std::numeric_limits<double>::quiet_NaN();
  for (std::size_t age = 0; age < size_; ++age) {
    const double prediction = predictions_[(first_ + age) % capacity()];
    if (prediction == kSilence) continue;
    const double rounded = std::nearbyint(prediction);
    if (rounded == 1) continue;
    if (!std::isnan(odd) && odd != rounded) return false;
    odd = rounded;
  }
  return true;
}

AnswerMetrics AnswerWindow::metrics() const {
  if (!is_measurable()) return {};
  const double absent_right = confusion_[0][0];
  const double absent_wrong = confusion_[0][1];
  const double present_wrong = confusion_[1][0] + num_odd_[1];
  const double present_right = confusion_[1][1];
  const double num_absent = absent_right + absent_wrong;
  const double num_present = present_right + present_wrong;
  const double total = num_absent + num_present;
  if (total == 0) return {};
  AnswerMetrics metrics;
  metrics.accuracy = (absent_right + present_right) / total;
  metrics.precision = ratio(present_right, present_right + absent_wrong);
  metrics.recall = ratio(present_right, num_present);
  metrics.f1_score = ratio(2 * present_right, 2 * present_right + absent_wrong + present_wrong);
  if (num_absent == 0 || num_present == 0) return metrics;
  const double said_present = present_right + absent_wrong;
  const double said_absent = absent_right + present_wrong;
  const double covariance = present_right * absent_right - absent_wrong * present_wrong;
  const double spread = num_absent * num_present * said_absent * said_present;
  metrics.mcc = spread == 0 ? 0 : std::max(0.0, covariance / std::sqrt(spread));
  metrics.auc = half_pairs_ / (2 * num_absent * num_present);
  return metrics;
}

}  // namespace assay::scoring
