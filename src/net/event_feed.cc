#include "net/event_feed.h"

#include "core/check.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

namespace assay::net {
namespace {

constexpr std::size_t kReadSize = 64U << 10;

// Of several lines each is one of the event's own.
void append_data(std::string& text, std::string_view data) {
  while (true) {
    const std::size_t end = data.find_first_of("\r\n");
    fmt::format_to(std::back_inserter(text), "data: {}\n", data.substr(0, end));
    if (end == std::string_view::npos) return;
    data.remove_prefix(end + (data.substr(end).starts_with("\r\n") ? 2 : 1));
  }
}

}  // namespace

EventFeed::~EventFeed() { CHECK(clients_.empty(), "a feed outlives its clients"); }

void EventFeed::publish(std::uint64_t id, std::string_view type, std::string_view data) {
  std::string text = fmt::format("id: {}\nevent: {}\n", id, type);
  append_data(text, data);
  text += '\n';
  const std::scoped_lock guard(mutex_);
  num_kept_bytes_ += text.size();
  kept_.push_back({.id = id, .text = std::move(text)});
  while (kept_.size() > 1 &&
         (kept_.size() > options_.max_events || num_kept_bytes_ > options_.max_kept.count())) {
    num_kept_bytes_ -= kept_.front().text.size();
    last_gone_ = kept_.front().id;
    kept_.pop_front();
    ++first_;
  }
  for (FeedClient* const client : clients_) {
    if (std::exchange(client->is_waiting_, false)) client->wake_();
  }
}

std::unique_ptr<FeedClient> EventFeed::connect(const FeedPlace& place, std::function<void()> wake) {
  const std::scoped_lock guard(mutex_);
  if (clients_.size() >= options_.max_clients) return nullptr;
  std::unique_ptr<FeedClient> client(new FeedClient(*this, std::move(wake)));
  if (place.after_id) {
    const std::uint64_t after = *place.after_id;
    const auto next = std::ranges::upper_bound(kept_, after, {}, &Kept::id);
    client->next_ = first_ + static_cast<std::uint64_t>(next - kept_.begin());
    // Behind an event that is here, or was until a moment ago, all that follows is here too.
    const bool is_here = last_gone_ == after || (next != kept_.begin() && after <= kept_.back().id);
    if (!is_here) {
      client->first_text_ = fmt::format("event: gap\ndata: {{\"after\":{}}}\n\n", after);
    }
  } else {
    client->next_ = first_ + (kept_.size() - std::min(place.num_recent, kept_.size()));
  }
  clients_.insert(client.get());
  return client;
}

std::size_t EventFeed::num_clients() const {
  const std::scoped_lock guard(mutex_);
  return clients_.size();
}

FeedClient::~FeedClient() {
  const std::scoped_lock guard(feed_->mutex_);
  feed_->clients_.erase(this);
}

FeedClient::Text FeedClient::read() {
  const std::scoped_lock guard(feed_->mutex_);
  Text result{.text = std::exchange(first_text_, {})};
  if (next_ < feed_->first_) {
    fmt::format_to(std::back_inserter(result.text),
                   "event: dropped\ndata: {{\"missed\":{},\"reason\":\"events were published "
                   "faster than this client took them\"}}\n\n",
                   feed_->first_ - next_);
    result.is_last = true;
    return result;
  }
  for (; next_ < feed_->first_ + feed_->kept_.size(); ++next_) {
    const std::string& text = feed_->kept_[next_ - feed_->first_].text;
    if (!result.text.empty() && result.text.size() + text.size() > kReadSize) break;
    result.text += text;
  }
  is_waiting_ = result.text.empty();
  return result;
}

}  // namespace assay::net
