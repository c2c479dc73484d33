/// \file
/// What one connection of the HTTP server is served with: its deadlines, and streams of events.

#pragma once

#include "net/event_feed.h"
#include "net/http_server_internal.h"

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <utility>

namespace assay::net::http_server {

using Milliseconds = std::chrono::milliseconds;

/// Cancels what a socket waits for when its time is over.
class Deadline {
 public:
  explicit Deadline(tcp::socket& socket) : socket_(&socket), timer_(socket.get_executor()) {}
  Deadline(const Deadline&) = delete;
  Deadline& operator=(const Deadline&) = delete;
  ~Deadline() { ++*round_; }

  void start(Milliseconds time) {
    ++*round_;
    has_expired_ = false;
    timer_.expires_after(time);
    wait();
  }
  void stop() {
    ++*round_;
    timer_.cancel();
  }
  bool has_expired() const { return has_expired_; }

 private:
  // A call may be on its way when the deadline is stopped or gone: the round tells.
  void wait() {
    timer_.async_wait([this, round = round_, mine = *round_](ErrorCondition failure) {
      if (failure || *round != mine) return;
      has_expired_ = true;
      ErrorCondition ignored;
      ignored = socket_->cancel(ignored);
      // A cancel that meets no pending operation is repeated.
      timer_.expires_after(Milliseconds(50));
      wait();
    });
  }

  tcp::socket* socket_;
  asio::steady_timer timer_;
  std::shared_ptr<std::uint64_t> round_ = std::make_shared<std::uint64_t>(0);
  bool has_expired_ = false;
};

/// Wakes the sender of events: there are some, the client is gone, or the server stops.
/// Threads: that of `io`.
struct StreamSignal {
  explicit StreamSignal(asio::io_context& context) : io(context), timer(context) {}

  void raise() {
    is_raised = true;
    timer.cancel();
  }

  asio::io_context& io;
  asio::steady_timer timer;
  bool is_raised = false;
  bool is_gone = false;
  Wire* wire = nullptr;  // while it is watched
  std::array<char, 512> ignored{};
};

/// Send the header of `response`, then events until the client goes, is too slow, or the server
/// stops. `stream` is what `client` wakes.
asio::awaitable<void> send_events(ServerState* server, Wire* wire, Deadline* deadline,
                                  const ServedResponse* response, FeedClient* client,
                                  std::shared_ptr<StreamSignal> stream);

}  // namespace assay::net::http_server
