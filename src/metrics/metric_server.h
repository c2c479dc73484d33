/// \file
/// `GET /metrics` on a port of this machine.

#pragma once

#include "core/result.h"
#include "net/http_server.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <thread>

namespace assay::metrics {

struct MetricServerOptions {
  /// In numbers.
  std::string address = "127.0.0.1";
  /// 0: one that is free.
  std::uint16_t port = 0;
  net::Exposure exposure = net::Exposure::kLoopback;
};

/// Serves from threads of its own, from start() to its destruction.
class MetricServer {
 public:
  /// What is told at a scrape; called from another thread, one at a time. An error is answered with
  /// 503 and its message.
  using Provider = std::function<Result<std::string>()>;
  /// Told once, from its thread, why it serves no more, if nobody ended it. It is meant to end the
  /// process: whoever looks at figures would take silence for trouble, and nothing else would tell.
  using OnFault = std::function<void(std::string_view reason)>;

  /// Errors: as net::HttpServer::listen(); the message names the flag.
  static Result<std::unique_ptr<MetricServer>> start(const MetricServerOptions& options,
                                                     Provider provider, OnFault on_fault);
  MetricServer(const MetricServer&) = delete;
  MetricServer& operator=(const MetricServer&) = delete;
  ~MetricServer() = default;

  std::uint16_t port() const { return server_->port(); }

 private:
  MetricServer(std::unique_ptr<net::HttpServer> server, OnFault on_fault);

  std::unique_ptr<net::HttpServer> server_;
  std::jthread thread_;  // last: it uses the server
};

}  // namespace assay::metrics
