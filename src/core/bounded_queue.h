/// \file
/// A queue between threads with room for so many items, so that the fast side waits for the slow.

#pragma once

#include "core/check.h"

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <optional>
#include <stop_token>
#include <utility>

namespace assay {

enum class PushOutcome { kPushed, kFull, kClosed, kStopped };

/// First in, first out. After close() what is queued can still be taken.
/// Threads: all calls are safe from any thread.
template <typename T>
class BoundedQueue {
 public:
  /// Pre: `capacity` > 0.
  explicit BoundedQueue(std::size_t capacity) : capacity_(capacity) {
    CHECK(capacity > 0, "a queue without room for one item");
  }

  /// Add an item, waiting while the queue is full. Unless it was pushed, the item is lost.
  PushOutcome push(T item, const std::stop_token& stop = {}) {
    std::unique_lock lock(mutex_);
    const bool ready =
        can_push_.wait(lock, stop, [&] { return closed_ || items_.size() < capacity_; });
    if (!ready) return PushOutcome::kStopped;
    return add(std::move(item), lock);
  }

  /// Add an item when there is room. Unless it was pushed, `item` is left as it was.
  PushOutcome try_push(T&& item) {
    std::unique_lock lock(mutex_);
    if (!closed_ && items_.size() >= capacity_) return PushOutcome::kFull;
    return add(std::move(item), lock);
  }

  /// Take the oldest item, waiting while there is none. Nothing once the queue is closed and empty,
  /// or when `stop` is asked for while waiting.
  std::optional<T> pop(const std::stop_token& stop = {}) {
    std::unique_lock lock(mutex_);
    can_pop_.wait(lock, stop, [&] { return closed_ || !items_.empty(); });
    return remove(lock);
  }

  /// Take the oldest item if there is one.
  std::optional<T> try_pop() {
    std::unique_lock lock(mutex_);
    return remove(lock);
  }

  /// Refuse further items and wake everybody who waits.
  void close() {
    {
      const std::scoped_lock lock(mutex_);
      closed_ = true;
    }
    can_push_.notify_all();
    can_pop_.notify_all();
  }

  std::size_t size() const {
    const std::scoped_lock lock(mutex_);
    return items_.size();
  }

 private:
  PushOutcome add(T&& item, std::unique_lock<std::mutex>& lock) {
    if (closed_) return PushOutcome::kClosed;
    items_.push_back(std::move(item));
    lock.unlock();
    can_pop_.notify_one();
    return PushOutcome::kPushed;
  }

  std::optional<T> remove(std::unique_lock<std::mutex>& lock) {
    if (items_.empty()) return std::nullopt;
    std::optional<T> item(std::move(items_.front()));
    items_.pop_front();
    lock.unlock();
    can_push_.notify_one();
    return item;
  }

  const std::size_t capacity_;
  mutable std::mutex mutex_;  // guards items_ and closed_
  std::condition_variable_any can_push_;
  std::condition_variable_any can_pop_;
  std::deque<T> items_;
  bool closed_ = false;
};

}  // namespace assay
