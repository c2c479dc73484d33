#include "app/job_image_intake.h"

#include "cache/intake.h"
#include "core/clock.h"
#include "core/log.h"
#include "core/random.h"
#include "files/file_system.h"

#include <fmt/format.h>

#include <span>
#include <utility>

namespace assay::app {
namespace {

cache::Arrival arrival_of(const jobs::AcceptedImage& image) {
  const jobs::Job& job = *image.job;
  const bool has_works = job.label == jobs::PromptLabel::kRoadwork;
  const std::string name = "job-" + job.id.to_text();
  return {.bytes = std::string(as_text(image.bytes)),
          .origin = name,
          .draft = {.label = has_works ? cache::Label::kRoadwork : cache::Label::kNone,
                    // With roadwork alone: else the label and its description disagree.
                    .description = has_works ? job.prompt : "",
                    .source = std::string(kJobImageSource),
                    .original_name = name,
                    .imported = system_clock().now(),
                    .generation = cache::GenerationOrigin{.generator = std::string(kJobImageSource),
                                                          .model_name = job.miner.to_ss58(),
                                                          .prompt = job.prompt}}};
}

}  // namespace

JobImageIntake::JobImageIntake(std::filesystem::path folder, const cache::Budget& budget,
                               const cache::LabelCheck& label_check, std::stop_token stop)
    : folder_(std::move(folder)),
      budget_(budget),
      label_check_(label_check),
      stop_(std::move(stop)),
      pool_({.num_threads = 1}) {}

Status JobImageIntake::take(const jobs::AcceptedImage& image) {
  // Opened for each: there are some dozens an hour, and whoever makes the index anew meanwhile is
  // no concern of ours.
  ASSIGN_OR_RETURN(const auto store,
                   cache::Store::open({.file_system = files::posix_file_system(),
                                       .clock = system_clock(),
                                       .random = system_random(),
                                       .pool = pool_},
                                      cache::CacheLayout(folder_), {.budget = budget_}, stop_));
  const cache::ImportOptions options{.cache = cache::CacheKind::kTextToImage,
                                     .source = std::string(kJobImageSource)};
  cache::Arrival arrival = arrival_of(image);
  RETURN_IF_ERROR(cache::look_at(arrival, store->options().limits, label_check_));
  cache::Intake intake(*store, options);
  RETURN_IF_ERROR(intake.take_in(std::span(&arrival, 1), stop_));
  const std::string outcome(cache::to_string(arrival.outcome));
  log_info("an image of a generation job",
           {{"job", image.job->id.to_text()},
            {"cache", arrival.reason.empty() ? outcome : outcome + ": " + arrival.reason}});
  return {};
}

}  // namespace assay::app
