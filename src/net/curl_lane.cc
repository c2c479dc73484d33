#include "core/check.h"
#include "net/curl_lane_internal.h"
#include "net/curl_library_internal.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace assay::net {
namespace {

// Connections beyond the slots, so that a change of host does not close one that is still good.
constexpr std::size_t kSpareConnections = 8;

std::uint32_t epoll_bits(int what) {
  switch (what) {
    case CURL_POLL_IN:
      return EPOLLIN;
    case CURL_POLL_OUT:
      return EPOLLOUT;
    case CURL_POLL_INOUT:
      return EPOLLIN | EPOLLOUT;
    default:
      return 0;
  }
}

}  // namespace

Descriptor::Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}

Descriptor::~Descriptor() {
  if (number_ >= 0) ::close(number_);
}

SocketTable::Entry& SocketTable::entry(int socket) {
  const auto index = static_cast<std::size_t>(socket);
  if (index >= entries_.size()) entries_.resize(index + 64);
  return entries_[index];
}

void SocketTable::opened(int socket) { entry(socket) = {.is_ours = true}; }

// The kernel stops watching a socket when it is closed.
void SocketTable::closed(int socket) { entry(socket) = {}; }

void SocketTable::watch(int socket, int what, std::uint32_t lane) {
  Entry& known = entry(socket);
  known.wanted = epoll_bits(what);
  if (known.wanted == 0) {
    // curl's own helpers, such as its resolver's, are closed without a word.
    if (!known.is_ours) forget(socket, known);
    return;
  }
  if (known.watched == known.wanted) return;
  epoll_event event{};
  event.events = known.wanted;
  event.data.u64 = (std::uint64_t{lane} << 32) | static_cast<std::uint32_t>(socket);
  int done = epoll_ctl(epoll_, known.watched == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, socket, &event);
  if (done != 0 && errno == EEXIST) done = epoll_ctl(epoll_, EPOLL_CTL_MOD, socket, &event);
  if (done != 0 && errno == ENOENT) done = epoll_ctl(epoll_, EPOLL_CTL_ADD, socket, &event);
  CHECK(done == 0, "the kernel refused to watch a socket");
  known.watched = known.wanted;
}

bool SocketTable::is_wanted(int socket) {
  Entry& known = entry(socket);
  if (known.wanted != 0) return true;
  forget(socket, known);
  return false;
}

void SocketTable::forget(int socket, Entry& known) const {
  if (known.watched != 0) epoll_ctl(epoll_, EPOLL_CTL_DEL, socket, nullptr);
  known.watched = 0;
}

CurlLane::CurlLane(std::uint32_t index, SocketTable& sockets, CURLSH* share, std::size_t num_slots)
    : index_(index), sockets_(&sockets), share_(share), multi_(curl().multi_init()) {
  CURLM* const multi = multi_.get();
  CHECK(multi != nullptr, "no memory for a curl handle");
  curl().multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, &CurlLane::on_socket);
  curl().multi_setopt(multi, CURLMOPT_SOCKETDATA, this);
  curl().multi_setopt(multi, CURLMOPT_TIMERFUNCTION, &CurlLane::on_timer);
  curl().multi_setopt(multi, CURLMOPT_TIMERDATA, this);
  curl().multi_setopt(multi, CURLMOPT_PIPELINING, CURLPIPE_NOTHING);
  curl().multi_setopt(multi, CURLMOPT_MAXCONNECTS,
                      static_cast<long>(num_slots + kSpareConnections));
  curl().multi_setopt(multi, CURLMOPT_MAX_HOST_CONNECTIONS, static_cast<long>(num_slots));
}

void CurlLane::adopt(CURL* easy) {
  curl().easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, &CurlLane::on_open);
  curl().easy_setopt(easy, CURLOPT_OPENSOCKETDATA, this);
  curl().easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, &CurlLane::on_close);
  curl().easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, this);
  curl().easy_setopt(easy, CURLOPT_SHARE, share_);
}

void CurlLane::add(CURL* easy) {
  CHECK(curl().multi_add_handle(multi_.get(), easy) == CURLM_OK, "curl took no request");
}

void CurlLane::remove(CURL* easy) {
  CHECK(curl().multi_remove_handle(multi_.get(), easy) == CURLM_OK, "curl gave no request back");
}

void CurlLane::socket_ready(int socket, std::uint32_t epoll_events) {
  int mask = 0;
  if ((epoll_events & EPOLLIN) != 0) mask |= CURL_CSELECT_IN;
  if ((epoll_events & EPOLLOUT) != 0) mask |= CURL_CSELECT_OUT;
  if ((epoll_events & (EPOLLERR | EPOLLHUP)) != 0) mask |= CURL_CSELECT_ERR;
  int num_running = 0;
  CHECK(curl().multi_socket_action(multi_.get(), socket, mask, &num_running) == CURLM_OK,
        "curl lost its way");
}

void CurlLane::run_timers(SteadyClock::time_point now) {
  if (!timer_ || *timer_ > now) return;
  timer_.reset();
  int num_running = 0;
  CHECK(curl().multi_socket_action(multi_.get(), CURL_SOCKET_TIMEOUT, 0, &num_running) == CURLM_OK,
        "curl lost its way");
}

std::optional<CurlLane::Finished> CurlLane::next_finished() {
  int num_left = 0;
  while (const CURLMsg* message = curl().multi_info_read(multi_.get(), &num_left)) {
    if (message->msg == CURLMSG_DONE) return Finished{message->easy_handle, message->data.result};
  }
  return std::nullopt;
}

int CurlLane::on_socket(CURL* /*easy*/, curl_socket_t socket, int what, void* self,
                        void* /*known*/) {
  auto& lane = *static_cast<CurlLane*>(self);
  lane.sockets_->watch(socket, what, lane.index_);
  return 0;
}

int CurlLane::on_timer(CURLM* /*multi*/, long timeout_ms, void* self) {
  auto& lane = *static_cast<CurlLane*>(self);
  if (timeout_ms < 0) {
    lane.timer_.reset();
  } else if (timeout_ms == 0) {
    lane.timer_ = SteadyClock::time_point::min();  // due now, without asking for the time
  } else {
    lane.timer_ = SteadyClock::now() + std::chrono::milliseconds(timeout_ms);
  }
  return 0;
}

curl_socket_t CurlLane::on_open(void* self, curlsocktype /*purpose*/, curl_sockaddr* address) {
  const int socket = ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
  if (socket >= 0) static_cast<CurlLane*>(self)->sockets_->opened(socket);
  return socket;
}

int CurlLane::on_close(void* self, curl_socket_t socket) {
  static_cast<CurlLane*>(self)->sockets_->closed(socket);
  return ::close(socket);
}

}  // namespace assay::net
