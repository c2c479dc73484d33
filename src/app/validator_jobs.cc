#include "app/validator_jobs.h"

#include "core/clock.h"
#include "core/log.h"
#include "core/random.h"
#include "files/file_system.h"
#include "storage/credentials.h"

#include <fmt/format.h>

#include <utility>

namespace assay::app {

ValidatorJobs::ValidatorJobs(const ValidatorJobsOptions& options, const keys::KeyPair& signer,
                             std::stop_token stop)
    : options_(options),
      signer_(&signer),
      scheme_(validator::make_scheme(options.protocol)),
      stop_(std::move(stop)) {}

ValidatorJobs::~ValidatorJobs() = default;

Result<std::unique_ptr<ValidatorJobs>> ValidatorJobs::create(const ValidatorJobsOptions& options,
                                                             const keys::KeyPair& signer,
                                                             const std::stop_token& stop) {
  std::unique_ptr<ValidatorJobs> made(new ValidatorJobs(options, signer, stop));
  if (options.store.empty()) return made;
  ASSIGN_OR_RETURN(made->address_, storage::parse_store_address(options.store));
  if (made->address_.kind == storage::StoreKind::kLocal) {
    // The folder itself, there or not yet: what lies beside it is nobody's business.
    made->store_.store = storage::open_local_store(files::posix_file_system(), made->address_.key);
    return made;
  }
  const storage::Credentials credentials =
      storage::resolve_credentials(files::posix_file_system(), storage::process_environment(), {});
  ASSIGN_OR_RETURN(made->store_, storage::open_object_store(files::posix_file_system(),
                                                            options.store, credentials, {}));
  return made;
}

Status ValidatorJobs::between_rounds(const std::shared_ptr<const validator::NetworkView>& view) {
  {
    const std::scoped_lock lock(mutex_);
    view_ = view;
  }
  if (stop_.stop_requested()) {
    if (service_ && !stopper_.joinable()) {
      stopper_ = std::jthread([this] {
        if (const auto ended = service_->stop(); !ended) {
          log_warning("generation jobs", {{"reason", ended.error().message}});
        }
      });
    }
    return {};
  }
  if (service_) {
    if (const auto failure = service_->failure()) return *failure;
    return {};
  }
  jobs::GenerationJobsEnvironment environment{
      .file_system = &files::posix_file_system(),
      .clock = &system_clock(),
      .random = &system_random(),
      .signer = signer_,
      .scheme = scheme_.get(),
      .choose_miners = [this](std::size_t count) { return deal(count); },
      .prompts = &prompts_};
  if (!options_.cache.empty()) {
    intake_ = std::make_unique<JobImageIntake>(options_.cache, options_.budget,
                                               options_.label_check, stop_);
    environment.accepted = intake_.get();
  }
  if (store_.store) environment.place = {.store = store_.store.get(), .address = address_};
  ASSIGN_OR_RETURN(service_, jobs::GenerationJobs::start(options_.service, environment));
  log_info(
      "generation jobs are sent",
      {{"callback_port", fmt::format("{}", service_->callback_port())}, {"store", options_.store}});
  return {};
}

Result<std::vector<jobs::JobMiner>> ValidatorJobs::deal(std::size_t count) {
  const std::scoped_lock lock(mutex_);
  if (!view_ || !view_->own_uid) return unavailable("this hotkey is not registered");
  const auto eligible =
      scoring::available_uids(view_->neurons, *view_->own_uid, options_.validator_stake_limit);
  std::vector<jobs::JobMiner> miners;
  for (const scoring::Uid uid : deck_.deal(count, eligible, system_random())) {
    const validator::MinerAddress address = validator::address_of(*view_, uid);
    miners.push_back(
        {.uid = uid, .hotkey = address.hotkey, .ip = address.ip, .port = address.port});
  }
  return miners;
}

std::string ValidatorJobs::stuck(std::chrono::milliseconds limit) const {
  return service_ ? service_->stuck(limit) : std::string();
}

std::map<std::string, validator::JobCounts, std::less<>> ValidatorJobs::counts() const {
  std::map<std::string, validator::JobCounts, std::less<>> counts;
  if (!service_) return counts;
  for (const jobs::MinerJobs& miner : service_->miners()) {
    const jobs::JobCounts& jobs = miner.counts;
    counts[miner.miner.to_ss58()] = {.num_sent = jobs.sent,
                                     .num_accepted = jobs.accepted,
                                     .num_completed = jobs.completed,
                                     .num_claimed = jobs.claimed,
                                     .num_verified = jobs.verified,
                                     .num_missing = jobs.missing};
  }
  return counts;
}

}  // namespace assay::app
