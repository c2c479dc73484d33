#include "app/history_daemon.h"

#include "core/clock.h"
#include "core/log.h"
#include "core/random.h"
#include "files/file_system.h"
#include "serve/history_routes.h"

#include <memory>
#include <string>

namespace assay::app {

Status serve_history(const HistoryDaemonOptions& options,
                     const std::function<Status(std::uint16_t port)>& on_ready,
                     const std::stop_token& stop) {
  files::FileSystem& file_system = files::posix_file_system();
  ASSIGN_OR_RETURN(const std::unique_ptr<recorder::Recorder> recorder,
                   recorder::Recorder::open(file_system, system_clock(), system_random(),
                                            options.folder, options.recorder));
  if (const std::string recovered = recorder->recovery().to_text(); !recovered.empty()) {
    log_info("the history was opened", {{"recovered", recovered}});
  }
  ASSIGN_OR_RETURN(
      const std::unique_ptr<net::HttpServer> server,
      net::HttpServer::listen(serve::history_routes(*recorder, file_system, options.folder),
                              options.server));
  RETURN_IF_ERROR(on_ready(server->port()));
  Status served = server->run(stop);
  // Whatever ended the server: what was acknowledged belongs into the history.
  RETURN_IF_ERROR(recorder->close());
  return served;
}

}  // namespace assay::app
