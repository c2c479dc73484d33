/// \file
/// Miners whose answers go together more than those of independent miners would.

#pragma once

#include "scoring/answer_window.h"
#include "scoring/neuron.h"

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace assay::scoring {

/// What becomes of miners whose answers go together.
enum class CopyPolicy : std::uint8_t {
  kReport,  ///< They are named.
  kShare,   ///< And a group of them earns what one of them would.
};

/// `report` or `share`.
std::string_view to_string(CopyPolicy policy);

/// Who answered what: the rows are challenges, the columns miners. A prediction that is no valid
/// answer, or none, is left out of every comparison.
struct AnswerSheet {
  struct Challenge {
    Label label = Label::kAbsent;
    std::vector<Answer> answers = {};  ///< By column; as many as there are columns.
  };
  std::size_t num_miners = 0;
  std::vector<Challenge> challenges = {};
};

struct CopyOptions {
  /// The chance that anybody at all is accused in a fleet of independent miners.
  double false_alarm_rate = 1e-4;
  /// Fewer shared challenges than this say nothing.
  std::size_t min_shared = 20;
  /// From 0 to 1: of what two miners could share beyond chance they must share this much, errors
  /// and heights alike. With 0 the smallest dependence is told once there are challenges enough,
  /// and two honest miners whose models find the same images hard are not quite independent.
  double min_agreement = 0;
  /// Only the last so many challenges are looked at.
  std::size_t max_challenges = 1'000;
};

/// Two columns whose answers are not independent of each other.
struct CopyPair {
  std::size_t first = 0;
  std::size_t second = 0;
  std::size_t num_shared = 0;  ///< Challenges that both answered.
  std::size_t num_alike = 0;   ///< Of these, both right or both wrong.
  /// The chance of so much agreement, for all pairs of the fleet and both comparisons together.
  double p_value = 1;
};

/// Find the pairs. Each is compared in two ways, both by an exact test under the assumption that
/// within challenges of one label and about one difficulty (how many of the other miners were
/// wrong) the one miner's answers are not tied to the other's:
/// - are they wrong on the same challenges?
/// - are their predictions above their own medians on the same challenges?
/// What the test cannot tell: whether the one copies the other, or both run one model.
/// Order: the smallest p-value first.
std::vector<CopyPair> find_copies(const AnswerSheet& sheet, const CopyOptions& options = {});

/// Columns that pairs connect. Order: by the first column; columns rise.
std::vector<std::vector<std::size_t>> groups_of(const std::vector<CopyPair>& pairs);

}  // namespace assay::scoring
