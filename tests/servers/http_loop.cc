#include "http_loop.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <system_error>

namespace servers {
namespace {

// A request line and headers above this are no request of ours.
constexpr std::size_t kMaxHeadBytes = 64UL * 1024;
constexpr std::size_t kMaxBodyBytes = 1024UL * 1024;
constexpr std::size_t kReadBytes = 256UL * 1024;

[[noreturn]] void fail(const char* what) {
  throw std::system_error(errno, std::generic_category(), what);
}

std::string_view reason_of(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 204:
      return "No Content";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 429:
      return "Too Many Requests";
    case 500:
      return "Internal Server Error";
    case 503:
      return "Service Unavailable";
    default:
      return "Status";
  }
}

bool same_letters(std::string_view left, std::string_view lower) {
  return left.size() == lower.size() &&
         std::equal(left.begin(), left.end(), lower.begin(), [](char a, char b) {
           return (a >= 'A' && a <= 'Z' ? static_cast<char>(a + 32) : a) == b;
         });
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\r')) text.remove_suffix(1);
  return text;
}

struct Head {
  Request request;
  std::size_t body_bytes = 0;
  bool close = false;
  bool valid = false;
};

void read_header(std::string_view line, Head& head) {
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return;
  const std::string_view name = line.substr(0, colon);
  const std::string_view value = trimmed(line.substr(colon + 1));
  if (same_letters(name, "authorization")) {
    head.request.authorization = value;
  } else if (same_letters(name, "content-length")) {
    std::from_chars(value.data(), value.data() + value.size(), head.body_bytes);
  } else if (same_letters(name, "connection")) {
    head.close = same_letters(value, "close");
  }
}

// `text` ends after the empty line.
Head read_head(std::string_view text) {
  Head head;
  std::size_t end = text.find("\r\n");
  const std::string_view line = text.substr(0, end);
  const std::size_t first = line.find(' ');
  const std::size_t last = line.rfind(' ');
  if (first == std::string_view::npos || last <= first) return head;
  head.request.method = line.substr(0, first);
  const std::string_view target = line.substr(first + 1, last - first - 1);
  const std::size_t question = target.find('?');
  head.request.path = target.substr(0, question);
  if (question != std::string_view::npos) head.request.query = target.substr(question + 1);
  head.valid = !target.empty() && target.front() == '/';

  for (std::size_t start = end + 2; start < text.size(); start = end + 2) {
    end = text.find("\r\n", start);
    if (end == start || end == std::string_view::npos) break;
    // Only a, A, c and C begin a header that matters here.
    const char letter = static_cast<char>(text[start] | 0x20);
    if (letter == 'a' || letter == 'c') read_header(text.substr(start, end - start), head);
  }
  return head;
}

void append_number(std::string& out, std::uint64_t number) {
  char digits[24];
  const auto [end, error] = std::to_chars(digits, digits + sizeof digits, number);
  out.append(digits, end);
}

void write_reply(std::string& out, const Request& request, const Reply& reply) {
  const bool head = request.method == "HEAD";
  out += "HTTP/1.1 ";
  append_number(out, static_cast<std::uint64_t>(reply.status));
  out += ' ';
  out += reason_of(reply.status);
  if (!reply.content_type.empty()) {
    out += "\r\nContent-Type: ";
    out += reply.content_type;
  }
  out += "\r\nContent-Length: ";
  append_number(out, head ? reply.head_length : reply.body.size());
  out += "\r\n";
  out += reply.headers;
  out += "\r\n";
  if (head) return;
  const bool half = reply.delivery == Delivery::kHalfBody;
  out.append(reply.body, 0, half ? reply.body.size() / 2 : reply.body.size());
}

}  // namespace

HttpLoop::HttpLoop(Handler& handler, std::uint16_t port)
    : handler_(handler),
      listen_fd_(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)),
      buffer_(kReadBytes, '\0') {
  if (listen_fd_ < 0) fail("socket");
  const int on = 1;
  ::setsockopt(listen_fd_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::bind(listen_fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) fail("bind");
  if (::listen(listen_fd_, 4096) != 0) fail("listen");
  socklen_t length = sizeof address;
  if (::getsockname(listen_fd_, reinterpret_cast<sockaddr*>(&address), &length) != 0) {
    fail("getsockname");
  }
  port_ = ntohs(address.sin_port);
  epoll_fd_ = ::epoll_create1(EPOLL_CLOEXEC);
  if (epoll_fd_ < 0) fail("epoll_create1");
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = static_cast<std::uint32_t>(listen_fd_);
  if (::epoll_ctl(epoll_fd_, EPOLL_CTL_ADD, listen_fd_, &event) != 0) fail("epoll_ctl");
}

HttpLoop::~HttpLoop() {
  for (const auto& connection : connections_) {
    if (connection && connection->fd >= 0) ::close(connection->fd);
  }
  if (listen_fd_ >= 0) ::close(listen_fd_);
  if (epoll_fd_ >= 0) ::close(epoll_fd_);
}

void HttpLoop::run(std::chrono::seconds limit, int stop_fd) {
  epoll_event stop{};
  stop.events = EPOLLIN;
  stop.data.u64 = static_cast<std::uint32_t>(stop_fd);
  if (::epoll_ctl(epoll_fd_, EPOLL_CTL_ADD, stop_fd, &stop) != 0) fail("epoll_ctl");
  const Instant end = std::chrono::steady_clock::now() + limit;
  epoll_event events[256];
  while (std::chrono::steady_clock::now() < end) {
    const Instant until = timers_.empty() ? end : std::min(end, timers_.top().due);
    const int count = wait(events, 256, until);
    for (int i = 0; i < count; ++i) {
      const int fd = static_cast<int>(events[i].data.u64 & 0xffffffff);
      if (fd == stop_fd) return;
      if (fd == listen_fd_) {
        accept_all();
        continue;
      }
      Connection* connection = find(fd, static_cast<std::uint32_t>(events[i].data.u64 >> 32));
      if (connection == nullptr) continue;
      if ((events[i].events & EPOLLOUT) != 0) send_to(*connection);
      if (connection->fd >= 0 && (events[i].events & ~static_cast<unsigned>(EPOLLOUT)) != 0) {
        read_from(*connection);
      }
    }
    fire_timers();
  }
}

int HttpLoop::wait(epoll_event* events, int max_events, Instant until) const {
  const auto left = std::max(until - std::chrono::steady_clock::now(), Instant::duration::zero());
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(left);
  const timespec timeout{seconds.count(), (left - seconds).count()};
  const int count = ::epoll_pwait2(epoll_fd_, events, max_events, &timeout, nullptr);
  if (count >= 0 || errno == EINTR) return std::max(count, 0);
  if (errno != ENOSYS) fail("epoll_pwait2");
  // Kernels before 5.11 count in whole milliseconds.
  const auto milliseconds = std::chrono::ceil<std::chrono::milliseconds>(left);
  return std::max(
      ::epoll_wait(epoll_fd_, events, max_events, static_cast<int>(milliseconds.count())), 0);
}

HttpLoop::Connection* HttpLoop::find(int fd, std::uint32_t generation) {
  if (fd < 0 || static_cast<std::size_t>(fd) >= connections_.size()) return nullptr;
  Connection* connection = connections_[static_cast<std::size_t>(fd)].get();
  if (connection == nullptr || connection->fd != fd || connection->generation != generation)
    return nullptr;
  return connection;
}

void HttpLoop::accept_all() {
  for (;;) {
    const int fd = ::accept4(listen_fd_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) return;
    const int on = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    const auto index = static_cast<std::size_t>(fd);
    if (connections_.size() <= index) connections_.resize(index + 1);
    if (!connections_[index]) connections_[index] = std::make_unique<Connection>();
    Connection& connection = *connections_[index];
    connection.fd = fd;
    connection.generation = next_generation_++;
    ++num_connections_;
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 =
        static_cast<std::uint64_t>(connection.generation) << 32 | static_cast<std::uint32_t>(fd);
    if (::epoll_ctl(epoll_fd_, EPOLL_CTL_ADD, fd, &event) != 0) fail("epoll_ctl");
  }
}

void HttpLoop::close(Connection& connection) {
  ::close(connection.fd);
  if (connection.waiting) --waiting_;
  connection = Connection{};
}

void HttpLoop::watch(Connection& connection, bool output) const {
  if (connection.watches_output == output) return;
  connection.watches_output = output;
  epoll_event event{};
  event.events = output ? EPOLLIN | EPOLLOUT : EPOLLIN;
  event.data.u64 = static_cast<std::uint64_t>(connection.generation) << 32 |
                   static_cast<std::uint32_t>(connection.fd);
  if (::epoll_ctl(epoll_fd_, EPOLL_CTL_MOD, connection.fd, &event) != 0) fail("epoll_ctl");
}

void HttpLoop::read_from(Connection& connection) {
  const ssize_t count = ::recv(connection.fd, buffer_.data(), buffer_.size(), 0);
  if (count <= 0) {
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
    close(connection);
    return;
  }
  const std::string_view bytes(buffer_.data(), static_cast<std::size_t>(count));
  if (connection.in.empty()) {
    // The usual case: whole requests, answered where they lie.
    const std::size_t used = answer(connection, bytes);
    if (connection.fd < 0) return;
    connection.in.append(bytes.substr(used));
  } else {
    connection.in.append(bytes);
    const std::size_t used = answer(connection, connection.in);
    if (connection.fd < 0) return;
    connection.in.erase(0, used);
  }
  if (connection.in.size() > kMaxHeadBytes + kMaxBodyBytes) {
    close(connection);
    return;
  }
  send_to(connection);
}

std::size_t HttpLoop::answer(Connection& connection, std::string_view bytes) {
  std::size_t used = 0;
  while (!connection.waiting && !connection.close_after_send) {
    const std::string_view rest = bytes.substr(used);
    const std::size_t end = rest.find("\r\n\r\n");
    if (end == std::string_view::npos) break;
    Head head = read_head(rest.substr(0, end + 4));
    if (!head.valid || head.body_bytes > kMaxBodyBytes) {
      connection.out +=
          "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
      connection.close_after_send = true;
      break;
    }
    if (rest.size() < end + 4 + head.body_bytes) break;
    head.request.body = rest.substr(end + 4, head.body_bytes);
    used += end + 4 + head.body_bytes;
    connection.close_after_send = head.close;
    deliver(connection, head.request);
    if (connection.fd < 0) return used;
  }
  return used;
}

void HttpLoop::deliver(Connection& connection, const Request& request) {
  reply_.status = 200;
  reply_.content_type = "application/json";
  reply_.headers.clear();
  reply_.body.clear();
  reply_.head_length = 0;
  reply_.delivery = Delivery::kWhole;
  reply_.delay = std::chrono::microseconds(0);
  handler_.handle(request, reply_);
  if (reply_.delivery == Delivery::kDrop && reply_.delay.count() == 0) {
    close(connection);
    return;
  }
  const bool stalls = reply_.delivery == Delivery::kStall;
  if (reply_.delivery != Delivery::kWhole && !stalls) connection.close_after_send = true;
  if (!stalls && reply_.delay.count() == 0) {
    write_reply(connection.out, request, reply_);
    return;
  }
  connection.waiting = true;
  max_waiting_ = std::max(max_waiting_, ++waiting_);
  if (stalls) return;
  if (reply_.delivery != Delivery::kDrop) write_reply(connection.pending, request, reply_);
  timers_.push(
      {std::chrono::steady_clock::now() + reply_.delay, connection.fd, connection.generation});
}

void HttpLoop::fire_timers() {
  const Instant now = std::chrono::steady_clock::now();
  while (!timers_.empty() && timers_.top().due <= now) {
    const Timer timer = timers_.top();
    timers_.pop();
    Connection* connection = find(timer.fd, timer.generation);
    if (connection == nullptr) continue;
    connection->waiting = false;
    --waiting_;
    connection->out += connection->pending;
    connection->pending.clear();
    if (!connection->in.empty()) {
      const std::size_t used = answer(*connection, connection->in);
      if (connection->fd < 0) continue;
      connection->in.erase(0, used);
    }
    send_to(*connection);
  }
}

void HttpLoop::send_to(Connection& connection) {
  std::size_t sent = 0;
  while (sent < connection.out.size()) {
    const ssize_t count = ::send(connection.fd, connection.out.data() + sent,
                                 connection.out.size() - sent, MSG_NOSIGNAL);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno == EAGAIN) break;
    if (count < 0) {
      close(connection);
      return;
    }
    sent += static_cast<std::size_t>(count);
  }
  connection.out.erase(0, sent);
  if (!connection.out.empty()) {
    watch(connection, true);
    return;
  }
  watch(connection, false);
  if (connection.close_after_send && !connection.waiting) close(connection);
}

}  // namespace servers
