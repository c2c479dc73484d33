#include "up/fleet_status.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <string>

namespace assay::up {
namespace {

using validator::MinerStatus;
using validator::ReplyKind;

/// The kind of silence that came most often.
std::string silence_of(const MinerStatus& miner) {
  const auto* const most = std::ranges::max_element(miner.num_silent);
  if (most == miner.num_silent.end() || *most == 0) return "";
  const auto kind = static_cast<ReplyKind>(most - miner.num_silent.begin());
  return std::string(validator::to_string(kind));
}

MinerFacts facts_of(const MinerStatus& miner, std::string name) {
  MinerFacts facts{
      .uid = miner.uid,
      .name = std::move(name),
      .hotkey = miner.hotkey,
      .num_asked = miner.num_asked,
      .num_answered = miner.num_answered,
      .silence = silence_of(miner),
      .accuracy = miner.accuracy.value_or(0),
      .false_alarm_share = miner.false_alarm_share.value_or(0),
      .miss_share = miner.miss_share.value_or(0),
      .mean_latency = std::chrono::milliseconds(std::llround(miner.mean_latency_ms.value_or(0))),
      .score = miner.score,
      .weight_share = miner.weight_share};
  const auto count = [&](ReplyKind kind) {
    return miner.num_silent.at(static_cast<std::size_t>(kind));
  };
  facts.num_declined = count(ReplyKind::kDeclined);
  facts.num_floods = count(ReplyKind::kTooLarge);
  if (!miner.alike.empty()) facts.copies = miner.alike.front();
  if (miner.jobs) {
    facts.num_jobs_claimed = miner.jobs->num_claimed;
    facts.num_jobs_missing = miner.jobs->num_missing;
  }
  return facts;
}

std::string weights_text(const validator::WeightsStatus& weights) {
  if (weights.is_off) return "off";
  std::string text = weights.result;
  if (!weights.error_name.empty()) text += " (" + weights.error_name + ")";
  return text;
}

}  // namespace

FleetStatus fleet_status(const validator::ValidatorStatus& status, const FleetPlan& plan,
                         std::span<const keys::Hotkey> hotkeys) {
  FleetStatus fleet;
  std::vector<MinerFacts> facts;
  for (const MinerStatus& miner : status.miners) {
    const auto known = std::ranges::find_if(
        hotkeys, [&](const keys::Hotkey& hotkey) { return hotkey.to_ss58() == miner.hotkey; });
    const auto index = static_cast<std::size_t>(known - hotkeys.begin());
    facts.push_back(
        facts_of(miner, index < plan.miners.size() ? plan.miners[index].name : miner.hotkey));
    if (miner.jobs) fleet.progress.num_jobs += miner.jobs->num_sent;
  }
  fleet.miners = judge(facts);
  fleet.progress.num_rounds = status.rounds.num_scored_ever;
  fleet.progress.block = status.chain.block;
  fleet.progress.weights = weights_text(status.weights);
  return fleet;
}

}  // namespace assay::up
