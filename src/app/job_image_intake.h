/// \file
/// Images that miners made for generation jobs become images of challenges.

#pragma once

#include "cache/budget.h"
#include "cache/label_judge.h"
#include "cache/store.h"
#include "core/thread_pool.h"
#include "jobs/generation_jobs.h"

#include <filesystem>
#include <stop_token>

namespace assay::app {

/// Under this source they stand in the cache: looked for duplicates, and removed, by it.
inline constexpr std::string_view kJobImageSource = "generation-jobs";

/// Puts sound images into the cache t2i. The label is that of the prompt: whether the image shows
/// what was asked for, nobody looks at without a judge. What is there already, or looks like one of
/// the same source, is passed over.
class JobImageIntake final : public jobs::AcceptedImages {
 public:
  /// The folder is that of all caches, which hold to `budget`. What the judge of `label_check`
  /// doubts goes to the quarantine, or is marked.
  JobImageIntake(std::filesystem::path folder, const cache::Budget& budget,
                 const cache::LabelCheck& label_check, std::stop_token stop);

  /// Errors: as cache::Store, cache::Intake (kExhausted where nothing may go to make room) and
  ///         cache::LabelJudge.
  Status take(const jobs::AcceptedImage& image) override;

 private:
  std::filesystem::path folder_;
  cache::Budget budget_;
  cache::LabelCheck label_check_;
  std::stop_token stop_;
  ThreadPool pool_;
};

}  // namespace assay::app
