#include "app/job_image_maker.h"

#include "net/url.h"

#include <fmt/format.h>

#include <utility>

namespace assay::app {
namespace {

constexpr std::string_view kHttp = "http:";
constexpr std::string_view kOpenVino = "openvino:";

}  // namespace

Result<GeneratorChoices> parse_job_generator(std::string_view text) {
  GeneratorChoices choices{.endpoint_flag = "--generator", .key_flag = "--generator-key-file"};
  if (text == "scene") return choices;
  const bool is_folder = text.starts_with(kOpenVino) && text.size() > kOpenVino.size();
  if (is_folder) {
    choices.provider = ImageProvider::kModel;
    choices.model_folder = text.substr(kOpenVino.size());
    return choices;
  }
  std::string_view address = text;
  if (text.starts_with(kHttp) && !text.starts_with("http://")) address.remove_prefix(kHttp.size());
  const auto url = net::Url::parse(address);
  if (!url || (url->scheme() != net::UrlScheme::kHttp && url->scheme() != net::UrlScheme::kHttps)) {
    return invalid_input(
        "expected scene, http:URL or openvino:FOLDER, such as http:http://127.0.0.1:7860");
  }
  choices.provider = ImageProvider::kHttp;
  choices.service.endpoint = address;
  return choices;
}

std::string JobImageMaker::name() const {
  const cache::GeneratorCapabilities able = opened_.generator->capabilities();
  return fmt::format("{} ({})", able.name, able.model_name);
}

Result<images::Image> JobImageMaker::make(const miner::ImageOrder& order,
                                          const std::stop_token& stop) {
  // The label is for those who write prompts; this one is written.
  ASSIGN_OR_RETURN(cache::GeneratedImage made,
                   opened_.generator->generate({.seed = order.seed, .size = order.size},
                                               order.prompt, {}, stop));
  return std::move(made.image);
}

Result<std::unique_ptr<miner::ImageMaker>> open_image_maker(const GeneratorChoices& choices,
                                                            const std::stop_token& stop) {
  if (choices.provider == ImageProvider::kScene) return std::make_unique<miner::SceneMaker>();
  ASSIGN_OR_RETURN(OpenedGenerator opened, open_generator(choices));
  // A model that cannot be loaded is told before the first job comes.
  RETURN_IF_ERROR(opened.generator->prepare(stop));
  return std::make_unique<JobImageMaker>(std::move(opened));
}

}  // namespace assay::app
