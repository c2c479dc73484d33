#include "miner/job_desk.h"

#include "core/log.h"
#include "crypto/digest.h"
#include "images/encode.h"
#include "json/writer.h"

#include <fmt/format.h>

#include <cstring>
#include <utility>
#include <vector>

namespace assay::miner {
namespace {

constexpr std::string_view kTaskType = "TEXT-TO-IMAGE";

double seconds_of(std::chrono::nanoseconds span) {
  return std::chrono::duration<double>(span).count();
}

images::ImageSize size_of(std::string_view resolution, images::ImageSize base) {
  std::uint32_t factor = 1;
  if (resolution == "2K") factor = 2;
  if (resolution == "4K") factor = 4;
  return {.width = base.width * factor, .height = base.height * factor};
}

/// So that a job repeated under another name is another picture.
std::uint64_t seed_of(std::string_view prompt, std::string_view id) {
  crypto::Sha256Hasher hasher;
  hasher.update(prompt);
  hasher.update(id);
  const Sha256 digest = hasher.finish();
  std::uint64_t seed = 0;
  std::memcpy(&seed, digest.bytes().data(), sizeof seed);
  return seed >> 1;  // a signed number too: what readers of JSON hold
}

std::string config_json(const ImageMaker& maker) {
  json::Writer writer;
  return writer.begin_object().name("generator").text(maker.name()).end_object().take();
}

std::string output_json(std::string_view uri, std::uint64_t seed, images::ImageSize size,
                        std::span<const std::byte> png) {
  json::Writer writer;
  writer.begin_object();
  writer.name("image_uri").text(uri);
  writer.name("image_hash").text("sha256:" + crypto::sha256(png).to_hex());
  writer.name("seed").unsigned_integer(seed);
  writer.name("width").unsigned_integer(size.width).name("height").unsigned_integer(size.height);
  writer.name("file_size_mb").number(static_cast<double>(png.size()) / 1e6);
  return writer.end_object().take();
}

}  // namespace

JobDesk::JobDesk(Parts parts, CharacterOptions character, JobDeskOptions options)
    : parts_(std::move(parts)),
      miner_config_(config_json(parts_.maker)),
      character_(std::move(character)),
      options_(options),
      queue_(options.max_pending),
      sign_(parts_.clock),
      worker_([this] { work(); }) {}

JobDesk::~JobDesk() { drain(std::chrono::milliseconds(0)); }

Status JobDesk::reserve(const keys::Hotkey& validator) {
  const std::scoped_lock guard(mutex_);
  if (num_pending_ >= options_.max_pending) return unavailable("too many jobs wait");
  const auto count = num_of_validator_.find(validator);
  if (count != num_of_validator_.end() && count->second >= options_.max_of_validator) {
    return exhausted("too many jobs of this validator wait");
  }
  ++num_pending_;
  ++num_of_validator_[validator];
  return {};
}

void JobDesk::release(const keys::Hotkey& validator) {
  const std::scoped_lock guard(mutex_);
  --num_pending_;
  const auto count = num_of_validator_.find(validator);
  if (--count->second == 0) num_of_validator_.erase(count);
}

void JobDesk::count(std::uint64_t JobCounts::* member) {
  const std::scoped_lock guard(mutex_);
  ++(counts_.*member);
}

JobCounts JobDesk::counts() const {
  const std::scoped_lock guard(mutex_);
  return counts_;
}

Result<std::string> JobDesk::take(JobOrder order) {
  const keys::Hotkey validator = order.callback.validator;
  RETURN_IF_ERROR(reserve(validator));
  // In the history first: what is taken on is never forgotten.
  const auto receipt = parts_.recorder.start({.generation_id = {},
                                              .task_type = std::string(kTaskType),
                                              .prompt = order.request.prompt,
                                              .validator_uid = order.validator_uid,
                                              .validator_hotkey = validator.to_ss58(),
                                              .miner_config = miner_config_});
  if (!receipt) {
    release(validator);
    return Error(receipt.error());
  }
  std::string id = receipt->generation_id;
  if (queue_.try_push(Job{.id = id, .order = std::move(order)}) != PushOutcome::kPushed) {
    release(validator);
    RETURN_IF_ERROR(record_failure(id, "stopped", "the miner was being stopped"));
    return unavailable("the miner is being stopped");
  }
  count(&JobCounts::num_taken);
  return id;
}

void JobDesk::drain(std::chrono::milliseconds patience) {
  queue_.close();
  std::unique_lock lock(mutex_);
  if (!ended_.wait_for(lock, patience, [this] { return has_ended_; })) stop_.request_stop();
  ended_.wait(lock, [this] { return has_ended_; });
}

void JobDesk::work() {
  while (const auto job = queue_.pop()) {
    sign_.add_work(1);
    run(*job);
    sign_.add_work(-1);
    release(job->order.callback.validator);
  }
  const std::scoped_lock guard(mutex_);
  has_ended_ = true;
  ended_.notify_all();
}

void JobDesk::run(const Job& job) {
  if (character_.character == Character::kFalseClaiming) {
    claim_falsely(job);
    return;
  }
  const auto uri = make(job);
  uri ? report_made(job, *uri) : report_failure(job, uri.error());
}

std::string JobDesk::name_of(const Job& job) const {
  return fmt::format("{}/{}.png", parts_.hotkey, job.id);
}

Result<std::string> JobDesk::make(const Job& job) {
  if (stop_.stop_requested()) return cancelled("the miner was stopped before the job's turn");
  const auto start = parts_.clock.monotonic();
  const protocol::GenerationRequest& request = job.order.request;
  const std::uint64_t seed = seed_of(request.prompt, job.id);
  ASSIGN_OR_RETURN(const images::Image image,
                   parts_.maker.make({.prompt = request.prompt,
                                      .seed = seed,
                                      .size = size_of(request.resolution, options_.size)},
                                     stop_.get_token()));
  const auto drawn = parts_.clock.monotonic();
  sign_.give();
  ASSIGN_OR_RETURN(const auto png, images::encode_png(image));
  const auto encoded = parts_.clock.monotonic();
  const std::string name = name_of(job);
  std::string uri = parts_.store.uri_of(name);
  RETURN_IF_ERROR(parts_.store.put(name, png));
  const auto stored = parts_.clock.monotonic();
  sign_.give();
  json::Writer timing;
  timing.begin_object();
  timing.name("draw_time").number(seconds_of(drawn - start));
  timing.name("encode_time").number(seconds_of(encoded - drawn));
  timing.name("store_time").number(seconds_of(stored - encoded));
  timing.name("total_time").number(seconds_of(stored - start));
  RETURN_IF_ERROR(parts_.recorder.log_timing(job.id, timing.end_object().take()));
  RETURN_IF_ERROR(parts_.recorder.log_output(
      job.id, {.output = output_json(uri, seed, image.size(), png), .ply = {}, .ply_file = {}}));
  return uri;
}

Status JobDesk::tell(const Job& job, const protocol::GenerationCallback& callback) {
  const int num_times = character_.character == Character::kFlooding ? character_.num_callbacks : 1;
  sign_.give();
  Status told = parts_.callbacks.send(callback, job.order.callback, stop_.get_token());
  // Whoever floods does not wait for what comes back of it.
  for (int i = 1; i < num_times && !stop_.stop_requested(); ++i) {
    sign_.give();
    const Status again = parts_.callbacks.send(callback, job.order.callback, stop_.get_token());
    if (!again && again.error().code == ErrorCode::kUnavailable) break;
  }
  if (!told) {
    count(&JobCounts::num_untold);
    log_warning("a callback was not taken", {{"job", job.id}, {"why", told.error().message}});
  }
  return told;
}

void JobDesk::report_made(const Job& job, const std::string& uri) {
  count(&JobCounts::num_made);
  const Status told = tell(job, {.task_id = job.id,
                                 .outcome = protocol::JobOutcome::kCompleted,
                                 .has_image = true,
                                 .image_uri = uri});
  const auto rejection = told ? std::nullopt : std::optional(told.error().message);
  Status recorded;
  if (const auto logged = parts_.recorder.log_submission(job.id, rejection); !logged) {
    recorded = Error(logged.error());
  } else if (const auto finished = parts_.recorder.finish(job.id); !finished) {
    recorded = Error(finished.error());
  }
  if (!recorded) log_error("a job is not in the history", {{"why", recorded.error().message}});
}

void JobDesk::report_failure(const Job& job, const Error& failure) {
  count(&JobCounts::num_failed);
  if (const Status recorded = record_failure(job.id, to_string(failure.code), failure.message);
      !recorded) {
    log_error("a job is not in the history", {{"why", recorded.error().message}});
  }
  // Its words are not for the asker: they may name folders.
  if (failure.code == ErrorCode::kCancelled) return;
  const Status told =
      tell(job, {.task_id = job.id, .reason = std::string(to_string(failure.code))});
}

// Its own history says what it did.
void JobDesk::claim_falsely(const Job& job) {
  count(&JobCounts::num_claimed_falsely);
  if (const Status recorded = record_failure(job.id, "false_claim",
                                             "no image was made: this character claims one all the "
                                             "same");
      !recorded) {
    log_error("a job is not in the history", {{"why", recorded.error().message}});
  }
  const Status told = tell(job, {.task_id = job.id,
                                 .outcome = protocol::JobOutcome::kCompleted,
                                 .has_image = true,
                                 .image_uri = parts_.store.uri_of(name_of(job))});
}

Status JobDesk::record_failure(const std::string& id, std::string_view type,
                               std::string_view message) {
  RETURN_IF_ERROR(parts_.recorder.log_failure(id, {.error_type = std::string(type),
                                                   .error_message = std::string(message),
                                                   .stack_trace = std::nullopt}));
  RETURN_IF_ERROR(parts_.recorder.finish(id));
  return {};
}

}  // namespace assay::miner
