#include "validator/status_report.h"

#include "scoring/weights.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <string>
#include <vector>

namespace assay::validator {
namespace {

using scoring::Uid;

void add_window(const scoring::AnswerWindow& window, MinerStatus& miner) {
  // [label][is wrong]
  std::array<std::array<std::uint32_t, 2>, 2> counts{};
  for (std::size_t age = 0; age < window.size(); ++age) {
    const scoring::Answer answer = window.at(age);
    if (!answer.is_valid()) continue;
    const bool says_present = answer.value() > 0.5;
    const bool is_present = answer.label == scoring::Label::kPresent;
    ++counts.at(is_present ? 1 : 0).at(says_present != is_present ? 1 : 0);
  }
  const auto share = [](const std::array<std::uint32_t, 2>& right_and_wrong) {
    const std::uint32_t total = right_and_wrong[0] + right_and_wrong[1];
    return total == 0 ? std::optional<double>() : static_cast<double>(right_and_wrong[1]) / total;
  };
  miner.false_alarm_share = share(counts[0]);
  miner.miss_share = share(counts[1]);
  if (!miner.false_alarm_share && !miner.miss_share) return;
  const scoring::AnswerMetrics metrics = window.metrics();
  miner.accuracy = metrics.accuracy;
  if (miner.false_alarm_share && miner.miss_share) miner.auc = metrics.auc;
}

void add_answers(const AnswerBoard& board, MinerStatus& miner) {
  const MinerRecord* record = board.find(miner.hotkey);
  if (record == nullptr) return;
  miner.num_asked = record->num_asked();
  miner.num_answered = record->num_answered();
  miner.num_silent = record->num_replies;
  miner.num_silent.at(static_cast<std::size_t>(ReplyKind::kPrediction)) = 0;
  miner.last_answered = record->last_answered;
  miner.mean_latency_ms = record->mean_latency_ms();
}

std::string address_text(const chain::Neuron& neuron) {
  if (!neuron.axon || neuron.axon->port == 0) return {};
  return neuron.axon->ip.contains(':') ? fmt::format("[{}]:{}", neuron.axon->ip, neuron.axon->port)
                                       : fmt::format("{}:{}", neuron.axon->ip, neuron.axon->port);
}

void add_miners(const StatusSources& sources, const NetworkView& view, ValidatorStatus& status) {
  const auto states = sources.state.book().miners();
  const ClaimCounts jobs = sources.jobs == nullptr ? ClaimCounts() : sources.jobs->counts();
  const std::vector<float> paid =
      paid_scores(sources.state.book(), jobs, sources.copies, sources.copy_policy);
  std::vector<float> scores(view.neurons.size(), 0.0F);
  std::map<std::string, Uid, std::less<>> uids;
  for (std::size_t uid = 0; uid < view.neurons.size(); ++uid) {
    uids.emplace(view.neurons[uid].hotkey, static_cast<Uid>(uid));
    if (uid < states.size() && states[uid].hotkey == view.neurons[uid].hotkey) {
      scores[uid] = paid[uid];
    }
  }
  const scoring::WeightSet weights =
      scoring::weights_of(scores, weight_options(sources.chain_options, view.rules));
  double total = 0;
  for (const scoring::ChainWeight& weight : weights.weights) total += weight.weight;
  for (std::size_t uid = 0; uid < view.neurons.size(); ++uid) {
    if (view.own_uid == static_cast<Uid>(uid) ||
        scoring::is_validator(view.neurons[uid], sources.validator_stake_limit)) {
      continue;
    }
    MinerStatus miner{.uid = static_cast<Uid>(uid),
                      .hotkey = view.neurons[uid].hotkey,
                      .address = address_text(view.metagraph.neurons[uid])};
    add_answers(sources.board, miner);
    if (uid < states.size() && states[uid].hotkey == miner.hotkey) {
      miner.score = states[uid].score;
      add_window(states[uid].windows.recent, miner);
    }
    const auto weight = std::ranges::find(weights.weights, miner.uid, &scoring::ChainWeight::uid);
    if (weight != weights.weights.end()) {
      miner.weight = weight->weight;
      miner.weight_share = weight->weight / total;
    }
    if (const auto alike = sources.copies.find(miner.hotkey); alike != sources.copies.end()) {
      for (const std::string& hotkey : alike->second) {
        if (const auto other = uids.find(hotkey); other != uids.end()) {
          miner.alike.push_back(other->second);
        }
      }
      std::ranges::sort(miner.alike);
    }
    if (sources.jobs != nullptr) {
      const auto found = jobs.find(miner.hotkey);
      miner.jobs = found == jobs.end() ? JobCounts() : found->second;
    }
    status.miners.push_back(std::move(miner));
  }
}

void add_chain_state(const ChainState& chain, ChainStatus& status) {
  status.block = chain.block;
  status.block_read_at = chain.block_read_at;
  status.problem = chain.problem;
  if (chain.view) {
    status.members_read_at = chain.view->read_at;
    status.num_members = chain.view->neurons.size();
  }
}

void add_weights_state(const ChainState& chain, WeightsStatus& status) {
  status.due_block = chain.weights_due;
  status.is_overdue = chain.is_overdue;
  if (!chain.weights) return;
  status.sent_at = chain.weights->sent_at;
  status.block = chain.weights->block;
  status.result = chain::to_string(chain.weights->result);
  status.error_name = chain.weights->error_name;
  status.message = chain.weights->message;
  status.num_weights = chain.weights->weights.size();
  status.is_burnt = chain.weights->is_burnt;
  status.is_confirmed = chain.weights->result == chain::SubmitResult::kConfirmed ||
                        chain.weights->result == chain::SubmitResult::kLandedEarlier;
}

}  // namespace

void add_report(const StatusSources& sources, ValidatorStatus& status) {
  const RoundCounts& counts = sources.loop.counts();
  status.problem = sources.loop.problem();
  status.rounds.num_scored_ever = sources.state.num_rounds();
  status.rounds.num_scored = counts.num_scored;
  status.rounds.num_skipped = counts.num_skipped;
  status.rounds.num_in_flight = sources.loop.num_in_flight();
  status.rounds.num_asked = counts.num_asked;
  status.rounds.num_answered = counts.num_answered;
  status.rounds.last_finished = counts.last_finished;
  if (sources.proxy != nullptr) status.proxy = sources.proxy->status();
  if (sources.round_export != nullptr) status.statistics = sources.round_export->status();
  add_chain_state(sources.chain, status.chain);
  const ChallengeMix& mix = sources.loop.mix();
  status.cells.clear();
  for (std::size_t i = 0; i < kNumCells; ++i) {
    const Cell cell = cell_at(i);
    status.cells.push_back({.cell = cell,
                            .num_images = sources.loop.stock().at(i),
                            .num_sent = mix.num_sent().at(i),
                            .target_share = mix.target_share(cell),
                            .sent_share = mix.sent_share(cell),
                            .shortfall_share = mix.shortfall(cell)});
  }
  status.shares_copies = sources.copy_policy == scoring::CopyPolicy::kShare;
  status.weights.is_off = sources.chain_options.weights == WeightSetting::kOff;
  add_weights_state(sources.chain, status.weights);
  status.miners.clear();
  if (!sources.chain.view) return;
  const NetworkView& view = *sources.chain.view;
  status.uid = view.own_uid;
  if (view.own_uid) {
    const chain::Neuron& self = view.metagraph.neurons[*view.own_uid];
    status.stake_tao = self.stake_tao();
    status.has_permit = self.has_validator_permit;
    status.chain.num_miners =
        scoring::available_uids(view.neurons, *view.own_uid, sources.validator_stake_limit).size();
  }
  add_miners(sources, view, status);
}

}  // namespace assay::validator
