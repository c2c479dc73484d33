/// \file
/// `assay validator run`: the parts of the machine that a validator works with, from start to stop.

#pragma once

#include "app/cache_shelf.h"
#include "app/round_exporter.h"
#include "app/validator_jobs.h"
#include "app/validator_proxy.h"
#include "chain/network_address.h"
#include "chain/open_network.h"
#include "core/result.h"
#include "keys/sr25519.h"
#include "metrics/metric_server.h"
#include "validator/http_courier.h"
#include "validator/validator_run.h"

#include <filesystem>
#include <functional>
#include <optional>
#include <stop_token>

namespace assay::app {

struct ValidatorSessionOptions {
  chain::NetworkAddress network;
  /// Of a real chain.
  chain::RemoteAccess remote = {};
  std::filesystem::path cache;
  CacheShelfOptions shelf = {};
  validator::HttpCourierOptions courier = {};
  validator::ValidatorOptions validator = {};
  /// None are sent without.
  std::optional<ValidatorJobsOptions> jobs = std::nullopt;
  /// Images of clients are not taken without.
  std::optional<ValidatorProxyOptions> proxy = std::nullopt;
  /// Nobody is told of rounds without.
  std::optional<RoundExporterOptions> statistics = std::nullopt;
  /// As validator::ValidatorTools::changes.
  std::function<std::optional<validator::LiveOptions>()> changes = nullptr;
  /// Figures for Prometheus are served there; nothing: nowhere.
  std::optional<metrics::MetricServerOptions> metrics = std::nullopt;
};

/// Run a validator with this hotkey until `stop`. A worker that is stuck ends the process with exit
/// code 1. Errors: those of chain::open_network(), CacheShelf, HttpCourier, ValidatorJobs,
/// ValidatorProxy and run_validator().
Status run_validator_session(const ValidatorSessionOptions& options, const keys::KeyPair& hotkey,
                             const std::stop_token& stop);

}  // namespace assay::app
