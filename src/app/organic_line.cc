#include "app/organic_line.h"

#include "core/clock.h"
#include "core/random.h"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <utility>

namespace assay::app {
namespace {

/// How soon a stop is noticed while miners are awaited.
constexpr std::chrono::milliseconds kLook{100};
/// Of one request; one goes to a few miners.
constexpr std::size_t kMaxInFlight = 16;

}  // namespace

OrganicLine::OrganicLine(const keys::KeyPair& signer, validator::WireProtocol protocol,
                         double validator_stake_limit, std::stop_token stop)
    : signer_(&signer),
      protocol_(protocol),
      validator_stake_limit_(validator_stake_limit),
      stop_(std::move(stop)) {}

void OrganicLine::see(std::shared_ptr<const validator::NetworkView> view) {
  const std::scoped_lock lock(mutex_);
  view_ = std::move(view);
}

std::shared_ptr<const validator::NetworkView> OrganicLine::view() const {
  const std::scoped_lock lock(mutex_);
  return view_;
}

std::vector<organic::Miner> OrganicLine::available() const {
  const auto seen = view();
  std::vector<organic::Miner> miners;
  if (!seen || !seen->own_uid) return miners;
  for (const scoring::Uid uid :
       scoring::available_uids(seen->neurons, *seen->own_uid, validator_stake_limit_)) {
    const validator::MinerAddress address = validator::address_of(*seen, uid);
    const chain::Neuron& neuron = seen->metagraph.neurons.at(uid);
    const std::optional<std::uint64_t> emission = neuron.pay.emission_rao;
    miners.push_back({.uid = uid,
                      .hotkey = address.hotkey,
                      .coldkey = neuron.coldkey,
                      .rank = neuron.pay.rank,
                      .incentive = neuron.pay.incentive,
                      .emission = emission ? std::optional(chain::to_tao(*emission)) : std::nullopt,
                      .ip = address.ip,
                      .port = address.port});
  }
  return miners;
}

Result<std::unique_ptr<validator::HttpCourier>> OrganicLine::take_courier() {
  {
    const std::scoped_lock lock(mutex_);
    if (!idle_couriers_.empty()) {
      auto courier = std::move(idle_couriers_.back());
      idle_couriers_.pop_back();
      return courier;
    }
  }
  return validator::HttpCourier::create(
      {.sender = *signer_, .clock = system_clock(), .random = system_random()},
      {.protocol = protocol_, .max_in_flight = kMaxInFlight});
}

Result<std::vector<organic::MinerAnswer>> OrganicLine::ask(
    std::span<const organic::PlannedAsk> plan, std::shared_ptr<const std::string> body) {
  ASSIGN_OR_RETURN(std::unique_ptr<validator::HttpCourier> courier, take_courier());
  const auto started = system_clock().monotonic();
  std::vector<organic::MinerAnswer> answers(plan.size());
  std::size_t num_sent = 0;
  std::size_t num_back = 0;
  const validator::AskSource source = [&] -> Result<validator::NextAsk> {
    if (stop_.stop_requested()) return cancelled("the validator stops");
    if (num_back == plan.size()) return validator::NextAsk(validator::NothingMore{});
    const auto now = system_clock().monotonic();
    const auto look = now + kLook;
    if (num_sent == plan.size()) return validator::NextAsk(validator::WaitUntil{look});
    const organic::PlannedAsk& next = plan[num_sent];
    const auto start = started + next.start_after;
    if (now < start) {
      return validator::NextAsk(
          validator::WaitUntil{std::min<std::chrono::nanoseconds>(start, look)});
    }
    return validator::NextAsk(validator::Ask{.id = num_sent++,
                                             .miner = {.uid = next.miner.uid,
                                                       .hotkey = next.miner.hotkey,
                                                       .ip = next.miner.ip,
                                                       .port = next.miner.port},
                                             .body = body,
                                             .timeout = next.timeout});
  };
  const validator::ReplySink sink = [&](std::uint64_t id, const validator::Reply& reply) -> Status {
    ++num_back;
    organic::MinerAnswer& answer = answers.at(id);
    answer.latency = reply.latency;
    if (reply.kind == validator::ReplyKind::kPrediction) answer.prediction = reply.prediction;
    return {};
  };
  Status ran = courier->run(source, sink);
  {
    const std::scoped_lock lock(mutex_);
    idle_couriers_.push_back(std::move(courier));
  }
  RETURN_IF_ERROR(ran);
  return answers;
}

}  // namespace assay::app
