#include "cli/label_check_flags_internal.h"
#include "files/file_system.h"

#include <algorithm>
#include <thread>
#include <utility>

namespace assay::cli {

void LabelCheckFlags::add_to(CLI::App& command) {
  CLI::Option* const given =
      add_option(command, "--label-check", model,
                 "A CLIP checkpoint of both towers that looks whether each image shows what its "
                 "label says.")
          ->type_name("FILE");
  add_option(command, "--label-check-minimum", minimum, "How sure it must be of the label, 0 to 1.")
      ->type_name("SHARE")
      ->capture_default_str()
      ->check(real_number(0.0, 1.0))
      ->needs(given);
  add_option(command, "--label-check-prompts", prompts,
             "A CSV with the columns label and prompt: what images of each label are compared "
             "with [built in].")
      ->type_name("FILE")
      ->needs(given);
  command
      .add_flag_callback(
          "--label-check-mark", [this] { doubtful = cache::DoubtfulLabels::kMarked; },
          "Take in those below too; their sidecars say so.")
      ->needs(given);
}

Result<std::unique_ptr<app::ClipLabelJudge>> LabelCheckFlags::open_judge() const {
  if (model.empty()) return std::unique_ptr<app::ClipLabelJudge>();
  files::FileSystem& file_system = files::posix_file_system();
  app::ClipLabelJudgeOptions options{
      .model = model, .num_workers = std::max(1U, std::thread::hardware_concurrency())};
  if (!prompts.empty()) {
    ASSIGN_OR_RETURN(options.prompts, cache::read_label_prompts(file_system, prompts));
  }
  return app::ClipLabelJudge::open(file_system, options);
}

cache::LabelCheck LabelCheckFlags::check(const app::ClipLabelJudge* judge) const {
  return {.judge = judge, .minimum_share = minimum, .doubtful = doubtful};
}

}  // namespace assay::cli
