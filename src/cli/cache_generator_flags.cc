#include "cli/cache_generator_flags_internal.h"
#include "cli/option_check_internal.h"
#include "core/parse_number.h"
#include "images/scene.h"

#include <fmt/format.h>

namespace assay::cli {
namespace {

constexpr std::int64_t kMaxSteps = 1000;
constexpr std::uint32_t kMaxSide = 4096;
constexpr double kMaxGuidance = 100;
constexpr double kLeastStrength = 0.01;

std::string check_provider(const std::string& text) {
  return text == "scene" || text == "http" || text == "openvino"
             ? ""
             : "no provider is called '" + text + "'; there are scene, http and openvino";
}

std::string check_prompts(const std::string& text) {
  return text == "template" || text == "http"
             ? ""
             : "nobody writes prompts by the name '" + text + "'; there are template and http";
}

void add_model_options(CacheGeneratorFlags& flags, CLI::App& command) {
  add_option(command, "--steps", flags.settings.steps,
             "Of a diffusion [what the service or the model's kind takes].")
      ->type_name("N")
      ->check(whole_number(std::int64_t{1}, kMaxSteps));
  add_option(command, "--guidance", flags.settings.guidance,
             "How much the prompt weighs [as --steps].")
      ->type_name("X")
      ->check(real_number(0, kMaxGuidance));
  add_option(command, "--strength", flags.settings.strength,
             "For i2i: how much is made anew, 0.01 to 1 [as --steps].")
      ->type_name("X")
      ->check(real_number(kLeastStrength, 1));
  add_option(
      command, "--scheduler", flags.settings.scheduler,
      "The sampler, by the service's name of it; for openvino ddim, euler, euler-ancestral or "
      "lcm [what the model's files name].")
      ->type_name("NAME");
  add_option(command, "--negative-prompt", flags.settings.negative_prompt,
             "What the image should not be like.")
      ->type_name("TEXT");
  add_option(command, "--device", flags.device, "For openvino: CPU, GPU, GPU.1 ...")
      ->type_name("NAME")
      ->capture_default_str();
  add_option(command, "--precision", flags.precision, "For openvino: auto, fp32 or bf16.")
      ->type_name("NAME")
      ->capture_default_str()
      ->check([](const std::string& text) { return problem_of(models::parse_precision(text)); });
}

}  // namespace

Result<images::ImageSize> parse_image_size(std::string_view text) {
  const std::size_t cross = text.find('x');
  if (cross != std::string_view::npos) {
    const auto width = parse_integer(text.substr(0, cross));
    const auto height = parse_integer(text.substr(cross + 1));
    const auto is_side = [](const auto& side) {
      return side && *side >= images::kMinSceneSide && *side <= kMaxSide;
    };
    if (is_side(width) && is_side(height)) {
      return images::ImageSize{.width = static_cast<std::uint32_t>(*width),
                               .height = static_cast<std::uint32_t>(*height)};
    }
  }
  return invalid_input(fmt::format("expected a size like 1024x576, of {} to {} pixels a side: {}",
                                   images::kMinSceneSide, kMaxSide, text));
}

void CacheGeneratorFlags::add_to(CLI::App& command) {
  add_option(
      command, "--provider", provider,
      "Who makes them: scene, which draws roads with and without works; http, a service that "
      "holds a model; openvino, a diffusion model on this machine.")
      ->type_name("NAME")
      ->capture_default_str()
      ->check(check_provider);
  add_option(command, "--endpoint", service.endpoint, "For http: the address of the service.")
      ->type_name("URL");
  add_option(command, "--api", api,
             "For http: openai (/v1/images) or a1111 (/sdapi/v1, the web UI of that name).")
      ->type_name("NAME")
      ->capture_default_str()
      ->check(
          [](const std::string& text) { return problem_of(generators::parse_image_api(text)); });
  add_option(command, "--model", service.model,
             "For http: what the service calls the model [what it takes by itself]; for openvino: "
             "its folder.")
      ->type_name("NAME");
  add_option(command, "--api-key-file", service.key_file,
             "A file with the key, for a1111 user:password [ASSAY_IMAGE_API_KEY, or none].")
      ->type_name("FILE");
  add_option(command, "--deadline", deadline, "For one image, with all tries.")
      ->type_name("TIME")
      ->capture_default_str()
      ->check([](const std::string& text) { return problem_of(parse_duration(text)); });
  add_model_options(*this, command);
  add_option(command, "--prompts", prompts,
             "Who writes the prompts: template, a vocabulary, or http, a chat that looks at a "
             "photo of the cache.")
      ->type_name("NAME")
      ->capture_default_str()
      ->check(check_prompts);
  add_option(command, "--prompt-endpoint", chat.endpoint,
             "For prompts by http: the address of a service with /v1/chat/completions.")
      ->type_name("URL");
  add_option(command, "--prompt-model", chat.model, "For prompts by http: its model.")
      ->type_name("NAME");
  add_option(command, "--prompt-api-key-file", chat.key_file,
             "A file with its key [ASSAY_PROMPT_API_KEY, or none].")
      ->type_name("FILE");
}

Result<app::GeneratorChoices> CacheGeneratorFlags::choices() const {
  app::GeneratorChoices choices{.service = service, .settings = settings, .chat = chat};
  ASSIGN_OR_RETURN(choices.api, generators::parse_image_api(api));
  ASSIGN_OR_RETURN(choices.service.deadline, parse_duration(deadline));
  choices.chat.deadline = choices.service.deadline;
  if (provider == "http") choices.provider = app::ImageProvider::kHttp;
  if (prompts == "http") choices.prompts = app::PromptChoice::kHttp;
  if (provider == "openvino") {
    choices.provider = app::ImageProvider::kModel;
    choices.model_folder = service.model;
    choices.device = device;
    ASSIGN_OR_RETURN(choices.precision, models::parse_precision(precision));
  }
  const bool has_service = !service.endpoint.empty() || !service.key_file.empty();
  if (choices.provider != app::ImageProvider::kHttp && has_service) {
    return invalid_input("only --provider http asks a service; add it, or leave out --endpoint");
  }
  const bool has_model = !service.model.empty() || prompts == "http";
  if (choices.provider == app::ImageProvider::kScene && has_model) {
    return invalid_input(
        "scenes are drawn here, without a model or prompts; add --provider http or openvino");
  }
  return choices;
}

}  // namespace assay::cli
