/// \file
/// An HTTP/1.1 server of routes, plain for this machine or with TLS for others. It asks nobody for
/// a password.

#pragma once

#include "core/bytes.h"
#include "core/result.h"
#include "crypto/secret.h"
#include "net/event_feed.h"
#include "net/http_message.h"
#include "net/http_route.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace assay::net {

/// A request as a handler gets it: whole, within the limits of its route.
struct ServedRequest {
  HttpMethod method = HttpMethod::kGet;
  RequestTarget target;
  PathParameters parameters;
  std::vector<HttpHeader> headers;
  std::string body;
  /// As it was sent, nothing decoded: what a signature covers.
  std::string raw_target = {};

  /// The first header of this name, in whatever case. Lifetime: of the request.
  std::optional<std::string_view> header(std::string_view name) const;
  /// Pre: the route's pattern has it.
  const std::string& parameter(std::string_view name) const;
};

struct ServedResponse {
  int status = 200;
  std::string content_type = "application/json";
  std::string body = {};
  std::vector<HttpHeader> headers = {};
  /// Given: in place of `body` come its events, as text/event-stream, until the client goes or the
  /// server stops.
  std::shared_ptr<EventFeed> feed = nullptr;
  FeedPlace feed_place = {};
};

/// `{"error": {"code": ..., "message": ...}}`, as the server itself answers too.
ServedResponse error_response(int status, std::string_view code, std::string_view message);

/// Called on a thread of the server's pool; several at once.
using HttpHandler = std::function<ServedResponse(const ServedRequest&)>;

struct HttpRoute {
  HttpMethod method = HttpMethod::kGet;
  /// As PathPattern. A kGet route answers HEAD too.
  std::string pattern;
  HttpHandler handler;
  /// A longer body is answered with 413.
  ByteCount max_body{std::uint64_t{1} << 20};
};

/// Who may connect. Nobody is asked for a password.
enum class Exposure : std::uint8_t {
  kLoopback,    ///< This machine; another address is refused.
  kAnyAddress,  ///< Whoever reaches the address. Host headers are not checked then.
};

/// What a server shows who it is, in PEM.
struct ServerIdentity {
  /// Its certificate, then those between it and an authority that clients trust.
  std::string certificates;
  /// Without a password.
  crypto::Secret key;
};

struct HttpServerOptions {
  /// In numbers: `127.0.0.1`, `::1`.
  std::string address = "127.0.0.1";
  /// 0: one that is free.
  std::uint16_t port = 0;
  Exposure exposure = Exposure::kLoopback;
  /// The flag that allows another one, for the message; empty: none is named.
  std::string exposure_remedy = {};
  /// Given: TLS 1.2 or later, and nothing else. Read by listen(), not kept.
  const ServerIdentity* identity = nullptr;
  /// Threads for handlers, which may wait for a disk.
  std::size_t num_handler_threads = 16;
  /// More are answered with 503.
  std::size_t max_connections = 1024;
  /// The same for those of one address, so that nobody takes all of them. A proxy in front of the
  /// server is one address.
  std::size_t max_connections_of_address = 1024;
  /// Request line and headers; more is answered with 431.
  ByteCount max_header{std::uint64_t{16} << 10};
  /// Bodies of all requests together; beyond it the answer is 503.
  ByteCount max_bodies{std::uint64_t{2} << 30};
  /// From a request's first byte to the end of its header; also for the start of TLS. A body gets
  /// as much again and a second for each 256 KiB. Slower is answered with 408.
  std::chrono::milliseconds read_timeout = std::chrono::seconds(20);
  /// For a client to take a response.
  std::chrono::milliseconds write_timeout = std::chrono::seconds(60);
  /// A connection without a request is closed after this.
  std::chrono::milliseconds idle_timeout = std::chrono::seconds(75);
  /// After a stop, for requests that are not here yet as a whole.
  std::chrono::milliseconds stop_timeout = std::chrono::seconds(5);
};

/// Threads: run() on one; all else from any.
class HttpServer {
 public:
  /// Begin to listen: connections wait until run().
  /// Errors: kInvalidInput (no address in numbers; not of this machine without kAnyAddress; an
  ///         identity that cannot be used),
  ///         kUnavailable (the port is taken), kDenied, kInternal.
  static Result<std::unique_ptr<HttpServer>> listen(std::vector<HttpRoute> routes,
                                                    const HttpServerOptions& options);
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  /// Where it listens, or has listened. Threads: safe from any.
  std::uint16_t port() const;

  /// Serve until `stop`; then take no more, answer what has begun, close and return. A web page of
  /// another origin is refused (403): by its Host, or by its Origin. When no descriptor is left,
  /// connections wait until there are some again.
  /// Pre: called once. Errors: kInternal (connections cannot be accepted any more; what has begun
  ///         is answered first).
  Status run(std::stop_token stop);

  /// How long the thread of run() has not gone round: some second at most while all is well, and 0
  /// while it does not run or is to end.
  std::chrono::nanoseconds silence() const;

 private:
  class Shared;
  explicit HttpServer(std::unique_ptr<Shared> shared);
  std::unique_ptr<Shared> shared_;
};

}  // namespace assay::net
