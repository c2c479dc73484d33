#include "validator/chain_desk.h"

#include "core/bytes.h"
#include "core/check.h"
#include "core/log.h"
#include "validator/weight_record_internal.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

// A submission is written down before it is sent, and its answer after, so that a process that dies
// between the two leaves behind what its successor has to look for on the chain.

namespace assay::validator {
namespace {

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

/// The chain has these weights, or those of the submission before.
bool is_there(chain::SubmitResult result) {
  return result == chain::SubmitResult::kConfirmed || result == chain::SubmitResult::kLandedEarlier;
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
  const auto now = tools_.clock.monotonic();
  const std::scoped_lock lock(mutex_);
  if (block > state_.block) last_progress_ = now;
  std::string problem;
  if (now - last_progress_ > options_.stalled_after) {
    problem = fmt::format("the chain has stood still at block {}", block);
    if (state_.problem != problem) log_warning(problem);
  } else if (!state_.problem.empty()) {
    log_info("the chain answers again");
  }
  state_.block_read_at = tools_.clock.now();
  if (block > state_.block) state_.block_rose_at = state_.block_read_at;
  state_.block = block;
  state_.problem = std::move(problem);
  return {};
}

Status ChainDesk::read_members(const std::stop_token& stop) {
  ASSIGN_OR_RETURN(const chain::Hyperparameters rules,
                   tools_.network.hyperparameters(options_.netuid, call(stop)));
  ASSIGN_OR_RETURN(chain::Metagraph metagraph,
                   tools_.network.metagraph(options_.netuid, call(stop)));
  const std::optional<keys::Hotkey>& self = tools_.network.self();
  CHECK(self.has_value(), "a validator acts for a hotkey");
  auto view = make_network_view(std::move(metagraph), rules, *self, tools_.clock.now());
  next_metagraph_ = tools_.clock.monotonic() + options_.metagraph_interval;
  const std::scoped_lock lock(mutex_);
  state_.view = std::move(view);
  return {};
}

bool ChainDesk::is_due(const NetworkView& view) {
  const std::scoped_lock lock(mutex_);
  const chain::BlockNumber last = view.own_last_update;
  const chain::BlockNumber due = std::max(last + epoch_length(view), not_before_);
  state_.weights_due = due;
  const chain::BlockNumber waited_since =
      std::max({last, first_block_.value_or(last), last_landed_});
  const bool is_overdue = state_.block > waited_since + (kOverdueEpochs * epoch_length(view));
  if (is_overdue && !state_.is_overdue) {
    log_error("no weights for two tempos",
              {{"last", fmt::format("{}", last)}, {"block", fmt::format("{}", state_.block)}});
  }
  state_.is_overdue = is_overdue;
  return state_.block >= due;
}

Status ChainDesk::tend_weights(const NetworkView& view, const std::stop_token& stop) {
  if (!view.own_uid) return {};
  if (!setter_) RETURN_IF_ERROR(open_log());
  if (setter_->pending()) {
    ASSIGN_OR_RETURN(const bool is_clear, confirm(view, stop));
    if (!is_clear) return {};
  }
  if (!is_due(view)) return {};
  std::optional<ScoreOffer> offer;
  {
    const std::scoped_lock lock(mutex_);
    offer = offer_;
  }
  return offer ? submit(view, *offer, stop) : Status();
}

Status ChainDesk::submit(const NetworkView& view, const ScoreOffer& offer,
                         const std::stop_token& stop) {
  const ScoreOffer valid = valid_part(offer, view);
  const scoring::WeightSet set =
      scoring::weights_of(valid.scores, weight_options(options_, view.rules));
  const std::uint64_t version_key = options_.version_key.value_or(view.rules.weights_version_key);
  const WeightsReport report{.sent_at = tools_.clock.now(),
                             .block = state().block,
                             .weights = set.weights,
                             .is_burnt = set.is_burnt};
  RETURN_IF_ERROR(rotate_log());
  RETURN_IF_ERROR(record(intent_line(report, valid, view,
                                     {.version_key = version_key,
                                      .last_update = std::max(view.own_last_update, last_landed_),
                                      .small_weights = options_.small_weights})));

  std::vector<chain::WeightEntry> entries;
  entries.reserve(set.weights.size());
  for (const scoring::ChainWeight& weight : set.weights) {
    entries.push_back({.uid = weight.uid, .weight = weight.weight});
  }
  const auto submitted = setter_->submit(entries, version_key, call(stop));
  // What became of it, whoever comes next has to find out.
  if (!submitted && submitted.error().code == ErrorCode::kCancelled) return {};
  if (submitted && submitted->has_lost_earlier) {
    log_warning("weights that were sent before have not landed");
    RETURN_IF_ERROR(record(outcome_line(false, submitted->state.last_update, tools_.clock.now())));
  }
  return settle(report, submitted, view);
}

Status ChainDesk::settle(WeightsReport report, const Result<chain::SubmitReport>& submitted,
                         const NetworkView& view) {
  chain::BlockNumber next = report.block + kRefusedBlocks;
  if (!submitted) {
    // Nothing was sent.
    report.result = chain::SubmitResult::kRefused;
    report.error_name = to_string(submitted.error().code);
    report.message = submitted.error().message;
  } else {
    const chain::WriteOutcome answer = submitted->answer.value_or(chain::WriteOutcome());
    report.result = submitted->result;
    report.error_name = answer.error_name;
    report.message = answer.message;
    if (is_there(report.result)) {
      last_landed_ = submitted->state.last_update;
      next = last_landed_ + epoch_length(view);
    } else if (report.result == chain::SubmitResult::kNotDue) {
      next = report.block + std::max<chain::BlockCount>(answer.wait_blocks.value_or(1), 1);
    } else if (report.result == chain::SubmitResult::kPending) {
      next = report.block + 1;
    }
  }
  if (report.result == chain::SubmitResult::kRefused) {
    log_error("weights were refused", {{"error", report.error_name}, {"message", report.message}});
  }
  not_before_ = next;
  log_info("weights", {{"result", chain::to_string(report.result)},
                       {"block", fmt::format("{}", report.block), true},
                       {"members", fmt::format("{}", report.weights.size())},
                       {"message", report.message}});
  RETURN_IF_ERROR(record(answer_line(report, tools_.clock.now())));
  const std::scoped_lock lock(mutex_);
  if (is_there(report.result)) state_.is_overdue = false;
  state_.weights = std::move(report);
  state_.weights_due = not_before_;
  return {};
}

Result<bool> ChainDesk::confirm(const NetworkView& view, const std::stop_token& stop) {
  const auto looked = setter_->confirm(call(stop));
  if (!looked) {
    note_problem(looked.error());
    return false;
  }
  // What is lost is given up by the next submission, and not before.
  if (looked->result == chain::SubmitResult::kPending) return looked->has_lost_earlier;
  last_landed_ = looked->state.last_update;
  not_before_ = last_landed_ + epoch_length(view);
  RETURN_IF_ERROR(record(outcome_line(true, last_landed_, tools_.clock.now())));
  const std::scoped_lock lock(mutex_);
  if (state_.weights) state_.weights->result = chain::SubmitResult::kConfirmed;
  return true;
}

Status ChainDesk::open_log() {
  const std::filesystem::path path = folder_ / kWeightLogFile;
  const auto open = [&] -> Status {
    RETURN_IF_ERROR(tools_.file_system.create_folders(folder_));
    ASSIGN_OR_RETURN(log_, tools_.file_system.open(path, files::OpenMode::kAppend));
    return tools_.file_system.sync_folder(folder_);
  };
  RETURN_IF_ERROR(with_context(open(), "the record of weights"));
  ASSIGN_OR_RETURN(const auto pending, with_context(read_pending(*log_), path.native()));
  setter_ = std::make_unique<chain::WeightSetter>(
      tools_.network,
      chain::WeightSetterOptions{.netuid = options_.netuid,
                                 .landing_blocks = options_.landing_blocks},
      pending);
  return {};
}

Status ChainDesk::record(std::string_view line) {
  const auto write = [&] -> Status {
    RETURN_IF_ERROR(log_->append(as_bytes(std::string(line) + "\n")));
    return log_->sync();
  };
  return with_context(write(), "the record of weights");
}

Status ChainDesk::rotate_log() {
  const auto older = [&](int age) {
    return folder_ /
           (age == 0 ? std::string(kWeightLogFile) : fmt::format("weights.{}.jsonl", age));
  };
  const auto rotate = [&] -> Status {
    ASSIGN_OR_RETURN(const ByteCount size, log_->size());
    if (size < options_.max_weight_log) return {};
    for (int age = kNumOlderWeightLogs; age > 0; --age) {
      ASSIGN_OR_RETURN(const auto there, tools_.file_system.info(older(age - 1)));
      if (there) RETURN_IF_ERROR(tools_.file_system.rename(older(age - 1), older(age)));
    }
    ASSIGN_OR_RETURN(log_, tools_.file_system.open(older(0), files::OpenMode::kAppend));
    return tools_.file_system.sync_folder(folder_);
  };
  return with_context(rotate(), "the record of weights");
}

}  // namespace assay::validator
