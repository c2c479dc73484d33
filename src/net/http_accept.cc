#include "core/log.h"
#include "net/http_server_internal.h"

#include <fmt/format.h>

#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

namespace assay::net::http_server {
namespace {

using std::chrono::steady_clock;

constexpr std::chrono::milliseconds kFirstPause{50};
constexpr std::chrono::milliseconds kLongestPause{1'000};
/// Between two lines about the same trouble.
constexpr std::chrono::minutes kTellAgain{1};
constexpr std::chrono::milliseconds kTurn{1'000};

/// What no later try changes: the descriptor is no socket that listens any more. All else, such as
/// too many open files, passes.
bool is_fatal(ErrorCondition failure) {
  return failure == asio::error::bad_descriptor || failure == asio::error::not_socket ||
         failure == asio::error::invalid_argument || failure == asio::error::fault ||
         failure == asio::error::operation_aborted;
}

void fail(ServerState* server, const std::string& reason) {
  if (server->is_stopping) return;
  server->fault = internal("the HTTP server cannot accept connections any more: " + reason);
  server->begin_stop();
}

bool is_listening(int descriptor) {
  int answer = 0;
  socklen_t size = sizeof answer;
  return ::getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, &answer, &size) == 0 && answer != 0;
}

}  // namespace

/// Tells of connections that are not accepted: of the first at once, of more now and then. Not in
/// the namespace without a name: g++ warns of a coroutine that holds what is.
class AcceptTrouble {
 public:
  /// How long to wait before the next try.
  std::chrono::milliseconds add(ErrorCondition reason) {
    ++num_tries_;
    const auto now = steady_clock::now();
    if (!told_ || now - *told_ >= kTellAgain) {
      told_ = now;
      log_warning("connections cannot be accepted; it is tried again",
                  {{"reason", reason.message()}, {"tries", std::to_string(num_tries_), true}});
    }
    return std::exchange(pause_, std::min(pause_ * 2, kLongestPause));
  }

  void end() {
    if (num_tries_ == 0) return;
    log_info("connections are accepted again",
             {{"tries_that_failed", std::to_string(num_tries_), true}});
    *this = AcceptTrouble();
  }

 private:
  std::uint64_t num_tries_ = 0;
  std::optional<steady_clock::time_point> told_;
  std::chrono::milliseconds pause_ = kFirstPause;
};

asio::awaitable<void> accept_all(ServerState* server) {
  asio::steady_timer pause(server->io);
  AcceptTrouble trouble;
  while (!server->is_stopping) {
    auto [failure, socket] = co_await server->acceptor.async_accept(kWithoutThrowing);
    if (server->is_stopping) co_return;
    if (failure) {
      if (is_fatal(failure)) {
        fail(server, failure.message());
        co_return;
      }
      pause.expires_after(trouble.add(failure));
      co_await pause.async_wait(kWithoutThrowing);
      continue;
    }
    trouble.end();
    asio::co_spawn(server->io, serve_connection(server, std::move(socket)), asio::detached);
  }
}

asio::awaitable<void> keep_turning(ServerState* server) {
  while (!server->is_stopping) {
    server->last_turn = steady_clock::now().time_since_epoch().count();
    // One that was closed behind our back wakes nobody.
    if (!is_listening(server->acceptor.native_handle())) {
      fail(server, "its socket does not listen");
      break;
    }
    server->turn_timer.expires_after(kTurn);
    co_await server->turn_timer.async_wait(kWithoutThrowing);
  }
  server->last_turn = 0;
}

}  // namespace assay::net::http_server
