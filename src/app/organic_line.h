/// \file
/// Gives the proxy for images of clients the validator's view of the network, and its way to
/// miners.

#pragma once

#include "core/result.h"
#include "keys/sr25519.h"
#include "organic/miner_line.h"
#include "validator/http_courier.h"
#include "validator/network_view.h"

#include <memory>
#include <mutex>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

namespace assay::app {

/// Requests leave as challenges do, through couriers of their own: those of the rounds never wait
/// for them.
class OrganicLine final : public organic::MinerLine {
 public:
  /// Lifetime: `signer` outlives it. At `stop` whoever waits for miners gets kCancelled.
  OrganicLine(const keys::KeyPair& signer, validator::WireProtocol protocol,
              double validator_stake_limit, std::stop_token stop);

  /// The network as it is now.
  void see(std::shared_ptr<const validator::NetworkView> view);
  /// Null before the first.
  std::shared_ptr<const validator::NetworkView> view() const;

  std::vector<organic::Miner> available() const override;
  /// Errors: as MinerLine, and those of validator::HttpCourier.
  Result<std::vector<organic::MinerAnswer>> ask(std::span<const organic::PlannedAsk> plan,
                                                std::shared_ptr<const std::string> body) override;

 private:
  /// Errors: as validator::HttpCourier::create().
  Result<std::unique_ptr<validator::HttpCourier>> take_courier();

  const keys::KeyPair* signer_;
  validator::WireProtocol protocol_;
  double validator_stake_limit_;
  std::stop_token stop_;
  mutable std::mutex mutex_;  // guards what follows
  std::shared_ptr<const validator::NetworkView> view_;
  std::vector<std::unique_ptr<validator::HttpCourier>> idle_couriers_;
};

}  // namespace assay::app
