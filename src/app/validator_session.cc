#include "app/validator_session.h"

#include "app/runtime.h"
#include "app/stop_deadline.h"
#include "chain/open_network.h"
#include "chain/watched_network.h"
#include "core/clock.h"
#include "core/heap.h"
#include "core/life_sign.h"
#include "core/log.h"
#include "core/random.h"
#include "files/file_system.h"
#include "validator/status.h"
#include "validator/status_metrics.h"

#include <memory>
#include <string>
#include <utility>

namespace assay::app {
namespace {

/// From the file, so that a scrape never waits for the loop: the age of what it tells is a figure
/// of its own.
Result<std::string> status_metrics(const std::filesystem::path& folder) {
  ASSIGN_OR_RETURN(const auto status, validator::read_status(files::posix_file_system(), folder));
  if (!status) return unavailable("the validator has not told of itself yet");
  return validator::metrics_of(*status, system_clock().now());
}

/// With those of the proxy, where there is one.
Result<std::string> session_metrics(const std::filesystem::path& folder,
                                    const ValidatorProxy* proxy) {
  ASSIGN_OR_RETURN(std::string text, status_metrics(folder));
  if (proxy != nullptr) text += proxy->metrics();
  return text;
}

}  // namespace

Status run_validator_session(const ValidatorSessionOptions& options, const keys::KeyPair& hotkey,
                             const std::stop_token& stop) {
  keep_heap_small();
  const StopDeadline deadline(stop);
  ASSIGN_OR_RETURN(
      std::unique_ptr<chain::Network> opened,
      chain::open_network(options.network, hotkey.hotkey(), system_clock(), options.remote));
  // Whatever the chain's library does, its calls come back.
  chain::WatchedNetwork network(std::move(opened), {.netuid = options.validator.chain.netuid},
                                system_clock(), system_random());
  ASSIGN_OR_RETURN(const std::unique_ptr<CacheShelf> shelf,
                   CacheShelf::open(options.cache, options.shelf, stop));
  ASSIGN_OR_RETURN(
      const std::unique_ptr<validator::HttpCourier> courier,
      validator::HttpCourier::create(
          {.sender = hotkey, .clock = system_clock(), .random = system_random()}, options.courier));
  std::unique_ptr<ValidatorJobs> jobs;
  if (options.jobs) {
    ASSIGN_OR_RETURN(
        jobs, with_context(ValidatorJobs::create(*options.jobs, hotkey, stop), "generation jobs"));
  }
  std::unique_ptr<ValidatorProxy> proxy;
  if (options.proxy) {
    ASSIGN_OR_RETURN(proxy,
                     with_context(ValidatorProxy::start(*options.proxy, hotkey, stop), "--proxy"));
  }
  std::unique_ptr<net::HttpTransport> transport;
  std::unique_ptr<RoundExporter> exporter;
  if (options.statistics) {
    transport = net::make_http_transport(net::HttpOptions::from_environment());
    exporter = std::make_unique<RoundExporter>(
        RoundExporterTools{
            .transport = *transport, .clock = system_clock(), .random = system_random()},
        *options.statistics);
  }
  std::unique_ptr<metrics::MetricServer> metrics;
  if (options.metrics) {
    ASSIGN_OR_RETURN(metrics,
                     metrics::MetricServer::start(
                         *options.metrics,
                         [&] { return session_metrics(options.validator.folder, proxy.get()); },
                         end_stuck_process));
    log_info("metrics are served", {{"port", std::to_string(metrics->port())}});
  }
  validator::ValidatorOptions validator_options = options.validator;
  // One in a file makes blocks by the clock, each up to a day long.
  if (options.network.kind == chain::NetworkKind::kLocal) {
    validator_options.max_chain_stall = std::chrono::hours(25);
  }
  return validator::run_validator(
      {.file_system = files::posix_file_system(),
       .clock = system_clock(),
       .random = system_random(),
       .network = network,
       .courier = *courier,
       .shelf = *shelf,
       .jobs = jobs.get(),
       .proxy = proxy.get(),
       .round_export = exporter.get(),
       .stuck =
           [&network](std::chrono::milliseconds limit) {
             return describe_stuck({{"a call of the chain", network.call_overdue(), limit}});
           },
       .changes = options.changes},
      validator_options, stop, end_stuck_process);
}

}  // namespace assay::app
