#include "net/testing/listening_socket.h"

#include "core/check.h"

#include <netinet/in.h>
#include <sys/socket.h>

namespace assay::net::testing {
namespace {

constexpr int kMaxDescriptor = 4096;

bool listens_on(int descriptor, std::uint16_t port) {
  int is_listening = 0;
  socklen_t size = sizeof is_listening;
  if (::getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, &is_listening, &size) != 0) return false;
  sockaddr_in address{};
  size = sizeof address;
  return is_listening != 0 &&
         ::getsockname(descriptor, reinterpret_cast<sockaddr*>(&address), &size) == 0 &&
         address.sin_family == AF_INET && ntohs(address.sin_port) == port;
}

}  // namespace

int listening_descriptor(std::uint16_t port) {
  for (int descriptor = 0; descriptor < kMaxDescriptor; ++descriptor) {
    if (listens_on(descriptor, port)) return descriptor;
  }
  fail_check("port", "a port that this process listens on");
}

void break_listening_socket(std::uint16_t port) {
  CHECK(::shutdown(listening_descriptor(port), SHUT_RDWR) == 0, "a socket that listens");
}

}  // namespace assay::net::testing
