/// \file
/// The most that any journal can do for callers who share a sync.

#pragma once

#include "core/bytes.h"
#include "core/check.h"
#include "files/file_system.h"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <climits>
#include <cstddef>
#include <cstdint>
#include <string>

namespace assay::bench {

/// So many callers meet; the last to come writes what all of them brought, syncs, and wakes the
/// rest. No queue, no copy, no checksum, no order: what is left is the disk and the sleep and
/// wake-up that a caller who waits for a disk cannot do without. Without a file it is these alone.
class SharedSync {
 public:
  SharedSync(std::size_t num_callers, files::File* file, std::size_t record_size)
      : num_callers_(num_callers), file_(file), written_(num_callers * record_size, 'x') {}

  void call() {
    const std::uint32_t round = round_.load(std::memory_order_acquire);
    if (num_arrived_.fetch_add(1, std::memory_order_acq_rel) + 1 == num_callers_) {
      commit();
      return;
    }
    while (!is_over_ && round_.load(std::memory_order_acquire) == round) {
      ::syscall(SYS_futex, &round_, FUTEX_WAIT_PRIVATE, round, nullptr, nullptr, 0);
    }
  }

  /// One of them will not come again: nobody waits any more.
  void end() {
    is_over_ = true;
    wake_all();
  }

  std::uint64_t num_syncs() const { return num_syncs_; }

 private:
  void commit() {
    if (file_ != nullptr) {
      CHECK(file_->append(as_bytes(written_)).has_value(), "there is space");
      CHECK(file_->sync().has_value(), "the disk works");
      ++num_syncs_;
    }
    num_arrived_.store(0, std::memory_order_release);
    wake_all();
  }
  void wake_all() {
    round_.fetch_add(1, std::memory_order_release);
    ::syscall(SYS_futex, &round_, FUTEX_WAKE_PRIVATE, INT_MAX, nullptr, nullptr, 0);
  }

  std::size_t num_callers_;
  files::File* file_;
  std::string written_;
  std::atomic<std::size_t> num_arrived_ = 0;
  std::atomic<std::uint32_t> round_ = 0;
  std::atomic<bool> is_over_ = false;
  std::atomic<std::uint64_t> num_syncs_ = 0;
};

}  // namespace assay::bench
