#include "validator/chain_desk.h"

#include "core/bytes.h"
#include "core/log.h"
#include "validator/weight_record_internal.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

// A submission is written down before it is sent, and its answer after. One whose outcome nobody
// knows may still land: it is looked for in the chain's own state, and only when the chain has gone
// on for some blocks without it, another one is made.

namespace assay::validator {
namespace {

/// A submission that has not landed by then never will: such transactions live for 64 blocks at
/// most, and land within a few.
constexpr chain::BlockCount kUnknownBlocks = 64;
/// After a refusal that is not about time: what was wrong has to be mended by somebody.
constexpr chain::BlockCount kRefusedBlocks = 10;
constexpr chain::BlockCount kOverdueEpochs = 2;
constexpr std::uint16_t kWholeWeight = 65'535;

/// Scores of those who still have their slots.
ScoreOffer valid_part(const ScoreOffer& offer, const NetworkView& view) {
  ScoreOffer valid{.scores = std::vector<float>(view.neurons.size(), 0.0F), .hotkeys = {}};
  for (std::size_t uid = 0; uid < std::min(offer.scores.size(), view.neurons.size()); ++uid) {
    if (offer.hotkeys[uid] == view.neurons[uid].hotkey) valid.scores[uid] = offer.scores[uid];
  }
  return valid;
}

}  // namespace

scoring::WeightOptions weight_options(const ChainDeskOptions& options,
                                      const chain::Hyperparameters& rules) {
  return {.min_allowed = rules.min_allowed_weights,
          .max_share = static_cast<double>(rules.max_weight_limit) / kWholeWeight,
          .burn_uid = options.burn_uid,
          .small = options.small_weights};
}

ChainDesk::ChainDesk(const ChainDeskTools& tools, std::filesystem::path folder,
                     const ChainDeskOptions& options)
    : tools_(tools), folder_(std::move(folder)), options_(options) {}

ChainState ChainDesk::state() const {
  const std::scoped_lock lock(mutex_);
  return state_;
}

void ChainDesk::offer(ScoreOffer offer) {
  const std::scoped_lock lock(mutex_);
  offer_ = std::move(offer);
}

chain::BlockCount ChainDesk::epoch_length(const NetworkView& view) const {
  return std::max(options_.epoch_length.value_or(view.rules.tempo), view.rules.weights_rate_limit);
}

void ChainDesk::note_problem(const Error& error) {
  const std::scoped_lock lock(mutex_);
  // One line a problem, not one a try.
  if (state_.problem != error.message) {
    log_warning("the chain does not answer", {{"reason", error.message}});
  }
  state_.problem = error.message;
}

Result<std::chrono::nanoseconds> ChainDesk::step(const std::stop_token& stop) {
  const auto now = tools_.clock.monotonic();
  if (stop.stop_requested()) return now;
  if (now >= next_block_) {
    next_block_ = now + options_.block_interval;
    if (auto read = read_chain(stop); !read) {
      if (!stop.stop_requested()) note_problem(read.error());
      return next_block_;
    }
  }
  const ChainState seen = state();
  if (seen.view && options_.weights == WeightSetting::kOn && !stop.stop_requested()) {
    RETURN_IF_ERROR(tend_weights(*seen.view, stop));
  }
  return next_block_;
}

Status ChainDesk::read_chain(const std::stop_token& stop) {
  ASSIGN_OR_RETURN(const chain::BlockNumber block, tools_.network.current_block(call(stop)));
  if (!first_block_) first_block_ = block;
  if (tools_.clock.monotonic() >= next_metagraph_) RETURN_IF_ERROR(read_members(stop));
  const std::scoped_lock lock(mutex_);
  if (!state_.problem.empty()) log_info("the chain answers again");
  state_.block = block;
  state_.block_read_at = tools_.clock.now();
  state_.problem.clear();
  return {};
}

Status ChainDesk::read_members(const std::stop_token& stop) {
  ASSIGN_OR_RETURN(const chain::Hyperparameters rules,
                   tools_.network.hyperparameters(options_.netuid, call(stop)));
  ASSIGN_OR_RETURN(chain::Metagraph metagraph,
                   tools_.network.metagraph(options_.netuid, call(stop)));
  auto view =
      make_network_view(std::move(metagraph), rules, *tools_.network.self(), tools_.clock.now());
  next_metagraph_ = tools_.clock.monotonic() + options_.metagraph_interval;
  const std::scoped_lock lock(mutex_);
  state_.view = std::move(view);
  return {};
}

Status ChainDesk::tend_weights(const NetworkView& view, const std::stop_token& stop) {
  if (!view.own_uid) return {};
  const ChainState seen = state();
  if (seen.weights && !seen.weights->is_confirmed &&
      (seen.weights->result == chain::WriteResult::kAccepted ||
       seen.weights->result == chain::WriteResult::kOutcomeUnknown)) {
    RETURN_IF_ERROR(confirm(view, stop));
  }
  std::optional<ScoreOffer> offer;
  {
    const std::scoped_lock lock(mutex_);
    const chain::BlockNumber last_update = view.metagraph.neurons.at(*view.own_uid).last_update;
    chain::BlockNumber last = last_update;
    if (state_.weights && state_.weights->is_confirmed)
      last = std::max(last, state_.weights->block);
    const chain::BlockNumber due = std::max(last + epoch_length(view), not_before_);
    state_.weights_due = due;
    const chain::BlockNumber waited_since = std::max(last, first_block_.value_or(last));
    const bool is_overdue = state_.block > waited_since + (kOverdueEpochs * epoch_length(view));
    if (is_overdue && !state_.is_overdue) {
      log_error("no weights for two tempos",
                {{"last", fmt::format("{}", last)}, {"block", fmt::format("{}", state_.block)}});
    }
    state_.is_overdue = is_overdue;
    if (state_.block < due || !offer_) return {};
    offer = offer_;
  }
  return submit(view, *offer, stop);
}

Status ChainDesk::submit(const NetworkView& view, const ScoreOffer& offer,
                         const std::stop_token& stop) {
  const ScoreOffer valid = valid_part(offer, view);
  const scoring::WeightSet set =
      scoring::weights_of(valid.scores, weight_options(options_, view.rules));
  const std::uint64_t version_key = options_.version_key.value_or(view.rules.weights_version_key);
  WeightsReport report{.sent_at = tools_.clock.now(),
                       .block = state().block,
                       .weights = set.weights,
                       .is_burnt = set.is_burnt};
  RETURN_IF_ERROR(record(intent_line(report, valid, view, version_key)));

  std::vector<chain::WeightEntry> entries;
  entries.reserve(set.weights.size());
  for (const scoring::ChainWeight& weight : set.weights) {
    entries.push_back({.uid = weight.uid, .weight = weight.weight});
  }
  const auto outcome = tools_.network.set_weights(
      {.netuid = options_.netuid, .weights = entries, .version_key = version_key}, call(stop));
  if (outcome) {
    report.result = outcome->result;
    report.error_name = outcome->error_name;
    report.message = outcome->message;
  } else {
    // An error of a write says that nothing was written.
    report.result = chain::WriteResult::kRefused;
    report.error_name = to_string(outcome.error().code);
    report.message = outcome.error().message;
  }
  chain::BlockCount wait = kRefusedBlocks;
  if (report.result == chain::WriteResult::kRateLimited) {
    wait = outcome->wait_blocks.value_or(1);
  } else if (report.result == chain::WriteResult::kOutcomeUnknown) {
    wait = kUnknownBlocks;
  } else if (report.result == chain::WriteResult::kAccepted) {
    wait = epoch_length(view);
  } else {
    log_error("weights were refused", {{"error", report.error_name}, {"message", report.message}});
  }
  not_before_ = report.block + std::max<chain::BlockCount>(wait, 1);
  log_info("weights", {{"result", chain::to_string(report.result)},
                       {"block", fmt::format("{}", report.block)},
                       {"members", fmt::format("{}", report.weights.size())},
                       {"message", report.message}});
  RETURN_IF_ERROR(record(answer_line(report, tools_.clock.now())));
  const std::scoped_lock lock(mutex_);
  state_.weights = std::move(report);
  state_.weights_due = not_before_;
  return {};
}

Status ChainDesk::confirm(const NetworkView& view, const std::stop_token& stop) {
  const auto found = tools_.network.weights_state(options_.netuid, call(stop));
  if (!found) {
    note_problem(found.error());
    return {};
  }
  const ChainState seen = state();
  if (!found->uid || found->last_update < seen.weights->block) return {};
  RETURN_IF_ERROR(record(confirmed_line(*seen.weights, found->last_update, tools_.clock.now())));
  const std::scoped_lock lock(mutex_);
  state_.weights->is_confirmed = true;
  state_.weights->block = found->last_update;
  not_before_ = found->last_update + epoch_length(view);
  return {};
}

Status ChainDesk::record(std::string_view line) {
  const auto write = [&]() -> Status {
    if (!log_) {
      RETURN_IF_ERROR(tools_.file_system.create_folders(folder_));
      ASSIGN_OR_RETURN(log_,
                       tools_.file_system.open(folder_ / kWeightLogFile, files::OpenMode::kAppend));
      RETURN_IF_ERROR(tools_.file_system.sync_folder(folder_));
    }
    RETURN_IF_ERROR(log_->append(as_bytes(std::string(line) + "\n")));
    return log_->sync();
  };
  return with_context(write(), "the record of weights");
}

}  // namespace assay::validator
