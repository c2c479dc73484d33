#include "app/image_generator.h"

#include "cache/scene_generator.h"
#include "core/clock.h"
#include "core/random.h"
#include "files/atomic_file.h"
#include "files/file_system.h"
#include "generators/chat_prompts.h"
#include "generators/model_generator.h"
#include "generators/service.h"
#include "generators/template_prompts.h"
#include "net/url.h"

#include <fmt/format.h>

#include <cstdlib>
#include <string_view>
#include <utility>

namespace assay::app {
namespace {

constexpr ByteCount kMaxKeySize{4096};
/// A service makes an image in some seconds: what was paid for is kept soon.
constexpr std::size_t kServiceBatchSize = 4;

/// What differs between the two services.
struct ServiceNames {
  std::string_view endpoint_flag;
  std::string_view key_flag;
  const char* key_variable;
};
constexpr ServiceNames kChatNames{.endpoint_flag = "--prompt-endpoint",
                                  .key_flag = "--prompt-api-key-file",
                                  .key_variable = "ASSAY_PROMPT_API_KEY"};

crypto::Secret key_of(std::string text) {
  while (!text.empty() && std::string_view(" \t\r\n").contains(text.back())) text.pop_back();
  return crypto::Secret(std::move(text));
}

/// Errors: as open_generator().
Result<crypto::Secret> find_key(const std::string& file, const ServiceNames& names) {
  if (file.empty()) {
    const char* const value = std::getenv(names.key_variable);
    return value == nullptr ? crypto::Secret() : key_of(value);
  }
  auto text = files::read_file(files::posix_file_system(), file, kMaxKeySize);
  if (text) return key_of(std::move(*text));
  if (text.error().code == ErrorCode::kNotFound) {
    return missing(fmt::format("{} {}: there is no such file", names.key_flag, file));
  }
  return std::move(text.error()).within(names.key_flag);
}

Result<generators::Service> open_service(net::HttpTransport& transport,
                                         const ServiceChoices& choices, const ServiceNames& names,
                                         generators::KeyForm form) {
  if (choices.endpoint.empty()) {
    return invalid_input(
        fmt::format("{} is missing: the address of the service, such as http://127.0.0.1:7860",
                    names.endpoint_flag));
  }
  ASSIGN_OR_RETURN(net::Url endpoint,
                   with_context(net::Url::parse(choices.endpoint), names.endpoint_flag));
  ASSIGN_OR_RETURN(crypto::Secret key, find_key(choices.key_file, names));
  return with_context(
      generators::Service::create(
          {.transport = transport, .clock = system_clock(), .random = system_random()},
          {.endpoint = std::move(endpoint),
           .key = std::move(key),
           .key_form = form,
           .deadline = choices.deadline}),
      names.endpoint_flag);
}

/// Errors: kInvalidInput.
Status check_settings(const GeneratorChoices& choices) {
  const cache::GenerationSettings& settings = choices.settings;
  const bool has_any = settings != cache::GenerationSettings();
  if (choices.provider == ImageProvider::kScene && has_any) {
    return invalid_input(
        "scenes are drawn without steps, guidance, strength, scheduler and negative prompt; choose "
        "another --provider");
  }
  if (choices.provider == ImageProvider::kHttp && choices.api == generators::ImageApi::kOpenAi &&
      has_any) {
    return invalid_input(
        "the API of OpenAI has no steps, guidance, strength, scheduler and negative prompt; leave "
        "them out, or choose --api a1111");
  }
  return {};
}

Status open_prompts(const GeneratorChoices& choices, OpenedGenerator& opened) {
  if (choices.prompts == PromptChoice::kTemplate) {
    opened.prompts = std::make_unique<generators::TemplatePrompts>();
    return {};
  }
  if (choices.chat.model.empty()) {
    return invalid_input("--prompt-model is missing: what the service calls its chat model");
  }
  ASSIGN_OR_RETURN(
      generators::Service service,
      open_service(*opened.transport, choices.chat, kChatNames, generators::KeyForm::kBearer));
  opened.prompts =
      std::make_unique<generators::ChatPrompts>(std::move(service), choices.chat.model);
  return {};
}

Result<std::unique_ptr<cache::ImageGenerator>> open_model_generator(
    const GeneratorChoices& choices, const cache::PromptProvider& prompts) {
  if (choices.model_folder.empty()) {
    return invalid_input(
        "--model is missing: the folder of a diffusion model, with model_index.json in it");
  }
  ASSIGN_OR_RETURN(const auto index,
                   files::posix_file_system().info(std::filesystem::path(choices.model_folder) /
                                                   "model_index.json"));
  if (!index) {
    return missing(fmt::format(
        "{0}: no diffusion model is there (no model_index.json); fetch one, such as assay "
        "models fetch OpenVINO/LCM_Dreamshaper_v7-fp16-ov --to {0}",
        choices.model_folder));
  }
  ASSIGN_OR_RETURN(auto generator, generators::ModelGenerator::open(files::posix_file_system(),
                                                                    {.folder = choices.model_folder,
                                                                     .device = choices.device,
                                                                     .precision = choices.precision,
                                                                     .size = choices.size,
                                                                     .settings = choices.settings},
                                                                    prompts));
  return std::unique_ptr<cache::ImageGenerator>(std::move(generator));
}

}  // namespace

Result<OpenedGenerator> open_generator(const GeneratorChoices& choices) {
  RETURN_IF_ERROR(check_settings(choices));
  OpenedGenerator opened;
  if (choices.provider == ImageProvider::kScene) {
    opened.generator = std::make_unique<cache::SceneGenerator>();
    return opened;
  }
  opened.transport = net::make_http_transport(net::HttpOptions::from_environment());
  RETURN_IF_ERROR(open_prompts(choices, opened));
  if (choices.provider == ImageProvider::kModel) {
    ASSIGN_OR_RETURN(opened.generator, open_model_generator(choices, *opened.prompts));
    opened.batch_size = 1;
    return opened;
  }
  const bool is_openai = choices.api == generators::ImageApi::kOpenAi;
  ASSIGN_OR_RETURN(
      generators::Service service,
      open_service(*opened.transport, choices.service,
                   {.endpoint_flag = choices.endpoint_flag,
                    .key_flag = choices.key_flag,
                    .key_variable = "ASSAY_IMAGE_API_KEY"},
                   is_openai ? generators::KeyForm::kBearer : generators::KeyForm::kBasic));
  opened.generator = std::make_unique<generators::ServiceGenerator>(
      std::move(service),
      generators::ServiceModel{
          .api = choices.api, .name = choices.service.model, .settings = choices.settings},
      *opened.prompts);
  opened.batch_size = kServiceBatchSize;
  return opened;
}

}  // namespace assay::app
