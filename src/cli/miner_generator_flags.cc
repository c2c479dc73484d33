#include "app/job_image_maker.h"
#include "cli/cache_generator_flags_internal.h"
#include "cli/miner_generator_flags_internal.h"
#include "cli/option_check_internal.h"
#include "core/parse_number.h"

namespace assay::cli {
namespace {

constexpr std::int64_t kMaxJobSteps = 1000;

}  // namespace

void MinerGeneratorFlags::add_to(CLI::App& command) {
  add_option(command, "--generator", generator,
             "Who makes what is ordered: scene, which draws roads; http:URL, a service that holds "
             "a model; openvino:FOLDER, a diffusion model on this machine.")
      ->type_name("GENERATOR")
      ->capture_default_str()
      ->check([](const std::string& text) { return problem_of(app::parse_job_generator(text)); });
  add_option(command, "--generator-api", api,
             "For http: openai (/v1/images) or a1111 (/sdapi/v1, the web UI of that name).")
      ->type_name("NAME")
      ->capture_default_str()
      ->check(
          [](const std::string& text) { return problem_of(generators::parse_image_api(text)); });
  add_option(command, "--generator-model", model,
             "For http: what the service calls the model [what it takes by itself].")
      ->type_name("NAME");
  add_option(command, "--generator-key-file", key_file,
             "For http: a file with the key, for a1111 user:password [ASSAY_IMAGE_API_KEY, or "
             "none].")
      ->type_name("FILE");
  add_option(command, "--generator-steps", steps,
             "Of a diffusion by a1111 or openvino [what the service or the model's kind takes].")
      ->type_name("N")
      ->check(whole_number(std::int64_t{1}, kMaxJobSteps));
  add_option(command, "--generator-size", size,
             "Of images that are ordered as 1K or without a word [1024x576]; for openvino of all "
             "[512x512].")
      ->type_name("WIDTHxHEIGHT")
      ->check([](const std::string& text) { return problem_of(parse_image_size(text)); });
  add_option(command, "--generator-deadline", deadline, "For http: for one image, with all tries.")
      ->type_name("TIME")
      ->capture_default_str()
      ->check([](const std::string& text) { return problem_of(parse_duration(text)); });
}

Result<app::GeneratorChoices> MinerGeneratorFlags::choices() const {
  ASSIGN_OR_RETURN(app::GeneratorChoices choices, app::parse_job_generator(generator));
  ASSIGN_OR_RETURN(choices.api, generators::parse_image_api(api));
  const bool is_service = choices.provider == app::ImageProvider::kHttp;
  if (!is_service && (!model.empty() || !key_file.empty())) {
    return invalid_input(
        "--generator-model and --generator-key-file are for --generator http:URL; leave them out");
  }
  const bool is_openai = is_service && choices.api == generators::ImageApi::kOpenAi;
  if (steps && (is_openai || choices.provider == app::ImageProvider::kScene)) {
    return invalid_input(
        "--generator-steps is for --generator openvino:FOLDER and --generator-api a1111; leave it "
        "out");
  }
  choices.service.model = model;
  choices.service.key_file = key_file;
  ASSIGN_OR_RETURN(choices.service.deadline, parse_duration(deadline));
  choices.settings.steps = steps;
  choices.size = choices.provider == app::ImageProvider::kModel
                     ? images::ImageSize{.width = 512, .height = 512}
                     : images::ImageSize{.width = 1024, .height = 576};
  if (!size.empty()) {
    ASSIGN_OR_RETURN(choices.size, parse_image_size(size));
  }
  return choices;
}

}  // namespace assay::cli
