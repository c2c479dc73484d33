#include "protocol/replay_store.h"

#include "core/check.h"
#include "core/log.h"
#include "protocol/replay_log_internal.h"

#include <algorithm>
#include <cstring>
#include <utility>
#include <vector>

namespace assay::protocol {

std::size_t ReplayStore::KeyHash::operator()(const std::array<std::byte, 16>& key) const noexcept {
  // The key is a digest already.
  std::size_t value = 0;
  std::memcpy(&value, key.data(), sizeof value);
  return value;
}

ReplayStore::ReplayStore(ReplayLimits limits) : limits_(limits) {}
ReplayStore::~ReplayStore() = default;

// Requests arrive in the order of their signed times but for some seconds, so a mark at the front
// that is still good holds up few that are not; a mark that was renewed waits once more.
void ReplayStore::forget_expired(Instant now) {
  while (!expiries_.empty() && expiries_.front().at < now) {
    Expiry expiry = expiries_.front();
    expiries_.pop_front();
    const auto found = marks_.find(expiry.key);
    CHECK(found != marks_.end(), "each expiry has its mark");
    if (found->second.expires >= now) {
      expiry.at = found->second.expires;
      expiries_.push_back(expiry);
      continue;
    }
    marks_.erase(found);
    const auto count = num_of_sender_.find(expiry.sender);
    CHECK(count != num_of_sender_.end(), "each mark counts for its sender");
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
  for (const ReplayMark& mark : request.marks) add(mark, request.sender, request.fresh_until);
  write_down(request);
  return ReplayAnswer::kNew;
}

void ReplayStore::add(const ReplayMark& mark, const keys::Hotkey& sender, Instant expires) {
  const auto [entry, is_new] = marks_.try_emplace(mark.key);
  entry->second.number = std::max(entry->second.number, mark.number);
  entry->second.expires = std::max(entry->second.expires, expires);
  if (!is_new) return;
  expiries_.push_back({.at = expires, .key = mark.key, .sender = sender});
  ++num_of_sender_[sender];
}

// To refuse all requests because a disk is full would cost more than what this protects from.
void ReplayStore::write_down(const Authentic& request) {
  if (!log_) return;
  const auto write = [&] -> Status {
    std::vector<LoggedMark> marks;
    marks.reserve(request.marks.size());
    for (const ReplayMark& mark : request.marks) {
      marks.push_back({.mark = mark, .sender = request.sender, .expires = request.fresh_until});
    }
    RETURN_IF_ERROR(log_->append(marks));
    if (!log_->is_large()) return {};
    marks.clear();
    marks.reserve(expiries_.size());
    for (const Expiry& expiry : expiries_) {
      const Mark& mark = marks_.at(expiry.key);
      marks.push_back({.mark = {.key = expiry.key, .number = mark.number},
                       .sender = expiry.sender,
                       .expires = mark.expires});
    }
    return log_->begin_anew(marks);
  };
  const Status written = write();
  if (written) return;
  log_warning("what is taken cannot be written down, and is forgotten at the next start",
              {{"reason", written.error().message}});
  log_.reset();
}

Status ReplayStore::keep_in(files::FileSystem& file_system, const std::filesystem::path& path,
                            Instant now) {
  const std::scoped_lock guard(mutex_);
  ASSIGN_OR_RETURN(ReplayLog log,
                   ReplayLog::open(file_system, path, now, [this](const LoggedMark& logged) {
                     if (marks_.size() < limits_.max_marks) {
                       add(logged.mark, logged.sender, logged.expires);
                     }
                   }));
  log_ = std::make_unique<ReplayLog>(std::move(log));
  return {};
}

std::size_t ReplayStore::num_marks() const {
  const std::scoped_lock guard(mutex_);
  return marks_.size();
}

}  // namespace assay::protocol
