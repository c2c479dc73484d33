#include "app/runtime.h"
#include "cache/status_metrics.h"
#include "cli/cache_metrics_internal.h"
#include "core/clock.h"
#include "core/log.h"

#include <string>

namespace assay::cli {

Result<std::unique_ptr<metrics::MetricServer>> serve_cache_metrics(const MetricsFlags& flags,
                                                                   const CacheFolderFlag& folder,
                                                                   Session& session) {
  const auto options = flags.options();
  if (!options) return nullptr;
  // The index is opened for each scrape: it belongs to whoever updates the cache.
  ASSIGN_OR_RETURN(
      auto server,
      metrics::MetricServer::start(
          *options,
          [&folder, &session]() -> Result<std::string> {
            ASSIGN_OR_RETURN(const OpenedCache opened,
                             open_cache_to_look(folder, session, cache::ScanDepth::kFolders));
            ASSIGN_OR_RETURN(const cache::StatusReport report, cache::read_status(*opened.store));
            return cache::metrics_of(report, system_clock().now());
          },
          app::end_stuck_process));
  log_info("metrics are served", {{"port", std::to_string(server->port())}});
  return server;
}

}  // namespace assay::cli
