/// \file
/// A few curl handles with a connection cache of their own, driven by a shared epoll.

#pragma once

#include "core/result.h"
#include "net/curl_transfer_internal.h"

#include <curl/curl.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace assay::net {

using SteadyClock = std::chrono::steady_clock;

/// A file descriptor, closed with the object.
class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept;
  Descriptor& operator=(Descriptor&&) = delete;
  ~Descriptor();
  int number() const { return number_; }

 private:
  int number_;
};

/// Which sockets the kernel watches, and for whom. curl takes a socket out after each response and
/// puts it in again for the next request, two system calls that change nothing: a socket of ours is
/// left in until it is closed or says something that nobody waits for.
class SocketTable {
 public:
  explicit SocketTable(int epoll) : epoll_(epoll) {}

  /// A socket was made for `lane`; whatever was known of its number is of an earlier one.
  void opened(int socket);
  void closed(int socket);
  /// curl's wish for a socket, as CURL_POLL_*.
  void watch(int socket, int what, std::uint32_t lane);
  /// Whether someone waits for the event; if not, the socket is no longer watched.
  bool is_wanted(int socket);

 private:
  struct Entry {
    std::uint32_t wanted = 0;   // epoll bits that curl waits for
    std::uint32_t watched = 0;  // epoll bits that the kernel knows
    bool is_ours = false;       // its closing is announced
  };
  Entry& entry(int socket);
  void forget(int socket, Entry& known) const;

  int epoll_;
  std::vector<Entry> entries_;
};

/// One curl multi handle. curl looks for an idle connection by walking all that it has to a host,
/// so that many small caches cost less than a large one.
class CurlLane {
 public:
  CurlLane(std::uint32_t index, SocketTable& sockets, CURLSH* share, std::size_t num_slots);
  CurlLane(const CurlLane&) = delete;
  CurlLane& operator=(const CurlLane&) = delete;

  /// Route the sockets of a handle through the table. Call once a handle.
  void adopt(CURL* easy);
  void add(CURL* easy);
  void remove(CURL* easy);

  void socket_ready(int socket, std::uint32_t epoll_events);
  /// Run what is due. Cost: nothing when nothing is.
  void run_timers(SteadyClock::time_point now);
  std::optional<SteadyClock::time_point> timer() const { return timer_; }

  struct Finished {
    CURL* easy;
    CURLcode code;
  };
  std::optional<Finished> next_finished();

 private:
  static int on_socket(CURL* easy, curl_socket_t socket, int what, void* self, void* unused);
  static int on_timer(CURLM* multi, long timeout_ms, void* self);
  static curl_socket_t on_open(void* self, curlsocktype purpose, curl_sockaddr* address);
  static int on_close(void* self, curl_socket_t socket);

  std::uint32_t index_;
  SocketTable* sockets_;
  CURLSH* share_;
  std::optional<SteadyClock::time_point> timer_;
  std::unique_ptr<CURLM, MultiDeleter>
      multi_;  // last: its end closes sockets through the callbacks
};

}  // namespace assay::net
