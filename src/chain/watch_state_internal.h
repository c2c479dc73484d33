/// \file
/// What a watched network knows: copies, their ages, what is due, and what is wrong.

#pragma once

#include "chain/watched_network.h"
#include "core/clock.h"
#include "core/random.h"

#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace assay::chain {

/// Threads: all calls are safe from any thread.
class WatchState {
 public:
  WatchState(const WatchOptions& options, const Clock& clock, RandomSource& random);

  void keep(const Metagraph& metagraph);
  void keep(const Hyperparameters& rules);
  void note_block(BlockNumber block);
  /// Both copies were read, or not: when the next try is due follows from it.
  void note_refreshed();
  void note_failure(const Error& error);

  bool is_refresh_due() const;
  /// Whether the newest block is to be asked for; the next time is then after `block_interval`.
  bool take_block_turn();

  Aged<Metagraph> metagraph() const;
  Aged<Hyperparameters> rules() const;
  std::optional<BlockNumber> block() const;
  std::chrono::milliseconds block_age() const;
  std::vector<Alarm> alarms(std::optional<std::chrono::nanoseconds> overdue) const;

 private:
  template <typename T>
  struct Copy {
    std::shared_ptr<const T> value = nullptr;
    std::chrono::nanoseconds read_at{};
  };
  template <typename T>
  Aged<T> aged(const Copy<T>& copy) const;
  std::chrono::milliseconds since(std::chrono::nanoseconds then) const;
  std::chrono::nanoseconds jittered(std::chrono::milliseconds wait);
  std::string last_error_text() const;

  const WatchOptions options_;
  const Clock& clock_;
  mutable std::mutex mutex_;  // guards what follows
  RandomSource& random_;
  const std::chrono::nanoseconds started_at_;
  Copy<Metagraph> metagraph_;
  Copy<Hyperparameters> rules_;
  std::optional<BlockNumber> block_;
  std::chrono::nanoseconds block_rose_at_;
  std::chrono::nanoseconds refresh_due_at_;
  std::chrono::nanoseconds block_due_at_;
  std::chrono::milliseconds retry_wait_;
  std::string last_error_;
};

}  // namespace assay::chain
