/// \file
/// Generation jobs beside a validator's rounds.

#pragma once

#include "app/job_image_intake.h"
#include "core/result.h"
#include "jobs/generation_jobs.h"
#include "keys/sr25519.h"
#include "scoring/deck.h"
#include "storage/open_store.h"
#include "validator/generation_jobs.h"
#include "validator/http_courier.h"

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

namespace assay::app {

struct ValidatorJobsOptions {
  jobs::GenerationJobsOptions service = {};
  /// Where miners are to put their images: a folder, `s3://` or `gs://`. Empty: no claim is
  /// checked.
  std::string store = {};
  /// Sound images go into the cache t2i of this folder; empty: they are only checked.
  std::filesystem::path cache = {};
  /// What the caches of that folder may hold.
  cache::Budget budget = {};
  /// Its judge, if there is one, outlives the service.
  cache::LabelCheck label_check = {};
  validator::WireProtocol protocol = validator::WireProtocol::kBtauth;
  double validator_stake_limit = scoring::kValidatorStakeLimit;
};

/// Adapts the service of `jobs` to what the validator asks for: it starts with the first view of
/// the network, deals its miners from a deck of its own, and ends while the last replies of the
/// rounds are awaited.
class ValidatorJobs final : public validator::GenerationJobs {
 public:
  /// Lifetime: `signer` outlives it. Errors: those of opening the store.
  static Result<std::unique_ptr<ValidatorJobs>> create(const ValidatorJobsOptions& options,
                                                       const keys::KeyPair& signer,
                                                       const std::stop_token& stop);
  ~ValidatorJobs() override;

  /// Errors: those of jobs::GenerationJobs::start() and failure().
  Status between_rounds(const std::shared_ptr<const validator::NetworkView>& view) override;
  std::string stuck(std::chrono::milliseconds limit) const override;
  std::map<std::string, validator::JobCounts, std::less<>> counts() const override;

 private:
  ValidatorJobs(const ValidatorJobsOptions& options, const keys::KeyPair& signer,
                std::stop_token stop);
  /// Errors: kUnavailable (this hotkey is not registered, as far as is known).
  Result<std::vector<jobs::JobMiner>> deal(std::size_t count);

  ValidatorJobsOptions options_;
  const keys::KeyPair* signer_;
  std::unique_ptr<protocol::Scheme> scheme_;
  storage::OpenedStore store_;
  storage::StoreAddress address_;
  jobs::TemplatePrompts prompts_;
  std::mutex mutex_;  // guards view_ and deck_
  std::shared_ptr<const validator::NetworkView> view_;
  scoring::Deck deck_;
  std::stop_token stop_;
  std::unique_ptr<JobImageIntake> intake_;
  std::unique_ptr<jobs::GenerationJobs> service_;  // after all that deal() uses
  std::jthread stopper_;
};

}  // namespace assay::app
