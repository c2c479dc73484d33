/// \file
/// The generation jobs of a running validator: sends them, hears the callbacks, checks the images.

#pragma once

#include "core/clock.h"
#include "core/random.h"
#include "core/result.h"
#include "files/file_system.h"
#include "jobs/callback_route.h"
#include "jobs/image_check.h"
#include "jobs/job_counts.h"
#include "jobs/prompts.h"
#include "jobs/send_jobs.h"
#include "keys/sr25519.h"
#include "protocol/scheme.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace assay::jobs {

struct GenerationJobsOptions {
  /// Of the validator; the ledger lies in its kLedgerFolder.
  std::filesystem::path state_folder = {};
  /// From one batch of jobs to the next. The first goes out at once.
  std::chrono::milliseconds interval = std::chrono::minutes(22);
  std::size_t miners_per_batch = 50;
  /// For a miner to say whether it takes a job on.
  std::chrono::milliseconds answer_timeout = std::chrono::seconds(10);
  /// From sending to the callback.
  std::chrono::milliseconds time_to_live = std::chrono::hours(2);
  /// `1K`, `2K` or `4K`; empty: whatever the miner likes.
  std::string resolution = {};
  /// Where callbacks are heard. Port 0: one that is free.
  std::string callback_address = "127.0.0.1";
  std::uint16_t callback_port = 0;
  net::Exposure callback_exposure = net::Exposure::kLoopback;
  /// Where miners reach that, without a path: `http://203.0.113.7:10914`. Empty: the address and
  /// port above.
  std::string callback_origin = {};
  /// Jobs that were sent earlier are forgotten; some 1 KiB of memory each until then.
  std::chrono::hours retention = std::chrono::days(14);
  /// How often a store that does not answer is asked for an image: within some 1.5 hours.
  int max_check_tries = 12;
  ImageCheckOptions check = {};
};

/// An image that was asked for, is there, decodes, and is no other's.
struct AcceptedImage {
  const Job* job = nullptr;
  const ImageCheck* check = nullptr;
  std::span<const std::byte> bytes;
};

/// Takes accepted images, into a cache for instance. The same one may come again after a kill.
/// Threads: called on one thread at a time.
class AcceptedImages {
 public:
  virtual ~AcceptedImages() = default;
  AcceptedImages() = default;
  AcceptedImages(const AcceptedImages&) = delete;
  AcceptedImages& operator=(const AcceptedImages&) = delete;

  /// Errors: any; it is logged, and the image is not offered again.
  virtual Status take(const AcceptedImage& image) = 0;
};

/// Deals different miners for the next batch, at most so many, by whatever is fair. Called on a
/// thread of the service. Errors: any; it is logged, and the batch is left out.
using ChooseMiners = std::function<Result<std::vector<JobMiner>>(std::size_t count)>;

/// Lifetime: all outlive the service.
struct GenerationJobsEnvironment {
  files::FileSystem* file_system = nullptr;
  Clock* clock = nullptr;
  /// Safe from any thread, as system_random() is.
  RandomSource* random = nullptr;
  const keys::KeyPair* signer = nullptr;
  /// How jobs are signed.
  const protocol::Scheme* scheme = nullptr;
  ChooseMiners choose_miners = {};
  PromptSource* prompts = nullptr;
  /// Without a store no claim is checked.
  std::optional<ImagePlace> place = std::nullopt;
  AcceptedImages* accepted = nullptr;  ///< May be null.
};

/// Works on threads of its own from start() to stop(): the caller looks at failure() from time to
/// time. Threads: all calls are safe from any thread.
class GenerationJobs {
 public:
  /// Open the ledger, listen, and begin.
  /// Errors: those of JobLedger::open(), HttpServer::listen() and HttpPool::create();
  /// kInvalidInput
  ///         (an origin that is no http or https address, or has a path).
  static Result<std::unique_ptr<GenerationJobs>> start(
      const GenerationJobsOptions& options, const GenerationJobsEnvironment& environment);
  virtual ~GenerationJobs() = default;  ///< As stop().
  GenerationJobs(const GenerationJobs&) = delete;
  GenerationJobs& operator=(const GenerationJobs&) = delete;

  /// Send no more, hear no more, finish what is being written; within some 5 s. What is open goes
  /// on after the next start. Errors: as failure().
  virtual Status stop() = 0;
  /// Why the service has ended by itself, such as a ledger that cannot be written: the process
  /// should end, too, and be started again. Nothing while it works.
  virtual std::optional<Error> failure() const = 0;
  /// Which of its threads has not gone on for longer than `limit`, in a sentence; empty when none
  /// is stuck. A stuck thread cannot be waited for: the process should end without stop().
  virtual std::string stuck(std::chrono::nanoseconds limit) const = 0;

  virtual std::uint16_t callback_port() const = 0;
  /// Of the jobs sent at or after `since`, as far as they are retained.
  virtual std::vector<MinerJobs> miners(Timestamp since = {}) const = 0;
  virtual JobCounts total(Timestamp since = {}) const = 0;
  virtual CallbackCounts callbacks() const = 0;

 protected:
  GenerationJobs() = default;
};

/// The counts of each miner in the ledger of `state_folder`, of a validator that runs or not.
/// Errors: those of read_jobs(); kNotFound when there never were jobs.
Result<JobCounter> read_job_counts(files::FileSystem& file_system,
                                   const std::filesystem::path& state_folder, Timestamp since = {});

}  // namespace assay::jobs
