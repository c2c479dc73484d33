/// \file
/// A small HTTP/1.1 server for tests: one thread, epoll, keep-alive, answers that can be late,
/// cut short or never come. Independent of the program's own network code on purpose.

#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <queue>
#include <string>
#include <string_view>
#include <vector>

struct epoll_event;

namespace servers {

/// One request; the views are valid during the handler's call.
struct Request {
  std::string_view method;
  std::string_view path;   ///< As sent: still percent-encoded.
  std::string_view query;  ///< Without the question mark.
  std::string_view authorization;
  std::string_view body;
};

/// How an answer leaves the server.
enum class Delivery {
  kWhole,
  kDrop,      ///< The connection closes without an answer.
  kStall,     ///< No answer, and the connection stays open.
  kHalfBody,  ///< Half of the promised body, then the connection closes.
};

struct Reply {
  int status = 200;
  std::string_view content_type = "application/json";
  std::string headers;  ///< Further header lines, each ending in CRLF.
  std::string body;
  /// What Content-Length says for HEAD, where no body is sent.
  std::uint64_t head_length = 0;
  Delivery delivery = Delivery::kWhole;
  std::chrono::microseconds delay{0};
};

/// What answers the requests.
class Handler {
 public:
  virtual ~Handler() = default;
  Handler() = default;
  Handler(const Handler&) = delete;
  Handler& operator=(const Handler&) = delete;

  /// Fill `reply`, which comes cleared; its memory is used again for the next request.
  virtual void handle(const Request& request, Reply& reply) = 0;
};

/// Accepts on 127.0.0.1 and serves until a stop.
/// Threads: one thread at a time.
class HttpLoop {
 public:
  /// Listen; port 0 takes a free one. Throws std::system_error.
  HttpLoop(Handler& handler, std::uint16_t port);
  ~HttpLoop();
  HttpLoop(const HttpLoop&) = delete;
  HttpLoop& operator=(const HttpLoop&) = delete;

  std::uint16_t port() const { return port_; }
  std::uint64_t num_connections() const { return num_connections_; }
  /// The largest number of requests that were waiting for their answer at one moment.
  std::size_t max_waiting() const { return max_waiting_; }

  /// Serve until `limit` has passed or `stop_fd` (an eventfd or signalfd) becomes readable.
  void run(std::chrono::seconds limit, int stop_fd);

 private:
  using Instant = std::chrono::steady_clock::time_point;

  struct Connection {
    int fd = -1;
    std::uint32_t generation = 0;
    std::string in;       // bytes not answered yet
    std::string out;      // bytes not sent yet
    std::string pending;  // the answer that waits for its time
    bool waiting = false;
    bool close_after_send = false;
    bool watches_output = false;
  };

  struct Timer {
    Instant due;
    int fd;
    std::uint32_t generation;
    bool operator>(const Timer& other) const { return due > other.due; }
  };

  void accept_all();
  void read_from(Connection& connection);
  /// Answer the whole requests at the front of `bytes`; returns how many bytes they took.
  std::size_t answer(Connection& connection, std::string_view bytes);
  void deliver(Connection& connection, const Request& request);
  void send_to(Connection& connection);
  void fire_timers();
  void watch(Connection& connection, bool output) const;
  void close(Connection& connection);
  Connection* find(int fd, std::uint32_t generation);
  int wait(epoll_event* events, int max_events, Instant until) const;

  Handler& handler_;
  int listen_fd_ = -1;
  int epoll_fd_ = -1;
  std::uint16_t port_ = 0;
  std::uint32_t next_generation_ = 1;
  std::uint64_t num_connections_ = 0;
  std::size_t waiting_ = 0;
  std::size_t max_waiting_ = 0;
  std::vector<std::unique_ptr<Connection>> connections_;  // by file descriptor
  std::priority_queue<Timer, std::vector<Timer>, std::greater<>> timers_;
  std::string buffer_;
  Reply reply_;
};

}  // namespace servers
