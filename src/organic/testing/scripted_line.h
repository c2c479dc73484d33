/// \file
/// Miners that answer as a test says, on a clock that a test moves.

#pragma once

#include "core/clock.h"
#include "organic/miner_line.h"

#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

namespace assay::organic::testing {

/// So many miners with uids from 0.
std::vector<Miner> some_miners(std::uint16_t count);

/// What a client sends: a drawn picture of its own for each number, as JSON.
std::string picture_body(std::uint64_t number, bool is_rich = false);

/// Threads: safe from any thread.
class ScriptedLine final : public MinerLine {
 public:
  using Script = std::function<Result<std::vector<MinerAnswer>>(std::span<const PlannedAsk>)>;

  /// Without a script everybody answers 0.75.
  explicit ScriptedLine(std::vector<Miner> miners, Script script = {})
      : miners_(std::move(miners)), script_(std::move(script)) {}

  std::vector<Miner> available() const override { return miners_; }
  /// Errors: those of the script.
  Result<std::vector<MinerAnswer>> ask(std::span<const PlannedAsk> plan,
                                       std::shared_ptr<const std::string> body) override;

  std::vector<std::vector<PlannedAsk>> plans() const;
  std::string last_body() const;

 private:
  std::vector<Miner> miners_;
  Script script_;
  mutable std::mutex mutex_;  // guards what follows
  std::vector<std::vector<PlannedAsk>> plans_;
  std::string last_body_;
};

}  // namespace assay::organic::testing
