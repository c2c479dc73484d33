#include "net/http_pool.h"

#include "core/check.h"
#include "net/curl_lane_internal.h"
#include "net/curl_library_internal.h"
#include "net/curl_transfer_internal.h"
#include "net/net_runtime_internal.h"

#include <fmt/format.h>

#include <sys/epoll.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <deque>
#include <limits>
#include <optional>
#include <unordered_map>
#include <utility>

namespace assay::net {
namespace {

// At 256 slots in one lane a request costs 14 us of CPU, in lanes of 64 or fewer 10 us; each lane
// parses the trusted authorities once (16 ms), so smaller ones gain nothing.
constexpr std::size_t kSlotsPerLane = 32;
constexpr std::size_t kEventsPerWait = 256;
// In the place of a lane's number: the event that a stop was asked for.
constexpr std::uint64_t kStopEvent = std::numeric_limits<std::uint64_t>::max();

// Origins whose lane is remembered from run to run, for each request that may be on its way.
constexpr std::size_t kHostsPerRequest = 4;

}  // namespace

class HttpPool::Engine {
 public:
  Engine(HttpPoolOptions options, Descriptor epoll, Descriptor stop_event);
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  Status run(const RequestSource& source, const ResponseSink& sink, const std::stop_token& stop);

 private:
  struct ShareDeleter {
    void operator()(CURLSH* share) const { curl().share_cleanup(share); }
  };

  // One origin: how many of its requests are on their way, and which wait for one of them to end.
  struct Host {
    bool is_loopback = false;
    std::size_t num_in_flight = 0;
    // Until the first answer every new connection would look the name up for itself.
    bool is_known = false;
    std::deque<PooledRequest> waiting = {};
    // That of its last request: lanes share no connections, so it is where one is open.
    std::optional<std::size_t> lane = std::nullopt;
  };

  struct Slot {
    Slot(CurlLane& its_lane, std::size_t number, const HttpPoolOptions& options)
        : lane(&its_lane), lane_number(number), transfer(options.http, &options.captured_headers) {
      lane->adopt(transfer.easy());
      curl().easy_setopt(transfer.easy(), CURLOPT_PRIVATE, this);
    }

    CurlLane* lane;
    std::size_t lane_number;
    CurlTransfer transfer;
    std::uint64_t id = 0;
    Host* host = nullptr;  // null while the slot is free
    SteadyClock::time_point deadline;
  };

  struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>{}(text);
    }
  };

  Status drive(const std::stop_token& stop);
  Status fill();
  Status take(PooledRequest pooled);
  Status start(PooledRequest pooled, Host& host);
  Status start_waiting();
  void run_timers();
  void wait(int longest_ms);
  Result<std::size_t> collect();
  Status expire();
  Status release(Slot& slot, Result<HttpResponse> response);
  void drop_everything();

  Host& host_of(const Url& url);
  bool has_room(const Host& host) const;
  bool has_free_slot() const { return num_free_ > 0 || slots_.size() < options_.max_in_flight; }
  bool may_ask() const {
    return !is_source_done_ && has_free_slot() && num_waiting_ < options_.max_in_flight;
  }
  std::size_t num_in_flight() const { return slots_.size() - num_free_; }
  Slot& take_slot(Host& host);
  Slot& add_slot();
  void give_back(Slot& slot);
  int wait_ms() const;

  HttpPoolOptions options_;
  Descriptor epoll_;
  Descriptor stop_event_;
  SocketTable sockets_;
  // The handles leave the lanes, and both the share, before those go: the order is of use.
  std::unique_ptr<CURLSH, ShareDeleter> share_;
  std::vector<std::unique_ptr<CurlLane>> lanes_;
  std::vector<std::unique_ptr<Slot>> slots_;
  std::vector<std::vector<Slot*>> free_slots_;  // by lane
  std::size_t num_free_ = 0;                    // in all of them
  std::unordered_map<std::string, Host, TextHash, std::equal_to<>> hosts_;
  std::vector<epoll_event> events_;

  // Of the run in progress.
  const RequestSource* source_ = nullptr;
  const ResponseSink* sink_ = nullptr;
  SteadyClock::time_point now_;  // as of the last wait()
  std::size_t num_waiting_ = 0;
  bool is_source_done_ = false;
  SteadyClock::time_point ask_again_;
  // No deadline is before it; the true first one is looked for only once this has passed.
  SteadyClock::time_point first_deadline_ = SteadyClock::time_point::max();
};

HttpPool::Engine::Engine(HttpPoolOptions options, Descriptor epoll, Descriptor stop_event)
    : options_(std::move(options)),
      epoll_(std::move(epoll)),
      stop_event_(std::move(stop_event)),
      sockets_(epoll_.number()),
      share_(curl().share_init()),
      events_(kEventsPerWait) {
  CHECK(options_.max_in_flight > 0 && options_.max_per_host > 0, "a pool that may send nothing");
  CHECK(share_ != nullptr, "no memory for a curl handle");
  curl().share_setopt(share_.get(), CURLSHOPT_SHARE, CURL_LOCK_DATA_DNS);
  curl().share_setopt(share_.get(), CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION);
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = kStopEvent;
  CHECK(epoll_ctl(epoll_.number(), EPOLL_CTL_ADD, stop_event_.number(), &event) == 0,
        "the kernel refused to watch an eventfd");
}

Status HttpPool::Engine::run(const RequestSource& source, const ResponseSink& sink,
                             const std::stop_token& stop) {
  source_ = &source;
  sink_ = &sink;
  now_ = SteadyClock::now();
  is_source_done_ = false;
  ask_again_ = SteadyClock::time_point::min();
  first_deadline_ = SteadyClock::time_point::max();
  eventfd_t unread = 0;
  eventfd_read(stop_event_.number(), &unread);  // of a stop of the run before
  Status status;
  {
    const std::stop_callback wake(stop, [this] { eventfd_write(stop_event_.number(), 1); });
    status = drive(stop);
  }
  drop_everything();
  return status;
}

Status HttpPool::Engine::drive(const std::stop_token& stop) {
  while (true) {
    if (stop.stop_requested()) return cancelled("stopped while requests were on their way");
    RETURN_IF_ERROR(fill());
    run_timers();
    // A near server answers while its request is being sent: then there is more to send at once.
    ASSIGN_OR_RETURN(const std::size_t num_answered, collect());
    if (is_source_done_ && num_in_flight() == 0 && num_waiting_ == 0) return {};
    wait(num_answered > 0 ? 0 : wait_ms());
    RETURN_IF_ERROR(collect());
    RETURN_IF_ERROR(expire());
  }
}

Status HttpPool::Engine::fill() {
  if (num_waiting_ > 0) RETURN_IF_ERROR(start_waiting());
  while (may_ask() && ask_again_ <= now_) {
    ASSIGN_OR_RETURN(NextRequest next, (*source_)());
    if (auto* pooled = std::get_if<PooledRequest>(&next)) {
      RETURN_IF_ERROR(take(std::move(*pooled)));
    } else if (const auto* later = std::get_if<AskAgain>(&next)) {
      ask_again_ = later->at;
      break;
    } else {
      is_source_done_ = true;
    }
  }
  return {};
}

Status HttpPool::Engine::take(PooledRequest pooled) {
  Host& host = host_of(pooled.request.url);
  if (host.waiting.empty() && has_room(host)) return start(std::move(pooled), host);
  host.waiting.push_back(std::move(pooled));
  ++num_waiting_;
  return {};
}

Status HttpPool::Engine::start_waiting() {
  for (auto& [origin, host] : hosts_) {
    while (!host.waiting.empty() && has_room(host) && has_free_slot()) {
      PooledRequest pooled = std::move(host.waiting.front());
      host.waiting.pop_front();
      --num_waiting_;
      RETURN_IF_ERROR(start(std::move(pooled), host));
    }
  }
  return {};
}

Status HttpPool::Engine::start(PooledRequest pooled, Host& host) {
  Slot& slot = take_slot(host);
  const std::chrono::milliseconds timeout = pooled.request.timeout;
  if (Status ready = slot.transfer.prepare(std::move(pooled.request)); !ready) {
    give_back(slot);
    return (*sink_)(pooled.id, std::move(ready.error()));
  }
  slot.id = pooled.id;
  slot.host = &host;
  slot.deadline = now_ + timeout;
  first_deadline_ = std::min(first_deadline_, slot.deadline);
  ++host.num_in_flight;
  slot.lane->add(slot.transfer.easy());
  return {};
}

auto HttpPool::Engine::take_slot(Host& host) -> Slot& {
  Slot* slot = nullptr;
  if (num_free_ == 0) {
    slot = &add_slot();
  } else {
    // Where most are free nobody else loses the lane of its connection.
    std::vector<Slot*>& free =
        host.lane && !free_slots_[*host.lane].empty()
            ? free_slots_[*host.lane]
            : *std::ranges::max_element(free_slots_, {}, &std::vector<Slot*>::size);
    slot = free.back();
    free.pop_back();
    --num_free_;
  }
  host.lane = slot->lane_number;
  return *slot;
}

auto HttpPool::Engine::add_slot() -> Slot& {
  if (slots_.size() % kSlotsPerLane == 0) {
    lanes_.push_back(std::make_unique<CurlLane>(static_cast<std::uint32_t>(lanes_.size()), sockets_,
                                                share_.get(), kSlotsPerLane));
    free_slots_.emplace_back();
  }
  slots_.push_back(std::make_unique<Slot>(*lanes_.back(), lanes_.size() - 1, options_));
  return *slots_.back();
}

void HttpPool::Engine::give_back(Slot& slot) {
  slot.host = nullptr;
  free_slots_[slot.lane_number].push_back(&slot);
  ++num_free_;
}

auto HttpPool::Engine::host_of(const Url& url) -> Host& {
  auto found = hosts_.find(url.origin());
  if (found == hosts_.end()) {
    found = hosts_.emplace(std::string(url.origin()), Host{.is_loopback = url.is_loopback()}).first;
    found->second.is_known = found->second.is_loopback;
  }
  return found->second;
}

bool HttpPool::Engine::has_room(const Host& host) const {
  return host.num_in_flight < (host.is_known ? options_.max_per_host : 1);
}

void HttpPool::Engine::run_timers() {
  for (const auto& lane : lanes_) lane->run_timers(now_);
}

void HttpPool::Engine::wait(int longest_ms) {
  const int count =
      epoll_wait(epoll_.number(), events_.data(), static_cast<int>(events_.size()), longest_ms);
  CHECK(count >= 0 || errno == EINTR, "epoll cannot wait");
  now_ = SteadyClock::now();
  for (int i = 0; i < count; ++i) {
    const epoll_event& event = events_[static_cast<std::size_t>(i)];
    if (event.data.u64 == kStopEvent) continue;
    const auto socket = static_cast<int>(event.data.u64 & 0xffff'ffff);
    // An earlier event of the same batch may have closed it, or ended its request.
    if (sockets_.is_wanted(socket))
      lanes_[event.data.u64 >> 32]->socket_ready(socket, event.events);
  }
}

int HttpPool::Engine::wait_ms() const {
  SteadyClock::time_point until = first_deadline_;
  for (const auto& lane : lanes_) {
    if (const auto timer = lane->timer()) until = std::min(until, *timer);
  }
  if (may_ask()) until = std::min(until, ask_again_);
  if (until <= now_) return 0;
  constexpr auto kLongest = std::chrono::milliseconds(60'000);
  if (until - now_ >= kLongest) return static_cast<int>(kLongest.count());
  return static_cast<int>(std::chrono::ceil<std::chrono::milliseconds>(until - now_).count());
}

Result<std::size_t> HttpPool::Engine::collect() {
  std::size_t num_collected = 0;
  for (const auto& lane : lanes_) {
    while (const auto finished = lane->next_finished()) {
      char* slot = nullptr;
      curl().easy_getinfo(finished->easy, CURLINFO_PRIVATE, &slot);
      Slot& done = *reinterpret_cast<Slot*>(slot);
      lane->remove(finished->easy);
      RETURN_IF_ERROR(release(done, done.transfer.finish(finished->code)));
      ++num_collected;
    }
  }
  return num_collected;
}

Status HttpPool::Engine::expire() {
  if (now_ < first_deadline_) return {};
  first_deadline_ = SteadyClock::time_point::max();
  for (const auto& slot : slots_) {
    if (slot->host == nullptr) continue;
    if (now_ < slot->deadline) {
      first_deadline_ = std::min(first_deadline_, slot->deadline);
      continue;
    }
    slot->lane->remove(slot->transfer.easy());
    RETURN_IF_ERROR(release(*slot, slot->transfer.finish_timed_out()));
  }
  return {};
}

Status HttpPool::Engine::release(Slot& slot, Result<HttpResponse> response) {
  slot.host->is_known = true;
  --slot.host->num_in_flight;
  give_back(slot);
  ask_again_ = SteadyClock::time_point::min();
  return (*sink_)(slot.id, std::move(response));
}

void HttpPool::Engine::drop_everything() {
  for (const auto& slot : slots_) {
    if (slot->host == nullptr) continue;
    slot->lane->remove(slot->transfer.easy());
    slot->transfer.drop();
    give_back(*slot);
  }
  num_waiting_ = 0;
  if (hosts_.size() > kHostsPerRequest * options_.max_in_flight) hosts_.clear();
  for (auto& [origin, host] : hosts_) {
    host.num_in_flight = 0;
    host.is_known = host.is_loopback;
    host.waiting.clear();
  }
}

HttpPool::HttpPool(std::unique_ptr<Engine> engine) : engine_(std::move(engine)) {}
HttpPool::HttpPool(HttpPool&&) noexcept = default;
HttpPool::~HttpPool() = default;

Result<HttpPool> HttpPool::create(HttpPoolOptions options) {
  RETURN_IF_ERROR(start_runtime());
  Descriptor epoll(epoll_create1(EPOLL_CLOEXEC));
  Descriptor stop_event(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (epoll.number() < 0 || stop_event.number() < 0) {
    return internal(fmt::format("cannot wait for connections: {}", std::strerror(errno)));
  }
  return HttpPool(
      std::make_unique<Engine>(std::move(options), std::move(epoll), std::move(stop_event)));
}

Status HttpPool::run(const RequestSource& source, const ResponseSink& sink, std::stop_token stop) {
  return engine_->run(source, sink, stop);
}

}  // namespace assay::net
