#include "app/history_daemon.h"

#include "app/history_alerts.h"
#include "app/version.h"
#include "core/clock.h"
#include "core/heap.h"
#include "core/random.h"
#include "files/file_system.h"
#include "net/event_feed.h"
#include "serve/history_routes.h"
#include "serve/live_routes.h"

#include <algorithm>
#include <iterator>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace assay::app {

Status serve_history(const HistoryDaemonOptions& options,
                     const std::function<Status(std::uint16_t port)>& on_ready,
                     const std::stop_token& stop) {
  keep_heap_small();
  files::FileSystem& file_system = files::posix_file_system();
  const auto feed = std::make_shared<net::EventFeed>();
  recorder::RecorderOptions recorder_options = options.recorder;
  recorder_options.on_line = serve::feed_writer(feed);
  ASSIGN_OR_RETURN(const std::unique_ptr<recorder::Recorder> recorder,
                   recorder::Recorder::open(file_system, system_clock(), system_random(),
                                            options.folder, recorder_options));
  std::vector<net::HttpRoute> routes =
      serve::history_routes(*recorder, file_system, options.folder);
  std::ranges::move(serve::live_routes(*recorder, feed,
                                       {.folder = options.folder.native(),
                                        .made_by = "Assay " + version().number}),
                    std::back_inserter(routes));
  ASSIGN_OR_RETURN(const std::unique_ptr<net::HttpServer> server,
                   net::HttpServer::listen(std::move(routes), options.server));
  ASSIGN_OR_RETURN(std::unique_ptr<AlertWatch> alerts,
                   watch_recorder(options.alerts_webhook, *recorder, options.folder));
  RETURN_IF_ERROR(on_ready(server->port()));
  Status served = server->run(stop);
  alerts.reset();
  // Whatever ended the server: what was acknowledged belongs into the history.
  RETURN_IF_ERROR(recorder->close());
  return served;
}

}  // namespace assay::app
