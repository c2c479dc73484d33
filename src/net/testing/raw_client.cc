#include "net/testing/raw_client.h"

#include "core/check.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cstddef>
#include <utility>

namespace assay::net::testing {

RawClient::RawClient(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int connected = ::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address);
  CHECK(connected == 0, "the server listens");
  const timeval patience{.tv_sec = 10, .tv_usec = 0};
  ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
}

RawClient::~RawClient() { ::close(socket_); }

RawClient& RawClient::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) break;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return *this;
}

std::string RawClient::read_to_end() {
  while (read_some()) {
  }
  return std::exchange(input_, {});
}

std::string RawClient::read_response() {
  while (true) {
    const std::size_t end = input_.find("\r\n\r\n");
    const std::size_t length = input_.find("Content-Length: ");
    if (end != std::string::npos && length < end) {
      const std::size_t size = end + 4 + std::stoul(input_.substr(length + 16));
      if (input_.size() >= size) {
        std::string response = input_.substr(0, size);
        input_.erase(0, size);
        return response;
      }
    }
    if (!read_some()) return "closed after: " + input_;
  }
}

std::string RawClient::read_through(std::string_view end) {
  while (!input_.contains(end)) {
    if (!read_some()) return "closed after: " + input_;
  }
  const std::size_t size = input_.find(end) + end.size();
  std::string read = input_.substr(0, size);
  input_.erase(0, size);
  return read;
}

bool RawClient::read_some() {
  char buffer[4096];
  const ssize_t got = ::recv(socket_, buffer, sizeof buffer, 0);
  if (got <= 0) return false;
  input_.append(buffer, static_cast<std::size_t>(got));
  return true;
}

}  // namespace assay::net::testing
