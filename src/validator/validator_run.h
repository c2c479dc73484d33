/// \file
/// A validator from start to stop: its parts put together, their threads watched, and a status
/// after each round.

#pragma once

#include "chain/network.h"
#include "core/clock.h"
#include "core/random.h"
#include "core/result.h"
#include "files/file_system.h"
#include "scoring/copies.h"
#include "validator/chain_desk.h"
#include "validator/courier.h"
#include "validator/generation_jobs.h"
#include "validator/image_shelf.h"
#include "validator/organic_proxy.h"
#include "validator/round_export.h"
#include "validator/round_loop.h"
#include "validator/state_store.h"
#include "validator/watchdog.h"

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>

namespace assay::validator {

struct ValidatorOptions {
  /// Of state, logs and status; made when it is not there. One validator at a time.
  std::filesystem::path folder;
  /// Of the cache, for the status.
  std::string cache_name = {};
  scoring::Formula formula = scoring::Formula::kNatix;
  scoring::CopyPolicy copy_policy = scoring::CopyPolicy::kReport;
  RoundOptions rounds = {};
  ChainDeskOptions chain = {};
  RoundLogOptions log = {};
  /// From the last block that was read; then the process ends, so that somebody starts it anew.
  std::chrono::milliseconds max_chain_silence = std::chrono::hours(1);
  /// Likewise from the last new one: a node that was left behind answers all the same.
  std::chrono::milliseconds max_chain_stall = std::chrono::hours(1);
  /// A thread that does not go on for so long is stuck.
  std::chrono::milliseconds stuck_after = std::chrono::minutes(2);
};

/// What a running validator takes up.
struct LiveOptions {
  std::size_t sample_size = 10;
  std::chrono::milliseconds timeout = std::chrono::seconds(9);
  std::chrono::milliseconds interval = std::chrono::seconds(3);
  MixOptions mix = {};
  scoring::Formula formula = scoring::Formula::kNatix;
  scoring::CopyPolicy copy_policy = scoring::CopyPolicy::kReport;
};

/// What the validator works with; all outlive it.
struct ValidatorTools {
  files::FileSystem& file_system;
  const Clock& clock;
  RandomSource& random;
  /// Acts for the validator's hotkey.
  chain::Network& network;
  Courier& courier;
  ImageShelf& shelf;
  /// Null when none are sent.
  GenerationJobs* jobs = nullptr;
  /// Null when there is none.
  OrganicProxy* proxy = nullptr;
  /// Null when nobody is told of rounds.
  RoundExport* round_export = nullptr;
  /// Asked now and then which part beside these has not gone on for so long, in a sentence; empty:
  /// none. Null: there is none.
  std::function<std::string(std::chrono::milliseconds limit)> stuck = nullptr;
  /// Asked now and then, on the thread of the loop, for what is to change; null: nothing ever does.
  std::function<std::optional<LiveOptions>()> changes = nullptr;
};

/// Run until `stop`, or for the rounds that were asked for. Afterwards all that was scored is on
/// disk, and the status says `stopped`.
///
/// `on_stuck` is called, from any thread, when a worker does not go on, those of the generation
/// jobs and the proxy included; it must end the process.
///
/// Errors: those of StateStore::open() and RoundLog; kDenied (the hotkey is not registered when it
///         starts), kUnavailable and kTimeout (the chain cannot be read at the start, or not for
///         `max_chain_silence`, or shows no new block for `max_chain_stall`), and those of the loop
///         and the chain desk.
Status run_validator(const ValidatorTools& tools, const ValidatorOptions& options,
                     const std::stop_token& stop, const Watchdog::OnStuck& on_stuck);

}  // namespace assay::validator
