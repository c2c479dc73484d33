#include "protocol/replay_store.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace assay::protocol {

std::size_t ReplayStore::KeyHash::operator()(const std::array<std::byte, 16>& key) const noexcept {
  // The key is a digest already.
  std::size_t value = 0;
  std::memcpy(&value, key.data(), sizeof value);
  return value;
}

ReplayStore::ReplayStore(ReplayLimits limits) : limits_(limits) {}

// Requests arrive in the order of their signed times but for some seconds, so a mark at the front
// that is still good holds up few that are not; a mark that was renewed waits once more.
void ReplayStore::forget_expired(Instant now) {
  while (!expiries_.empty() && expiries_.front().at < now) {
    Expiry expiry = expiries_.front();
    expiries_.pop_front();
    const auto found = marks_.find(expiry.key);
    if (found->second.expires >= now) {
      expiry.at = found->second.expires;
      expiries_.push_back(expiry);
      continue;
    }
    marks_.erase(found);
    const auto count = num_of_sender_.find(expiry.sender);
    if (--count->second == 0) num_of_sender_.erase(count);
  }
}

ReplayAnswer ReplayStore::remember(const Authentic& request, Instant now) {
  const std::scoped_lock guard(mutex_);
  forget_expired(now);
  std::size_t num_new = 0;
  for (const ReplayMark& mark : request.marks) {
    const auto found = marks_.find(mark.key);
    if (found == marks_.end()) {
      ++num_new;
    } else if (found->second.number >= mark.number) {
      return ReplayAnswer::kSeen;
    }
  }
  const auto count = num_of_sender_.find(request.sender);
  const std::size_t num_before = count == num_of_sender_.end() ? 0 : count->second;
  if (num_before + num_new > limits_.max_marks_per_sender) return ReplayAnswer::kSenderFull;
  if (marks_.size() + num_new > limits_.max_marks) return ReplayAnswer::kFull;
  for (const ReplayMark& mark : request.marks) {
    const auto [entry, is_new] = marks_.try_emplace(mark.key);
    entry->second.number = mark.number;
    entry->second.expires = std::max(entry->second.expires, request.fresh_until);
    if (!is_new) continue;
    expiries_.push_back({.at = request.fresh_until, .key = mark.key, .sender = request.sender});
    ++num_of_sender_[request.sender];
  }
  return ReplayAnswer::kNew;
}

std::size_t ReplayStore::num_marks() const {
  const std::scoped_lock guard(mutex_);
  return marks_.size();
}

}  // namespace assay::protocol
