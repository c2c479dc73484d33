#include "validator/validator_run.h"

#include "core/check.h"
#include "core/log.h"
#include "core/parse_number.h"
#include "validator/answer_board.h"
#include "validator/paid_scores.h"
#include "validator/status_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>

namespace assay::validator {
namespace {

using std::chrono::nanoseconds;

/// A status is written at least this often, so that its age tells whether somebody is there.
constexpr std::chrono::seconds kStatusInterval{5};
/// And at most this often, however fast rounds are.
constexpr std::chrono::milliseconds kMinStatusInterval{200};
/// How old may be what is known of claims when scores become weights.
constexpr std::chrono::seconds kClaimsInterval{5};
/// The search for copies takes at most this part of the time.
constexpr int kCopySearchPart = 50;

/// The thread that talks to the chain. Threads: the constructor starts it, the destructor ends it.
class ChainThread {
 public:
  ChainThread(ChainDesk& desk, const Clock& clock, Heart& heart)
      : desk_(&desk),
        clock_(&clock),
        heart_(&heart),
        thread_([this](const std::stop_token& stop) { run(stop); }) {}

  /// Why it ended, when it did.
  Status outcome() const {
    const std::scoped_lock lock(mutex_);
    return outcome_;
  }

 private:
  void run(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      heart_->beat();
      const auto next = desk_->step(stop);
      heart_->beat();
      std::unique_lock lock(mutex_);
      if (!next) {
        outcome_ = next.error();
        break;
      }
      const auto pause = std::max<nanoseconds>(*next - clock_->monotonic(), nanoseconds(0));
      wake_.wait_for(lock, stop, std::min<nanoseconds>(pause, std::chrono::seconds(10)),
                     [] { return false; });
    }
    heart_->rest();
  }

  ChainDesk* desk_;
  const Clock* clock_;
  Heart* heart_;
  mutable std::mutex mutex_;  // guards outcome_
  std::condition_variable_any wake_;
  Status outcome_;
  std::jthread thread_;  // last: it uses all of the above
};

/// Everything of one run.
class Run {
 public:
  Run(const ValidatorTools& tools, const ValidatorOptions& options, StateStore state)
      : tools_(tools),
        options_(options),
        state_(std::move(state)),
        desk_({.network = tools.network, .clock = tools.clock, .file_system = tools.file_system},
              options.folder, options.chain) {
    const std::optional<keys::Hotkey>& self = tools.network.self();
    CHECK(self.has_value(), "a validator acts for a hotkey");
    hotkey_ = self->to_ss58();
  }

  Status start(const std::stop_token& stop);
  Status run(const std::stop_token& stop, const Watchdog::OnStuck& on_stuck);

 private:
  Status tick();
  void take_up_changes();
  Status on_round(const RoundRecord& record);
  Status look_at_chain(nanoseconds now);
  void look_for_copies();
  void look_at_claims();
  void offer_scores();
  Status write_status(RunState state, std::string problem = {});

  ValidatorTools tools_;
  ValidatorOptions options_;
  std::string hotkey_;
  StateStore state_;
  ChainDesk desk_;
  AnswerBoard board_;
  Copies copies_;
  std::optional<RoundLog> log_;
  std::unique_ptr<RoundLoop> loop_;
  std::unique_ptr<Watchdog> watchdog_;
  std::unique_ptr<ChainThread> chain_thread_;
  Heart* heart_ = nullptr;
  Watchdog::OnStuck on_stuck_;
  std::stop_token stop_;
  Timestamp started_ = {};
  nanoseconds last_status_{0};
  nanoseconds last_look_{0};
  nanoseconds next_copy_search_{0};
  std::optional<nanoseconds> claims_read_;
  ClaimCounts claims_;  // none under natix
  bool is_status_due_ = false;
  bool are_copies_stale_ = true;
};

Status Run::start(const std::stop_token& stop) {
  stop_ = stop;
  started_ = tools_.clock.now();
  ASSIGN_OR_RETURN(log_, RoundLog::open(tools_.file_system, options_.folder, options_.log,
                                        [this](const RoundRecord& record) { board_.add(record); }));
  // The first look at the chain is taken here: who is not registered learns it at once.
  RETURN_IF_ERROR(desk_.step(stop));
  const ChainState chain = desk_.state();
  if (stop.stop_requested()) return cancelled("stopped before the chain was read");
  if (!chain.view) {
    return unavailable(fmt::format("{}: {}", tools_.network.name(), chain.problem));
  }
  if (!chain.view->own_uid) {
    return denied(fmt::format(
        "the hotkey {} is not registered in network {} of {}: register it, or give the wallet that "
        "is",
        hotkey_, static_cast<unsigned>(options_.chain.netuid), tools_.network.name()));
  }
  const chain::Neuron& self = chain.view->metagraph.neurons[*chain.view->own_uid];
  log_info("registered", {{"uid", fmt::format("{}", self.uid)},
                          {"stake_tao", fmt::format("{:.3f}", self.stake_tao())},
                          {"permit", self.has_validator_permit ? "yes" : "no"}});
  if (!self.has_validator_permit && options_.chain.weights == WeightSetting::kOn) {
    log_warning(
        "without a validator's permit the chain takes no weights: challenges are asked and "
        "scored, and weights are refused until the stake earns a permit");
  }
  RoundHooks hooks{.view = [this] { return desk_.state().view; },
                   .tick = [this] { return tick(); },
                   .on_round = [this](const RoundRecord& record,
                                      const RoundResult&) { return on_round(record); }};
  if (tools_.round_export != nullptr) {
    hooks.on_finished = [this](FinishedRound round) { tools_.round_export->add(std::move(round)); };
  }
  loop_ = std::make_unique<RoundLoop>(RoundTools{.clock = tools_.clock,
                                                 .random = tools_.random,
                                                 .shelf = tools_.shelf,
                                                 .state = state_,
                                                 .log = *log_},
                                      options_.rounds, std::move(hooks));
  RETURN_IF_ERROR(with_context(state_.reconcile(chain.view->neurons), "validator state"));
  // Before the first weights: what was claimed falsely is known by the jobs alone.
  if (tools_.jobs != nullptr) {
    RETURN_IF_ERROR(with_context(tools_.jobs->between_rounds(chain.view), "generation jobs"));
  }
  // Nor may they be the first weights of one who is paid as a part of a group.
  if (options_.copy_policy == scoring::CopyPolicy::kShare) look_for_copies();
  offer_scores();
  return {};
}

Status Run::run(const std::stop_token& stop, const Watchdog::OnStuck& on_stuck) {
  on_stuck_ = on_stuck;
  watchdog_ = std::make_unique<Watchdog>(options_.stuck_after, tools_.clock, on_stuck);
  heart_ = &watchdog_->watch("the loop of challenges");
  chain_thread_ = std::make_unique<ChainThread>(
      desk_, tools_.clock, watchdog_->watch("the thread that talks to the chain"));
  RETURN_IF_ERROR(write_status(RunState::kRunning));
  Status ended = loop_->run(tools_.courier, stop);
  heart_->beat();
  chain_thread_.reset();
  const Status saved = state_.save();
  Status told = write_status(RunState::kStopped, ended ? "" : ended.error().message);
  heart_->rest();
  watchdog_.reset();
  RETURN_IF_ERROR(ended);
  RETURN_IF_ERROR(saved);
  return told;
}

Status Run::tick() {
  heart_->beat();
  const nanoseconds now = tools_.clock.monotonic();
  RETURN_IF_ERROR(look_at_chain(now));
  take_up_changes();
  if (now >= next_copy_search_ && are_copies_stale_) look_for_copies();
  const auto age = now - last_status_;
  if ((is_status_due_ && age >= kMinStatusInterval) || age >= kStatusInterval) {
    return write_status(stop_.stop_requested() ? RunState::kStopping : RunState::kRunning);
  }
  return {};
}

void Run::take_up_changes() {
  const auto live = tools_.changes ? tools_.changes() : std::nullopt;
  if (!live) return;
  loop_->change({.sample_size = live->sample_size,
                 .timeout = live->timeout,
                 .interval = live->interval,
                 .mix = live->mix});
  state_.set_formula(live->formula);
  options_.formula = live->formula;
  options_.copy_policy = live->copy_policy;
  offer_scores();
  is_status_due_ = true;
  log_info("settings were read anew", {{"sample_size", std::to_string(live->sample_size)},
                                       {"timeout", assay::to_string(live->timeout)},
                                       {"interval", assay::to_string(live->interval)},
                                       {"formula", to_string(live->formula)},
                                       {"copies", to_string(live->copy_policy)}});
}

Status Run::look_at_chain(nanoseconds now) {
  if (now - last_look_ < kMinStatusInterval) return {};
  last_look_ = now;
  RETURN_IF_ERROR(with_context(chain_thread_->outcome(), "the thread that talks to the chain"));
  const ChainState chain = desk_.state();
  std::string stuck;
  if (tools_.proxy != nullptr && chain.view) {
    tools_.proxy->between_rounds(chain.view);
    stuck = tools_.proxy->stuck(options_.stuck_after);
  }
  if (tools_.jobs != nullptr && chain.view) {
    RETURN_IF_ERROR(with_context(tools_.jobs->between_rounds(chain.view), "generation jobs"));
    if (stuck.empty()) stuck = tools_.jobs->stuck(options_.stuck_after);
  }
  if (tools_.stuck && stuck.empty()) stuck = tools_.stuck(options_.stuck_after);
  if (!stuck.empty()) {
    on_stuck_(stuck);
    return timed_out(stuck);
  }
  const Timestamp time = tools_.clock.now();
  if (chain.block_read_at && time - *chain.block_read_at > options_.max_chain_silence) {
    return timed_out(fmt::format("no block was read since {}: {}", to_rfc3339(*chain.block_read_at),
                                 chain.problem));
  }
  if (chain.block_rose_at && time - *chain.block_rose_at > options_.max_chain_stall) {
    return timed_out(fmt::format("the chain has stood still at block {} since {}", chain.block,
                                 to_rfc3339(*chain.block_rose_at)));
  }
  return {};
}

Status Run::on_round(const RoundRecord& record) {
  board_.add(record);
  is_status_due_ = true;
  are_copies_stale_ = true;
  offer_scores();
  return {};
}

void Run::look_at_claims() {
  if (tools_.jobs == nullptr || options_.formula != scoring::Formula::kCalibrated) return;
  // All jobs of two weeks are counted for it.
  const nanoseconds now = tools_.clock.monotonic();
  if (claims_read_ && now - *claims_read_ < kClaimsInterval) return;
  claims_read_ = now;
  claims_ = tools_.jobs->counts();
}

void Run::offer_scores() {
  // Nobody's weight may come of no challenge at all.
  if (state_.num_rounds() == 0) return;
  look_at_claims();
  ScoreOffer offer{.scores = paid_scores(state_.book(), claims_, copies_, options_.copy_policy)};
  for (const scoring::MinerState& miner : state_.book().miners()) {
    offer.hotkeys.push_back(miner.hotkey);
  }
  desk_.offer(std::move(offer));
}

void Run::look_for_copies() {
  const nanoseconds begun = tools_.clock.monotonic();
  Copies found = board_.find_copies();
  const bool has_changed = found != copies_;
  copies_ = std::move(found);
  const nanoseconds ended = tools_.clock.monotonic();
  are_copies_stale_ = false;
  next_copy_search_ =
      ended + std::max<nanoseconds>((ended - begun) * kCopySearchPart, std::chrono::seconds(1));
  if (has_changed) offer_scores();
}

Status Run::write_status(RunState state, std::string problem) {
  last_status_ = tools_.clock.monotonic();
  is_status_due_ = false;
  const ChainState chain = desk_.state();
  ValidatorStatus status{.written = tools_.clock.now(),
                         .started = started_,
                         .state = state,
                         .hotkey = hotkey_,
                         .network = tools_.network.name(),
                         .netuid = static_cast<std::uint64_t>(options_.chain.netuid),
                         .formula = std::string(to_string(options_.formula)),
                         .cache = options_.cache_name};
  add_report({.loop = *loop_,
              .state = state_,
              .board = board_,
              .copies = copies_,
              .copy_policy = options_.copy_policy,
              .chain = chain,
              .chain_options = options_.chain,
              .validator_stake_limit = options_.rounds.validator_stake_limit,
              .jobs = tools_.jobs,
              .proxy = tools_.proxy,
              .round_export = tools_.round_export},
             status);
  if (!problem.empty()) status.problem = std::move(problem);
  return with_context(validator::write_status(tools_.file_system, options_.folder, status),
                      "validator status");
}

}  // namespace

Status run_validator(const ValidatorTools& tools, const ValidatorOptions& options,
                     const std::stop_token& stop, const Watchdog::OnStuck& on_stuck) {
  ASSIGN_OR_RETURN(StateStore state, StateStore::open(tools.file_system, options.folder,
                                                      {.formula = options.formula}));
  Run run(tools, options, std::move(state));
  RETURN_IF_ERROR(run.start(stop));
  return run.run(stop, on_stuck);
}

}  // namespace assay::validator
