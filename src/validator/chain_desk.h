/// \file
/// What goes between the validator and the chain: members are read, weights are set, each with a
/// record, and nothing here ever holds up a challenge.

#pragma once

#include "chain/network.h"
#include "chain/weight_setter.h"
#include "core/clock.h"
#include "core/result.h"
#include "files/file_system.h"
#include "scoring/weights.h"
#include "validator/network_view.h"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace assay::validator {

/// Each submission of weights: what it was made of, and what the chain said. Format:
/// docs/formats/validator-weights.md.
inline constexpr std::string_view kWeightLogFile = "weights.jsonl";
/// Older ones: `weights.1.jsonl` is the youngest of them.
inline constexpr int kNumOlderWeightLogs = 4;

enum class WeightSetting : std::uint8_t {
  kOn,
  kOff,  ///< Nothing is ever sent: to watch beside another validator.
};

struct ChainDeskOptions {
  chain::Netuid netuid{1};
  WeightSetting weights = WeightSetting::kOn;
  /// Blocks from one setting of weights to the next; the tempo of the network when not given. Never
  /// less than its rate limit.
  std::optional<chain::BlockCount> epoch_length = std::nullopt;
  scoring::Uid burn_uid = 0;
  scoring::SmallWeights small_weights = scoring::SmallWeights::kDrop;
  /// In place of the network's own.
  std::optional<std::uint64_t> version_key = std::nullopt;
  /// How often the block is asked for, and how often all members.
  std::chrono::milliseconds block_interval = std::chrono::seconds(6);
  std::chrono::milliseconds metagraph_interval = std::chrono::seconds(60);
  std::chrono::milliseconds call_deadline = std::chrono::seconds(12);
  /// No new block for so long is a problem: ten of the public chain's.
  std::chrono::milliseconds stalled_after = std::chrono::seconds(120);
  /// A record of weights of this size becomes an older one before the next submission; a network of
  /// 256 takes some 30 kB each.
  ByteCount max_weight_log{std::uint64_t{16} << 20};
  /// As of chain::WeightSetter: 0 for a local network.
  chain::BlockCount landing_blocks = 128;
};

/// How scores become weights in a network of these rules.
scoring::WeightOptions weight_options(const ChainDeskOptions& options,
                                      const chain::Hyperparameters& rules);

/// The last submission.
struct WeightsReport {
  Timestamp sent_at = {};
  chain::BlockNumber block = 0;  ///< Of the chain when it was sent.
  chain::SubmitResult result = chain::SubmitResult::kPending;
  std::string error_name = {};
  std::string message = {};
  std::vector<scoring::ChainWeight> weights = {};
  bool is_burnt = false;
};

/// What is known of the chain.
struct ChainState {
  /// Null before the members were read for the first time.
  std::shared_ptr<const NetworkView> view = nullptr;
  chain::BlockNumber block = 0;
  std::optional<Timestamp> block_read_at = std::nullopt;
  /// When a new one was seen last.
  std::optional<Timestamp> block_rose_at = std::nullopt;
  /// Why the last call failed; empty when it did not.
  std::string problem = {};
  std::optional<WeightsReport> weights = std::nullopt;
  /// The block from which on the next weights are due; nothing while that is not known.
  std::optional<chain::BlockNumber> weights_due = std::nullopt;
  /// Two tempos have passed without weights that the chain shows.
  bool is_overdue = false;
};

/// Scores as they are to become weights.
struct ScoreOffer {
  std::vector<float> scores = {};         ///< By uid.
  std::vector<std::string> hotkeys = {};  ///< By uid: whose score it is.
};

/// What the desk works with; all outlive it.
struct ChainDeskTools {
  chain::Network& network;
  const Clock& clock;
  files::FileSystem& file_system;
};

/// Threads: step() one thread at a time; all else from any.
class ChainDesk {
 public:
  /// Pre: the network acts for a hotkey.
  ChainDesk(const ChainDeskTools& tools, std::filesystem::path folder,
            const ChainDeskOptions& options);

  ChainState state() const;
  /// From now on these are the scores; those of a hotkey that has left its slot are not used.
  void offer(ScoreOffer offer);

  /// Do what is due, within the deadlines of its calls; returns when to come back, by
  /// Clock::monotonic(). That the chain cannot be reached is a part of the state.
  /// Errors: kNoSpace, kDenied, kUnavailable (the record of weights cannot be written: none are
  ///         sent without).
  Result<std::chrono::nanoseconds> step(const std::stop_token& stop);

 private:
  chain::CallOptions call(const std::stop_token& stop) const {
    return {.deadline = options_.call_deadline, .stop = stop};
  }
  void note_problem(const Error& error);
  Status read_chain(const std::stop_token& stop);
  Status read_members(const std::stop_token& stop);
  Status tend_weights(const NetworkView& view, const std::stop_token& stop);
  Status submit(const NetworkView& view, const ScoreOffer& offer, const std::stop_token& stop);
  Status settle(WeightsReport report, const Result<chain::SubmitReport>& submitted,
                const NetworkView& view);
  /// Whether nothing is under way any more.
  Result<bool> confirm(const NetworkView& view, const std::stop_token& stop);
  bool is_due(const NetworkView& view);
  Status open_log();
  /// Errors of all that write: as step().
  Status record(std::string_view line);
  /// Pre: nothing is under way, so that whoever comes after us finds all it needs in the new one.
  Status rotate_log();
  chain::BlockCount epoch_length(const NetworkView& view) const;

  ChainDeskTools tools_;
  std::filesystem::path folder_;
  ChainDeskOptions options_;
  std::unique_ptr<files::File> log_;
  std::chrono::nanoseconds next_block_{0};
  std::chrono::nanoseconds next_metagraph_{0};
  chain::BlockNumber not_before_ = 0;   // no weights before this block
  chain::BlockNumber last_landed_ = 0;  // of our own, as far as this process knows
  std::optional<chain::BlockNumber> first_block_;
  std::chrono::nanoseconds last_progress_{0};  // when the block was a higher one
  std::unique_ptr<chain::WeightSetter> setter_;

  mutable std::mutex mutex_;  // guards state_ and offer_
  ChainState state_;
  std::optional<ScoreOffer> offer_;
};

}  // namespace assay::validator
