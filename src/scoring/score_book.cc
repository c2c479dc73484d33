#include "scoring/score_book.h"

#include <algorithm>
#include <utility>

namespace assay::scoring {

std::vector<float> ScoreBook::scores() const {
  std::vector<float> scores;
  scores.reserve(miners_.size());
  for (const MinerState& miner : miners_) scores.push_back(miner.score);
  return scores;
}

MinerState& ScoreBook::slot(Uid uid) {
  if (uid >= miners_.size()) miners_.resize(std::size_t{uid} + 1);
  return miners_[uid];
}

ScoreStep ScoreBook::record(Uid uid, std::string_view hotkey, const Answer& answer) {
  MinerState& miner = slot(uid);
  ScoreStep step;
  if (miner.hotkey != hotkey) {
    step.is_replaced = !miner.hotkey.empty();
    miner = {.hotkey = std::string(hotkey), .score = 0, .windows = {}};
  }
  miner.windows.add(answer);
  step.reward = reward(formula_, miner.windows, answer);
  miner.score = moved_score(miner.score, step.reward, moving_average_weight(formula_));
  step.score = miner.score;
  return step;
}

void ScoreBook::decay(Uid uid) {
  MinerState& miner = slot(uid);
  miner.score = moved_score(miner.score, 0, moving_average_weight(formula_));
}

Reconciliation ScoreBook::reconcile(std::span<const Neuron> neurons) {
  Reconciliation changes;
  const std::size_t before = miners_.size();
  changes.num_added = neurons.size() - std::min(before, neurons.size());
  changes.num_removed = before - std::min(before, neurons.size());
  miners_.resize(neurons.size());
  for (std::size_t i = 0; i < neurons.size(); ++i) {
    MinerState& miner = miners_[i];
    if (miner.hotkey == neurons[i].hotkey) continue;
    if (!miner.hotkey.empty()) changes.replaced.push_back(static_cast<Uid>(i));
    miner = {.hotkey = neurons[i].hotkey, .score = 0, .windows = {}};
  }
  return changes;
}

void ScoreBook::restore(Uid uid, MinerState state) { slot(uid) = std::move(state); }

}  // namespace assay::scoring
