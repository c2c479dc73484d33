/// \file
/// `assay serve`: the history of one data folder over HTTP, from opening to closing it.

#pragma once

#include "core/result.h"
#include "net/http_server.h"
#include "recorder/recorder.h"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <stop_token>
#include <string>

namespace assay::app {

struct HistoryDaemonOptions {
  std::filesystem::path folder;
  recorder::RecorderOptions recorder;
  net::HttpServerOptions server;
  /// Where alerts of the recorder are posted; nowhere when empty.
  std::string alerts_webhook;
};

/// Open the folder, listen, call `on_ready` with the port, serve until `stop`, then answer what has
/// begun and close the folder: all that was acknowledged is in the derived files.
/// Errors: those of Recorder::open and close, of HttpServer and watch_recorder(), and of
/// `on_ready`.
Status serve_history(const HistoryDaemonOptions& options,
                     const std::function<Status(std::uint16_t port)>& on_ready,
                     const std::stop_token& stop);

}  // namespace assay::app
