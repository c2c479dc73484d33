/// \file
/// What the parts of the HTTP server share: its state, a request's way to its route.

#pragma once

#include "core/bytes.h"
#include "net/http_route.h"
#include "net/http_server.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/http/message.hpp>
#include <optional>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

namespace assay::net::http_server {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using asio::ip::tcp;
using ErrorCondition = boost::system::error_code;

constexpr auto kWithoutThrowing = asio::as_tuple(asio::use_awaitable);

class Connection;

struct CompiledRoute {
  HttpRoute route;
  PathPattern pattern;
};

/// All of it belongs to the thread of `io`, less `handlers` and what is constant.
struct ServerState {
  ServerState(std::vector<HttpRoute> given, const HttpServerOptions& chosen)
      : options(chosen), handlers(chosen.num_handler_threads) {
    for (HttpRoute& route : given) {
      PathPattern pattern(route.pattern);
      routes.push_back({std::move(route), std::move(pattern)});
    }
  }
  void begin_stop();

  HttpServerOptions options;
  std::vector<CompiledRoute> routes;
  std::set<Connection*> connections;
  ByteCount bodies;
  bool is_stopping = false;
  asio::io_context io{1};  // behind what connections use: its end ends them
  tcp::acceptor acceptor{io};
  asio::steady_timer stop_timer{io};
  asio::thread_pool handlers;  // last: its end waits for handlers that use the rest
};

/// What a header asks for: a route, or an answer at once.
struct Plan {
  const HttpRoute* route = nullptr;
  ServedRequest request;
  ServedResponse refusal;
};

/// Find the route of a request, unless it is refused.
Plan make_plan(const ServerState& server, const http::request_header<>& header);

/// The answer to a request that could not be read; nothing when nobody waits for one.
std::optional<ServedResponse> response_to(ErrorCondition failure);

/// Answer the requests of one connection until it ends.
asio::awaitable<void> serve_connection(ServerState* server, tcp::socket socket);

inline std::string_view view(boost::beast::string_view text) { return {text.data(), text.size()}; }

}  // namespace assay::net::http_server
