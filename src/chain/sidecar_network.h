/// \file
/// A real chain, reached through a child process that runs the official SDK in Python.

#pragma once

#include "chain/network.h"
#include "core/clock.h"
#include "core/result.h"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace assay::chain {

struct SidecarOptions {
  /// What is run, and its first arguments: the Python of the environment that has the SDK, and the
  /// sidecar's program.
  std::filesystem::path program = {};
  std::vector<std::string> arguments = {};
  /// Where it works: a folder without code of others.
  std::filesystem::path folder = "/";
  /// `finney`, `test`, or the address of a node: handed on to the sidecar.
  std::string network = {};
  /// The plain file of the hotkey, which the sidecar reads itself; it never looks for a coldkey.
  std::filesystem::path hotkey_file = {};
  std::chrono::milliseconds start_deadline = std::chrono::seconds(60);
  std::chrono::milliseconds first_restart_wait = std::chrono::seconds(1);
  std::chrono::milliseconds last_restart_wait = std::chrono::minutes(1);
};

/// One sidecar is kept running: it is greeted, and refused if its protocol or SDK does not fit; a
/// silent one is killed; a dead one is started anew after waits that double. It sees no variable of
/// our environment but those of certificates, and opens no port.
///
/// Errors: as Network; kMissing also when the sidecar cannot be started or does not fit.
class SidecarNetwork final : public Network {
 public:
  /// `self` must be the hotkey of the file, if one is given. Returns at once; calls wait for the
  /// sidecar within their deadlines. Lifetime: `clock` outlives this.
  SidecarNetwork(const SidecarOptions& options, const std::optional<keys::Hotkey>& self,
                 const Clock& clock);
  ~SidecarNetwork() override;

  const std::string& name() const override;
  const std::optional<keys::Hotkey>& self() const override;
  Result<BlockNumber> current_block(const CallOptions& options) override;
  Result<Metagraph> metagraph(Netuid netuid, const CallOptions& options) override;
  Result<Hyperparameters> hyperparameters(Netuid netuid, const CallOptions& options) override;
  Result<WeightsState> weights_state(Netuid netuid, const CallOptions& options) override;
  Result<WriteOutcome> set_weights(const WeightSubmission& submission,
                                   const CallOptions& options) override;
  Result<WriteOutcome> serve_axon(Netuid netuid, const Axon& axon,
                                  const CallOptions& options) override;
  NetworkHealth health(const CallOptions& options) override;

  /// How often the sidecar was started.
  std::uint64_t num_starts() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace assay::chain
