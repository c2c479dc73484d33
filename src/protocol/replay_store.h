/// \file
/// Which requests were taken already, for as long as their signed time would let them in again.

#pragma once

#include "core/result.h"
#include "files/file_system.h"
#include "keys/ss58.h"
#include "protocol/scheme.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <memory>
#include <mutex>
#include <unordered_map>

namespace assay::protocol {

class ReplayLog;

struct ReplayLimits {
  /// Some 150 bytes each.
  std::size_t max_marks = std::size_t{1} << 19;
  /// No sender can fill the store alone: this is 18 seconds of 1,800 requests a second.
  std::size_t max_marks_per_sender = std::size_t{1} << 16;
};

enum class ReplayAnswer {
  kNew,
  kSeen,
  kSenderFull,  ///< Nothing was remembered: to forget an older request would let it in again.
  kFull,
};

/// Bounded in size and time. Without a file nothing outlives the process: for some seconds after a
/// start, what was taken before it could be repeated once.
/// Threads: all calls are safe from any thread.
class ReplayStore {
 public:
  explicit ReplayStore(ReplayLimits limits = {});
  ReplayStore(const ReplayStore&) = delete;
  ReplayStore& operator=(const ReplayStore&) = delete;
  ~ReplayStore();

  /// Take up what this file says was taken before, and write down there what is taken from now on.
  /// A file that cannot be written later is told once by a warning, and done without.
  /// Errors: kDenied, kNoSpace, kUnavailable (also when another process keeps it). Lifetime:
  ///         `file_system` outlives this. Pre: called once, before the first remember().
  Status keep_in(files::FileSystem& file_system, const std::filesystem::path& path, Instant now);

  /// Remember all marks of a request, or none; only requests whose signature holds and whose sender
  /// is welcome are worth it.
  ReplayAnswer remember(const Authentic& request, Instant now);

  std::size_t num_marks() const;

 private:
  struct KeyHash {
    std::size_t operator()(const std::array<std::byte, 16>& key) const noexcept;
  };
  struct Mark {
    std::uint64_t number = 0;
    Instant expires;
  };
  struct Expiry {
    Instant at;
    std::array<std::byte, 16> key;
    keys::Hotkey sender;
  };

  void forget_expired(Instant now);
  void add(const ReplayMark& mark, const keys::Hotkey& sender, Instant expires);
  void write_down(const Authentic& request);

  const ReplayLimits limits_;
  mutable std::mutex mutex_;  // guards what follows
  std::unordered_map<std::array<std::byte, 16>, Mark, KeyHash> marks_;
  std::unordered_map<keys::Hotkey, std::size_t> num_of_sender_;
  std::deque<Expiry> expiries_;
  std::unique_ptr<ReplayLog> log_;  // null: nothing is written down
};

}  // namespace assay::protocol
