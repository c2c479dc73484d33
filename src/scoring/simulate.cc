#include "scoring/simulate.h"

#include "scoring/score_book.h"
#include "statistics/overlap.h"

#include <algorithm>
#include <array>
#include <map>
#include <numeric>
#include <unordered_map>
#include <utility>

namespace assay::scoring {
namespace {

/// Answers this likely from a miner that does not look are taken as such.
constexpr double kLazyChance = 0.01;

/// The answers of the last hotkey of a slot.
struct MinerTally {
  std::string hotkey;
  std::uint64_t num_asked = 0;
  std::uint64_t num_right = 0;
  std::uint64_t num_silent = 0;
  /// Of valid answers: do those that say "present" meet the images where it is?
  statistics::OverlapStratum association = {};

  void add(const Answer& answer) {
    ++num_asked;
    if (answer.is_silent()) ++num_silent;
    if (!answer.is_valid()) return;
    const bool is_present = answer.label == Label::kPresent;
    const bool says_present = answer.value() > 0.5;
    num_right += is_present == says_present ? 1 : 0;
    ++association.size;
    association.first += is_present ? 1 : 0;
    association.second += says_present ? 1 : 0;
    association.both += is_present && says_present ? 1 : 0;
  }
};

using Tallies = std::map<Uid, MinerTally>;

Tallies tally(std::span<const RecordedAnswer> history) {
  Tallies tallies;
  for (const RecordedAnswer& recorded : history) {
    MinerTally& miner = tallies[recorded.uid];
    if (miner.hotkey != recorded.hotkey) miner = {.hotkey = recorded.hotkey};
    miner.add(recorded.answer);
  }
  return tallies;
}

SimulatedMiner miner_of(Uid uid, const MinerTally& tally, std::span<const KnownConduct> known) {
  SimulatedMiner miner{.uid = uid,
                       .hotkey = tally.hotkey,
                       .conduct = Conduct::kHonest,
                       .kind = {},
                       .num_asked = tally.num_asked,
                       .num_right = tally.num_right,
                       .num_silent = tally.num_silent};
  const auto found = std::ranges::find(known, tally.hotkey, &KnownConduct::hotkey);
  if (found != known.end()) {
    miner.conduct = found->conduct;
    miner.kind = found->kind;
    return miner;
  }
  const std::array strata{tally.association};
  const bool is_lazy = statistics::overlap_upper_tail(strata) > kLazyChance;
  miner.conduct = is_lazy ? Conduct::kLazy : Conduct::kHonest;
  miner.kind = is_lazy ? "no better than chance" : "looks";
  return miner;
}

/// The last challenges, with a column for each miner's last hotkey.
AnswerSheet sheet_of(std::span<const RecordedAnswer> history,
                     std::span<const SimulatedMiner> miners, std::size_t max_challenges) {
  AnswerSheet sheet{.num_miners = miners.size()};
  std::map<Uid, std::size_t> columns;
  for (std::size_t i = 0; i < miners.size(); ++i) columns[miners[i].uid] = i;
  // A challenge is as old as its first answer.
  std::unordered_map<std::string_view, std::size_t> ages;
  for (const RecordedAnswer& recorded : history) {
    if (!recorded.challenge.empty()) ages.try_emplace(recorded.challenge, ages.size());
  }
  const std::size_t num_passed_over = ages.size() - std::min(ages.size(), max_challenges);
  std::unordered_map<std::string_view, std::size_t> rows;
  for (const RecordedAnswer& recorded : history) {
    const std::size_t column = columns.at(recorded.uid);
    if (recorded.challenge.empty() || miners[column].hotkey != recorded.hotkey) continue;
    if (ages.at(recorded.challenge) < num_passed_over) continue;
    const auto [row, is_new] = rows.try_emplace(recorded.challenge, sheet.challenges.size());
    if (is_new) {
      sheet.challenges.push_back(
          {.label = recorded.answer.label, .answers = std::vector<Answer>(miners.size())});
    }
    auto& challenge = sheet.challenges[row->second];
    // One that is said to have both labels is no challenge that answers can be compared on.
    if (challenge.label == recorded.answer.label) challenge.answers[column] = recorded.answer;
  }
  return sheet;
}

std::vector<float> scores_of(std::span<const RecordedAnswer> history, Formula formula) {
  ScoreBook book(formula);
  for (const RecordedAnswer& recorded : history) {
    book.record(recorded.uid, recorded.hotkey, recorded.answer);
  }
  return book.scores();
}

/// P(an honest one earns more than a lazy one), by comparing each with each.
std::optional<double> separation_of(std::span<const SimulatedMiner> miners,
                                    std::span<const double> shares) {
  double pairs = 0;
  double in_order = 0;
  for (std::size_t honest = 0; honest < miners.size(); ++honest) {
    if (miners[honest].conduct != Conduct::kHonest) continue;
    for (std::size_t lazy = 0; lazy < miners.size(); ++lazy) {
      if (miners[lazy].conduct != Conduct::kLazy) continue;
      ++pairs;
      if (shares[honest] > shares[lazy]) in_order += 1;
      if (shares[honest] == shares[lazy]) in_order += 0.5;
    }
  }
  if (pairs == 0) return std::nullopt;
  return in_order / pairs;
}

FormulaEarnings earnings_of(Formula formula, std::vector<float> scores,
                            std::span<const SimulatedMiner> miners) {
  FormulaEarnings earnings{.formula = formula};
  const double sum = std::accumulate(scores.begin(), scores.end(), 0.0);
  const WeightSet weights = weights_of(scores);
  for (const SimulatedMiner& miner : miners) {
    const double share = sum == 0 ? 0 : scores[miner.uid] / sum;
    const auto weight = std::ranges::find(weights.weights, miner.uid, &ChainWeight::uid);
    const bool is_paid = !weights.is_burnt && weight != weights.weights.end();
    earnings.shares.push_back(share);
    earnings.weights.push_back(is_paid ? weight->weight : std::uint16_t{0});
    if (miner.conduct == Conduct::kLazy) earnings.share_of_lazy += share;
  }
  earnings.gini = gini(earnings.shares);
  earnings.separation = separation_of(miners, earnings.shares);
  return earnings;
}

}  // namespace

Simulation simulate(std::span<const RecordedAnswer> history, std::span<const KnownConduct> known,
                    const SimulateOptions& options) {
  Simulation simulation{.num_answers = history.size()};
  for (const auto& [uid, tally] : tally(history)) {
    simulation.miners.push_back(miner_of(uid, tally, known));
  }
  const AnswerSheet sheet = sheet_of(history, simulation.miners, options.copies.max_challenges);
  simulation.has_challenges = !sheet.challenges.empty();
  simulation.copies = find_copies(sheet, options.copies);
  const auto groups = groups_of(simulation.copies);
  for (const Formula formula : options.formulas) {
    std::vector<float> scores = scores_of(history, formula);
    if (options.copy_policy == CopyPolicy::kShare) {
      for (const auto& group : groups) {
        for (const std::size_t column : group) {
          scores[simulation.miners[column].uid] /= static_cast<float>(group.size());
        }
      }
    }
    simulation.formulas.push_back(earnings_of(formula, std::move(scores), simulation.miners));
  }
  return simulation;
}

}  // namespace assay::scoring
