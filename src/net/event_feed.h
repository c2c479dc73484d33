/// \file
/// Events for clients that stay connected (`text/event-stream`), kept for a while for those who
/// come back.

#pragma once

#include "core/bytes.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>

namespace assay::net {

struct EventFeedOptions {
  /// The newest events, which are kept, up to so many and so much; the newest whatever its size.
  /// Nothing more is held for a client but what is on its way to it: one that has not taken what is
  /// kept no more has missed it, is told so (`dropped`), and has to connect again.
  std::size_t max_events = 1024;
  ByteCount max_kept{std::uint64_t{8} << 20};
  /// More are answered with 503.
  std::size_t max_clients = 64;
  /// After so long without an event a comment is sent, so that both sides notice a cut.
  std::chrono::milliseconds heartbeat = std::chrono::seconds(15);
};

/// Where a client begins.
struct FeedPlace {
  /// Behind this event, its Last-Event-ID. When events may have been missed since, because they are
  /// kept no more or the feed is another one, a `gap` tells of it first.
  std::optional<std::uint64_t> after_id = std::nullopt;
  /// Without `after_id`: with so many of the newest that are kept.
  std::size_t num_recent = 0;
};

class FeedClient;

/// Threads: all calls are safe from any thread.
class EventFeed {
 public:
  explicit EventFeed(const EventFeedOptions& options = {}) : options_(options) {}
  EventFeed(const EventFeed&) = delete;
  EventFeed& operator=(const EventFeed&) = delete;
  ~EventFeed();

  const EventFeedOptions& options() const { return options_; }

  /// Never waits for a client. Pre: `id` is above that of the event before; `type` is one word of
  /// ours, and none of `gap` and `dropped`.
  void publish(std::uint64_t id, std::string_view type, std::string_view data);

  /// Nothing when there are max_clients. `wake` is called, by whoever publishes, once after each
  /// read that found nothing, when there is something: it must be short and not call the feed.
  /// Lifetime: the feed outlives its clients.
  std::unique_ptr<FeedClient> connect(const FeedPlace& place, std::function<void()> wake);
  std::size_t num_clients() const;

 private:
  friend class FeedClient;
  struct Kept {
    std::uint64_t id = 0;
    std::string text;
  };

  const EventFeedOptions options_;
  mutable std::mutex mutex_;  // guards what follows, and the places of the clients
  std::deque<Kept> kept_;
  std::uint64_t num_kept_bytes_ = 0;
  std::uint64_t first_ = 0;                 // how many events went before those that are kept
  std::optional<std::uint64_t> last_gone_;  // the id of the last of them
  std::set<FeedClient*> clients_;
};

/// One client. Threads: one thread at a time.
class FeedClient {
 public:
  struct Text {
    /// Whole events, some 64 KiB or one that is longer; empty for none.
    std::string text;
    /// The client was too slow, which the text says: nothing follows.
    bool is_last = false;
  };

  ~FeedClient();
  FeedClient(const FeedClient&) = delete;
  FeedClient& operator=(const FeedClient&) = delete;

  /// What comes next.
  Text read();

 private:
  friend class EventFeed;
  FeedClient(EventFeed& feed, std::function<void()> wake) : feed_(&feed), wake_(std::move(wake)) {}

  EventFeed* feed_;
  std::function<void()> wake_;
  std::uint64_t next_ = 0;  // counted as EventFeed::first_
  std::string first_text_;
  bool is_waiting_ = false;
};

}  // namespace assay::net
