/// \file
/// What the parts of the HTTP server share: its state, a request's way to its route.

#pragma once

#include "core/bytes.h"
#include "core/result.h"
#include "net/handler_pool_internal.h"
#include "net/http_route.h"
#include "net/http_server.h"

#include <atomic>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/http/message.hpp>
#include <cstddef>
#include <cstdint>
#include <map>
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

/// A socket, plain or with TLS: what requests are read from and responses written to. For Asio and
/// Beast it is a stream.
class Wire {
 public:
  Wire(tcp::socket socket, asio::ssl::context* tls) : socket_(std::move(socket)) {
    if (tls != nullptr) tls_.emplace(socket_, *tls);
  }

  using executor_type = tcp::socket::executor_type;
  executor_type get_executor() { return socket_.get_executor(); }
  /// To close, to cancel, and to set options.
  tcp::socket& socket() { return socket_; }
  /// Null for a plain one.
  asio::ssl::stream<tcp::socket&>* tls() { return tls_ ? &*tls_ : nullptr; }

  template <typename Buffers, typename Token>
  auto async_read_some(const Buffers& buffers, Token&& token)
      -> decltype(std::declval<tcp::socket&>().async_read_some(buffers,
                                                               std::forward<Token>(token))) {
    if (tls_) return tls_->async_read_some(buffers, std::forward<Token>(token));
    return socket_.async_read_some(buffers, std::forward<Token>(token));
  }
  template <typename Buffers, typename Token>
  auto async_write_some(const Buffers& buffers, Token&& token)
      -> decltype(std::declval<tcp::socket&>().async_write_some(buffers,
                                                                std::forward<Token>(token))) {
    if (tls_) return tls_->async_write_some(buffers, std::forward<Token>(token));
    return socket_.async_write_some(buffers, std::forward<Token>(token));
  }

 private:
  tcp::socket socket_;
  std::optional<asio::ssl::stream<tcp::socket&>> tls_;
};

struct CompiledRoute {
  HttpRoute route;
  PathPattern pattern;
};

/// All of it belongs to the thread of `io`, less `handlers`, `last_turn` and what is constant.
struct ServerState {
  ServerState(std::vector<HttpRoute> given, const HttpServerOptions& chosen)
      : options(chosen), handlers(chosen.num_handler_threads) {
    options.identity = nullptr;
    for (HttpRoute& route : given) {
      PathPattern pattern(route.pattern);
      routes.push_back({std::move(route), std::move(pattern)});
    }
  }
  /// More than once is as once.
  void begin_stop();

  HttpServerOptions options;
  std::uint16_t port = 0;  // constant while it runs
  std::vector<CompiledRoute> routes;
  std::optional<asio::ssl::context> tls;
  std::set<Connection*> connections;
  std::map<asio::ip::address, std::size_t> num_by_address;  // of these
  ByteCount bodies;
  bool is_stopping = false;
  /// Why it stops, when nobody asked for it.
  std::optional<Error> fault;
  /// When the thread of `io` went round last, by the steady clock; 0 when it has not begun or is to
  /// end.
  std::atomic<std::int64_t> last_turn = 0;
  asio::io_context io{1};  // behind what connections use: its end ends them
  tcp::acceptor acceptor{io};
  asio::steady_timer stop_timer{io};
  asio::steady_timer turn_timer{io};
  HandlerPool handlers;  // last: its end waits for handlers that use the rest
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

/// Accept connections until the server stops; an error that will not pass stops it.
asio::awaitable<void> accept_all(ServerState* server);

/// Show that the thread goes round, and look whether the socket still listens, until the server
/// stops.
asio::awaitable<void> keep_turning(ServerState* server);

/// Answer the requests of one connection until it ends.
asio::awaitable<void> serve_connection(ServerState* server, tcp::socket socket);

inline std::string_view view(boost::beast::string_view text) { return {text.data(), text.size()}; }

}  // namespace assay::net::http_server
