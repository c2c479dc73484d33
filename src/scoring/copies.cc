#include "scoring/copies.h"

#include "core/check.h"
#include "statistics/overlap.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

// Independent miners agree all the same, for two reasons that have nothing to do with copying: both
// are mostly right, and both find the same images hard. The first is why the test is conditional on
// how many each had wrong; the second is why it is done within challenges that about as many of the
// other miners had wrong. What is left is the exact chance that two sets of that many errors meet
// in so many challenges (statistics/overlap.h). Whoever answers with probabilities shows more than
// errors: there, marks above the miner's own median are compared in the same way.
//
// The marks of a miner follow from its own answers alone, and the strata of a pair from its labels
// and from the others, so that under independence the test holds exactly, whatever the accuracy of
// the two. The p-values of all pairs and both comparisons are added up (C. E. Bonferroni), which
// needs no independence between pairs.
//
// Who is hardly ever wrong shows little: two who share their only three errors of 200 do so by a
// chance of one in a million, which is nothing against the thousands of pairs of a fleet. But most
// of these pairs have errors enough to be told apart a thousand times over. So half of the rate
// goes to all pairs alike, and half to those that agree as far as their marks allow: what that
// chance is follows from how many marks each has, which says nothing of where they are, and the
// surest pairs come first until the half is spent (weights that do not look at the outcome leave
// the rate as it is: C. R. Genovese, K. Roeder, L. Wasserman, "False discovery control with p-value
// weighting", 2006).

namespace assay::scoring {
namespace {

// Of one answer.
constexpr std::uint8_t kAnswered = 1;
constexpr std::uint8_t kWrong = 2;
constexpr std::uint8_t kAboveMedian = 4;

/// Upper ends of the shares of the others who were wrong.
constexpr std::array kDifficultyEnds = {0.05, 0.15, 0.4, 0.7, 1.0};
constexpr std::size_t kNumStrata = 2 * kDifficultyEnds.size();
/// Fewer others than this say nothing of how hard an image is.
constexpr std::uint32_t kMinOthers = 4;
/// With less overlap possible than this the share of it says nothing.
constexpr double kFewestMarks = 3;
/// A comparison this close to what independence expects is not worth its exact chance.
constexpr double kDeviationsOfInterest = 3;

/// The answers of a sheet as marks, a row for each miner.
struct Marks {
  std::size_t num_challenges = 0;
  std::vector<std::uint8_t> rows;
  std::vector<std::uint8_t> labels;
  std::vector<std::uint32_t> num_answered;
  std::vector<std::uint32_t> num_wrong;

  std::span<const std::uint8_t> row(std::size_t miner) const {
    return std::span(rows).subspan(miner * num_challenges, num_challenges);
  }
};

bool is_wrong(const Answer& answer) {
  return (answer.value() > 0.5) != (answer.label == Label::kPresent);
}

/// Mark what lies above the miner's own median for its label.
void mark_medians(std::span<const AnswerSheet::Challenge> challenges, std::size_t miner,
                  std::span<std::uint8_t> row) {
  for (const Label label : {Label::kAbsent, Label::kPresent}) {
    std::vector<double> predictions;
    for (const auto& challenge : challenges) {
      const Answer& answer = challenge.answers[miner];
      if (challenge.label == label && answer.is_valid()) predictions.push_back(answer.value());
    }
    if (predictions.empty()) continue;
    const auto middle = predictions.begin() + static_cast<std::ptrdiff_t>(predictions.size() / 2);
    std::ranges::nth_element(predictions, middle);
    for (std::size_t i = 0; i < challenges.size(); ++i) {
      const Answer& answer = challenges[i].answers[miner];
      if (challenges[i].label == label && answer.is_valid() && answer.value() > *middle) {
        row[i] |= kAboveMedian;
      }
    }
  }
}

Marks marks_of(const AnswerSheet& sheet, std::size_t max_challenges) {
  const std::span all(sheet.challenges);
  const auto challenges = all.last(std::min(max_challenges, all.size()));
  Marks marks{.num_challenges = challenges.size(),
              .rows = std::vector<std::uint8_t>(sheet.num_miners * challenges.size()),
              .labels = {},
              .num_answered = std::vector<std::uint32_t>(challenges.size()),
              .num_wrong = std::vector<std::uint32_t>(challenges.size())};
  for (const auto& challenge : challenges) {
    CHECK(challenge.answers.size() == sheet.num_miners, "a challenge that lacks columns");
    marks.labels.push_back(static_cast<std::uint8_t>(challenge.label));
  }
  for (std::size_t miner = 0; miner < sheet.num_miners; ++miner) {
    const auto row = std::span(marks.rows).subspan(miner * challenges.size(), challenges.size());
    for (std::size_t i = 0; i < challenges.size(); ++i) {
      Answer answer = challenges[i].answers[miner];
      answer.label = challenges[i].label;
      if (!answer.is_valid()) continue;
      row[i] = kAnswered;
      ++marks.num_answered[i];
      if (!is_wrong(answer)) continue;
      row[i] |= kWrong;
      ++marks.num_wrong[i];
    }
    mark_medians(challenges, miner, row);
  }
  return marks;
}

std::size_t difficulty(std::uint32_t wrong, std::uint32_t others) {
  if (others < kMinOthers) return 0;
  const double share = static_cast<double>(wrong) / others;
  return static_cast<std::size_t>(std::ranges::lower_bound(kDifficultyEnds, share) -
                                  kDifficultyEnds.begin());
}

using Strata = std::array<statistics::OverlapStratum, kNumStrata>;

/// What two miners share, by label and difficulty.
struct Comparison {
  std::size_t num_shared = 0;
  std::size_t num_alike = 0;
  Strata errors;
  Strata heights;
};

/// A pair that is not quite what independence expects.
struct Candidate {
  CopyPair pair;
  Comparison comparison;
};

void count(statistics::OverlapStratum& stratum, std::uint8_t first, std::uint8_t second,
           std::uint8_t mark) {
  const bool of_first = (first & mark) != 0;
  const bool of_second = (second & mark) != 0;
  ++stratum.size;
  stratum.first += of_first ? 1 : 0;
  stratum.second += of_second ? 1 : 0;
  stratum.both += of_first && of_second ? 1 : 0;
}

Comparison compare(const Marks& marks, std::size_t first, std::size_t second) {
  Comparison comparison;
  const auto left = marks.row(first);
  const auto right = marks.row(second);
  for (std::size_t i = 0; i < marks.num_challenges; ++i) {
    if ((left[i] & right[i] & kAnswered) == 0) continue;
    const std::uint32_t wrong_of_two =
        ((left[i] & kWrong) != 0 ? 1U : 0U) + ((right[i] & kWrong) != 0 ? 1U : 0U);
    ++comparison.num_shared;
    comparison.num_alike += wrong_of_two == 1 ? 0 : 1;
    const std::size_t stratum =
        marks.labels[i] * kDifficultyEnds.size() +
        difficulty(marks.num_wrong[i] - wrong_of_two, marks.num_answered[i] - 2);
    count(comparison.errors[stratum], left[i], right[i], kWrong);
    count(comparison.heights[stratum], left[i], right[i], kAboveMedian);
  }
  return comparison;
}

/// Whether the overlap beyond what independence expects is at least this share of the most that
/// could be, or too few marks leave that open.
bool agrees(const Strata& strata, double min_agreement) {
  double excess = 0;
  double most = 0;
  for (const auto& stratum : strata) {
    if (stratum.size < 2) continue;
    const double expected = stratum.first * (static_cast<double>(stratum.second) / stratum.size);
    excess += stratum.both - expected;
    most += std::min(stratum.first, stratum.second) - expected;
  }
  return most < kFewestMarks || excess >= min_agreement * most;
}

double log_choices(std::uint32_t size, std::uint32_t number) {
  return std::lgamma(size + 1.0) - std::lgamma(number + 1.0) - std::lgamma(size - number + 1.0);
}

/// The chance that marks meet as often as so many can: it follows from their numbers alone. Nothing
/// with too few of them.
std::optional<double> full_overlap_chance(const Strata& strata) {
  double log_chance = 0;
  double most = 0;
  for (const auto& stratum : strata) {
    const auto [fewer, more] = std::minmax(stratum.first, stratum.second);
    most += fewer;
    log_chance += log_choices(more, fewer) - log_choices(stratum.size, fewer);
  }
  return most < kFewestMarks ? std::nullopt : std::optional(std::exp(log_chance));
}

bool overlaps_fully(const Strata& strata) {
  return std::ranges::all_of(strata, [](const auto& stratum) {
    return stratum.both == std::min(stratum.first, stratum.second);
  });
}

/// Comparisons by the chance of their full overlap, the smallest first.
class FullOverlaps {
 public:
  void add(const Strata& strata) {
    const auto chance = full_overlap_chance(strata);
    if (!chance) return;
    if (*chance < kSure) {
      num_sure_ += 1;
    } else if (*chance < kUnsure) {
      chances_.push_back(*chance);
    }
  }

  /// Pre: all are added.
  void sort() {
    std::ranges::sort(chances_);
    double sum = num_sure_ * kSure;
    for (const double chance : chances_) sums_.push_back(sum += chance);
  }

  /// The chance that any as sure as this, or surer, overlaps fully; 1 if this does not. Pre:
  /// sorted.
  double chance_of_any(const Strata& strata) const {
    if (!overlaps_fully(strata)) return 1;
    const auto chance = full_overlap_chance(strata);
    if (!chance || *chance >= kUnsure) return 1;
    // The same numbers in other strata come to the same but for rounding.
    const auto end = std::ranges::upper_bound(chances_, *chance * (1 + kRounding));
    const auto index = end - chances_.begin();
    return index == 0 ? num_sure_ * kSure : sums_[static_cast<std::size_t>(index - 1)];
  }

 private:
  static constexpr double kSure = 1e-15;
  static constexpr double kUnsure = 1e-2;
  static constexpr double kRounding = 1e-9;

  double num_sure_ = 0;
  std::vector<double> chances_;  // of the others
  std::vector<double> sums_;     // up to each
};

/// The exact chance, or 1 where it is not small.
double chance_of(const Strata& strata) {
  double excess = 0;
  double variance = 0;
  for (const auto& stratum : strata) {
    if (stratum.size < 2) continue;
    const double size = stratum.size;
    const double expected = stratum.first * (stratum.second / size);
    excess += stratum.both - expected;
    variance += expected * (size - stratum.first) * (size - stratum.second) / (size * (size - 1));
  }
  if (excess <= kDeviationsOfInterest * std::sqrt(variance)) return 1;
  return statistics::overlap_upper_tail(strata);
}

}  // namespace

std::string_view to_string(CopyPolicy policy) {
  return policy == CopyPolicy::kShare ? "share" : "report";
}

std::vector<CopyPair> find_copies(const AnswerSheet& sheet, const CopyOptions& options) {
  const std::size_t num_miners = sheet.num_miners;
  if (num_miners < 2) return {};
  const Marks marks = marks_of(sheet, options.max_challenges);
  FullOverlaps full_overlaps;
  std::vector<Candidate> candidates;
  // Two comparisons a pair, and a half of the rate.
  const double num_tests =
      2 * static_cast<double>(num_miners) * static_cast<double>(num_miners - 1);
  for (std::size_t first = 0; first < num_miners; ++first) {
    for (std::size_t second = first + 1; second < num_miners; ++second) {
      const Comparison comparison = compare(marks, first, second);
      if (comparison.num_shared < options.min_shared) continue;
      full_overlaps.add(comparison.errors);
      full_overlaps.add(comparison.heights);
      const double chance = std::min(chance_of(comparison.errors), chance_of(comparison.heights));
      if (chance == 1) continue;
      candidates.push_back({.pair = {.first = first,
                                     .second = second,
                                     .num_shared = comparison.num_shared,
                                     .num_alike = comparison.num_alike,
                                     .p_value = std::min(1.0, chance * num_tests)},
                            .comparison = comparison});
    }
  }
  full_overlaps.sort();
  std::vector<CopyPair> pairs;
  for (Candidate& candidate : candidates) {
    const Comparison& comparison = candidate.comparison;
    candidate.pair.p_value =
        std::min({candidate.pair.p_value, 2 * full_overlaps.chance_of_any(comparison.errors),
                  2 * full_overlaps.chance_of_any(comparison.heights)});
    if (candidate.pair.p_value > options.false_alarm_rate) continue;
    // Who copies shares both; two models that find the same images hard share errors alone.
    if (!agrees(comparison.errors, options.min_agreement) ||
        !agrees(comparison.heights, options.min_agreement)) {
      continue;
    }
    pairs.push_back(candidate.pair);
  }
  std::ranges::stable_sort(pairs, {}, &CopyPair::p_value);
  return pairs;
}

std::vector<std::vector<std::size_t>> groups_of(const std::vector<CopyPair>& pairs) {
  std::size_t size = 0;
  for (const CopyPair& pair : pairs) size = std::max({size, pair.first + 1, pair.second + 1});
  std::vector<std::size_t> parents(size);
  for (std::size_t column = 0; column < size; ++column) parents[column] = column;
  const auto root_of = [&](std::size_t column) {
    while (parents[column] != column) column = parents[column] = parents[parents[column]];
    return column;
  };
  for (const CopyPair& pair : pairs) {
    const std::size_t first = root_of(pair.first);
    const std::size_t second = root_of(pair.second);
    parents[std::max(first, second)] = std::min(first, second);
  }
  std::vector<std::vector<std::size_t>> members(size);
  for (std::size_t column = 0; column < size; ++column) members[root_of(column)].push_back(column);
  std::erase_if(members, [](const auto& group) { return group.size() < 2; });
  return members;
}

}  // namespace assay::scoring
