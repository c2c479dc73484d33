/// \file
/// A small HTTP/1.1 server on this machine for tests of clients: each answer is raw bytes, so that
/// it can be as wrong as a test needs.

#pragma once

#include "net/testing/byte_stream.h"
#include "net/url.h"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace assay::net::testing {

/// One thread a connection. Threads: the function is called from many.
class LoopbackServer {
 public:
  struct Reply {
    std::string bytes;
    std::chrono::milliseconds delay{0};
    enum class After { kKeepOpen, kClose } after = After::kKeepOpen;
  };
  /// Gets a request as it came, header and body. It may be called again for the next one of a
  /// connection.
  using Answer = std::function<Reply(std::string_view request)>;

  explicit LoopbackServer(Answer answer);
  /// Over TLS.
  LoopbackServer(Answer answer, const TlsIdentity& identity);
  ~LoopbackServer();
  LoopbackServer(const LoopbackServer&) = delete;
  LoopbackServer& operator=(const LoopbackServer&) = delete;

  std::uint16_t port() const { return port_; }
  /// `http://127.0.0.1:port`, or https.
  std::string origin() const;
  /// The address of `target`, which begins with a slash.
  Url url(std::string_view target = "/") const;
  int num_connections() const { return num_connections_; }
  /// The most requests that were being answered at one moment.
  int most_at_once() const { return most_at_once_; }

  int num_requests() const { return num_requests_; }

 private:
  LoopbackServer(Answer answer, std::unique_ptr<StreamMaker> streams, std::string scheme);
  void accept_all();
  void serve(int socket);
  void wait(std::chrono::milliseconds delay);

  Answer answer_;
  std::unique_ptr<StreamMaker> streams_;
  std::string scheme_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<bool> is_stopping_ = false;
  std::atomic<int> num_connections_ = 0;
  std::atomic<int> num_requests_ = 0;
  std::atomic<int> num_at_once_ = 0;
  std::atomic<int> most_at_once_ = 0;
  std::mutex mutex_;  // guards sockets_ and workers_
  std::vector<int> sockets_;
  std::vector<std::jthread> workers_;
  std::jthread acceptor_;
};

/// A response with Content-Length.
std::string http_reply(int status, std::string_view body, std::string_view more_headers = "");

}  // namespace assay::net::testing
