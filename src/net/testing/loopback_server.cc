#include "net/testing/loopback_server.h"

#include "core/check.h"

#include <fmt/format.h>

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <utility>

namespace assay::net::testing {
namespace {

// Bytes of the first whole request in `input`, or 0 when more must come.
std::size_t request_size(std::string_view input) {
  const std::size_t end = input.find("\r\n\r\n");
  if (end == std::string_view::npos) return 0;
  std::size_t body = 0;
  constexpr std::string_view kName = "Content-Length: ";
  const std::size_t length = input.substr(0, end).find(kName);
  if (length != std::string_view::npos) {
    std::from_chars(input.data() + length + kName.size(), input.data() + end, body);
  }
  return input.size() >= end + 4 + body ? end + 4 + body : 0;
}

}  // namespace

LoopbackServer::LoopbackServer(Answer answer)
    : LoopbackServer(std::move(answer), plain_streams(), "http") {}

LoopbackServer::LoopbackServer(Answer answer, const TlsIdentity& identity)
    : LoopbackServer(std::move(answer), tls_streams(identity), "https") {}

LoopbackServer::LoopbackServer(Answer answer, std::unique_ptr<StreamMaker> streams,
                               std::string scheme)
    : answer_(std::move(answer)),
      streams_(std::move(streams)),
      scheme_(std::move(scheme)),
      listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* const raw = reinterpret_cast<sockaddr*>(&address);
  CHECK(listener_ >= 0 && ::bind(listener_, raw, size) == 0 && ::listen(listener_, 1024) == 0 &&
            ::getsockname(listener_, raw, &size) == 0,
        "no port for a test server");
  port_ = ntohs(address.sin_port);
  acceptor_ = std::jthread([this] { accept_all(); });
}

LoopbackServer::~LoopbackServer() {
  is_stopping_ = true;
  ::shutdown(listener_, SHUT_RDWR);
  acceptor_.join();
  ::close(listener_);
  {
    const std::scoped_lock lock(mutex_);
    for (const int socket : sockets_) ::shutdown(socket, SHUT_RDWR);
  }
  workers_.clear();
  for (const int socket : sockets_) ::close(socket);
}

Url LoopbackServer::url(std::string_view target) const {
  return Url::parse(origin() + std::string(target)).value();
}

std::string LoopbackServer::origin() const {
  return fmt::format("{}://127.0.0.1:{}", scheme_, port_);
}

void LoopbackServer::accept_all() {
  while (!is_stopping_) {
    const int socket = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (socket < 0) continue;
    ++num_connections_;
    const std::scoped_lock lock(mutex_);
    sockets_.push_back(socket);
    workers_.emplace_back([this, socket] { serve(socket); });
  }
}

void LoopbackServer::serve(int socket) {
  const std::unique_ptr<ByteStream> stream = streams_->open(socket);
  std::string input;
  char buffer[4096];
  while (!is_stopping_) {
    const std::size_t size = request_size(input);
    if (size == 0) {
      const std::size_t got = stream->read(buffer);
      if (got == 0) {
        ::shutdown(socket, SHUT_RDWR);  // closed by the client, or no TLS
        return;
      }
      input.append(buffer, got);
      continue;
    }
    ++num_requests_;
    const int now = ++num_at_once_;
    int most = most_at_once_;
    while (now > most && !most_at_once_.compare_exchange_weak(most, now)) {
    }
    const Reply reply = answer_(std::string_view(input).substr(0, size));
    input.erase(0, size);
    wait(reply.delay);
    --num_at_once_;
    stream->write(reply.bytes);
    if (reply.after == Reply::After::kClose) {
      ::shutdown(socket, SHUT_RDWR);
      return;
    }
  }
}

// In short steps, so that the end of a test does not wait for an answer that nobody wants.
void LoopbackServer::wait(std::chrono::milliseconds delay) {
  const auto until = std::chrono::steady_clock::now() + delay;
  while (!is_stopping_ && std::chrono::steady_clock::now() < until) {
    const auto left = until - std::chrono::steady_clock::now();
    // In short parts, so that the end of a test does not wait for a delayed reply.
    std::this_thread::sleep_for(
        std::min<std::chrono::nanoseconds>(left, std::chrono::milliseconds(5)));
  }
}

std::string http_reply(int status, std::string_view body, std::string_view more_headers) {
  return fmt::format("HTTP/1.1 {} Some Reason\r\nContent-Length: {}\r\n{}\r\n{}", status,
                     body.size(), more_headers, body);
}

}  // namespace assay::net::testing
