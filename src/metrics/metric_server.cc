#include "metrics/metric_server.h"

#include <utility>
#include <vector>

namespace assay::metrics {
namespace {

constexpr std::string_view kContentType = "text/plain; version=0.0.4; charset=utf-8";
/// More at once than any scraper opens.
constexpr std::size_t kMaxConnections = 16;

}  // namespace

Result<std::unique_ptr<MetricServer>> MetricServer::start(const MetricServerOptions& options,
                                                          Provider provider, OnFault on_fault) {
  std::vector<net::HttpRoute> routes;
  routes.push_back({.method = net::HttpMethod::kGet,
                    .pattern = "/metrics",
                    .handler =
                        [provider = std::move(provider)](const net::ServedRequest&) {
                          auto text = provider();
                          if (!text) {
                            return net::error_response(503, to_string(text.error().code),
                                                       text.error().message);
                          }
                          return net::ServedResponse{.content_type = std::string(kContentType),
                                                     .body = std::move(*text)};
                        },
                    .max_body = ByteCount(0)});
  net::HttpServerOptions server_options;
  server_options.address = options.address;
  server_options.port = options.port;
  server_options.exposure = options.exposure;
  server_options.num_handler_threads = 1;
  server_options.max_connections = kMaxConnections;
  server_options.stop_timeout = std::chrono::seconds(1);
  server_options.exposure_remedy = "--metrics.allow-remote";
  auto server = net::HttpServer::listen(std::move(routes), server_options);
  if (!server) {
    const bool is_address = server.error().code == ErrorCode::kInvalidInput;
    return std::move(server.error()).within(is_address ? "--metrics.ip" : "--metrics.port");
  }
  return std::unique_ptr<MetricServer>(new MetricServer(std::move(*server), std::move(on_fault)));
}

MetricServer::MetricServer(std::unique_ptr<net::HttpServer> server, OnFault on_fault)
    : server_(std::move(server)),
      thread_([this, on_fault = std::move(on_fault)](const std::stop_token& stop) {
        const Status served = with_context(server_->run(stop), "the server of metrics");
        if (!served) on_fault(served.error().message);
      }) {}

}  // namespace assay::metrics
