/// \file
/// Takes generation jobs on, has made what they ask for, stores it, and tells who asked.

#pragma once

#include "core/bounded_queue.h"
#include "core/clock.h"
#include "core/life_sign.h"
#include "core/random.h"
#include "core/result.h"
#include "images/image.h"
#include "miner/callback_sender.h"
#include "miner/character.h"
#include "miner/image_maker.h"
#include "miner/image_store.h"
#include "protocol/generation_messages.h"
#include "recorder/recorder.h"

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <unordered_map>

namespace assay::miner {

struct JobOrder {
  protocol::GenerationRequest request;
  CallbackAddress callback;
  std::optional<std::int64_t> validator_uid = std::nullopt;
};

struct JobDeskOptions {
  /// Jobs that wait or are made.
  std::size_t max_pending = 64;
  /// Of one validator.
  std::size_t max_of_validator = 16;
  /// Of an image whose order asks for `1K` or nothing; `2K` and `4K` are two and four times as
  /// wide.
  images::ImageSize size = {.width = 1024, .height = 576};
};

/// What one job turned into, since the start.
struct JobCounts {
  std::uint64_t num_taken = 0;
  std::uint64_t num_made = 0;
  std::uint64_t num_failed = 0;
  std::uint64_t num_claimed_falsely = 0;
  std::uint64_t num_untold = 0;  ///< Nobody took the callback.
};

/// One thread makes what is ordered, in order. Every job is in the history before it is taken, and
/// what became of it after.
/// Threads: all calls are safe from any thread.
class JobDesk {
 public:
  /// Lifetime: what is borrowed outlives the desk.
  struct Parts {
    recorder::Recorder& recorder;
    ImageMaker& maker;
    ImageStore& store;
    CallbackSender& callbacks;
    const Clock& clock;
    RandomSource& random;
    std::string hotkey;  ///< The miner's: its images lie below it.
  };
  JobDesk(Parts parts, CharacterOptions character, JobDeskOptions options = {});
  /// As drain() without time.
  ~JobDesk();
  JobDesk(const JobDesk&) = delete;
  JobDesk& operator=(const JobDesk&) = delete;

  /// Take a job on; its name.
  /// Errors: kExhausted (as many wait as may, of this validator), kUnavailable (of all, or the desk
  ///         is closing), and those of the recorder.
  Result<std::string> take(JobOrder order);

  /// Take no more, do what waits for as long as `patience`; what is left then counts as failed.
  void drain(std::chrono::milliseconds patience);

  JobCounts counts() const;
  /// How long its thread has been at the same step of a job: to draw, to store, to tell one; 0
  /// without a job.
  std::chrono::nanoseconds silence() const { return sign_.silence(); }

 private:
  struct Job {
    std::string id;
    JobOrder order;
  };

  void work();
  void run(const Job& job);
  /// The address of the image. Errors: kCancelled (at the end), and those of the maker, the store
  /// and the recorder.
  Result<std::string> make(const Job& job);
  void claim_falsely(const Job& job);
  void report_made(const Job& job, const std::string& uri);
  void report_failure(const Job& job, const Error& failure);
  /// Errors: those of the recorder.
  Status record_failure(const std::string& id, std::string_view type, std::string_view message);
  /// Errors: those of CallbackSender::send().
  Status tell(const Job& job, const protocol::GenerationCallback& callback);
  /// Errors: kUnavailable (as many wait as may), kExhausted (of this validator).
  Status reserve(const keys::Hotkey& validator);
  void release(const keys::Hotkey& validator);
  void count(std::uint64_t JobCounts::* member);
  std::string name_of(const Job& job) const;

  Parts parts_;
  std::string miner_config_;  // of every record: which generator makes the images
  CharacterOptions character_;
  JobDeskOptions options_;
  BoundedQueue<Job> queue_;
  std::stop_source stop_;
  LifeSign sign_;
  mutable std::mutex mutex_;  // guards what follows
  std::condition_variable ended_;
  bool has_ended_ = false;
  std::size_t num_pending_ = 0;
  std::unordered_map<keys::Hotkey, std::size_t> num_of_validator_;
  JobCounts counts_;
  std::jthread worker_;  // last: it uses the rest
};

}  // namespace assay::miner
