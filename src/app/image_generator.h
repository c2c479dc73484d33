/// \file
/// The image generator that somebody chose, with all that it works with.

#pragma once

#include "cache/generator.h"
#include "cache/prompt_provider.h"
#include "core/result.h"
#include "generators/service_generator.h"
#include "images/image.h"
#include "models/engine.h"
#include "net/http_client.h"

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace assay::app {

/// Where a service is and who asks.
struct ServiceChoices {
  std::string endpoint = {};
  /// A file with the key; empty: the variable of the environment, if it is set.
  std::string key_file = {};
  std::string model = {};
  std::chrono::milliseconds deadline = std::chrono::minutes(5);
};

enum class ImageProvider {
  kScene,  ///< Drawings.
  kHttp,   ///< A service.
  kModel,  ///< A diffusion model on disk.
};

enum class PromptChoice {
  kTemplate,  ///< A fixed vocabulary.
  kHttp,      ///< A chat.
};

struct GeneratorChoices {
  ImageProvider provider = ImageProvider::kScene;
  /// Of kHttp. The key may be in ASSAY_IMAGE_API_KEY.
  ServiceChoices service = {};
  generators::ImageApi api = generators::ImageApi::kOpenAi;
  /// Of kModel.
  std::string model_folder = {};
  std::string device = "CPU";
  models::Precision precision = models::Precision::kAuto;
  images::ImageSize size = {};
  /// Steps, guidance, strength, scheduler and negative prompt.
  cache::GenerationSettings settings = {};
  PromptChoice prompts = PromptChoice::kTemplate;
  /// Of PromptChoice::kHttp. The key may be in ASSAY_PROMPT_API_KEY.
  ServiceChoices chat = {};
  /// Where the user names the service's address and key, for messages.
  std::string_view endpoint_flag = "--endpoint";
  std::string_view key_flag = "--api-key-file";
};

struct OpenedGenerator {
  std::unique_ptr<net::HttpTransport> transport = nullptr;
  std::unique_ptr<cache::PromptProvider> prompts = nullptr;
  std::unique_ptr<cache::ImageGenerator> generator = nullptr;
  /// Images that are worth waiting for before they become visible.
  std::size_t batch_size = 8;
};

/// No service is asked yet, and no model loaded.
/// Errors: kInvalidInput (an address, a key, settings that the provider does not have), kMissing (a
///         file that was named is not there), kDenied, and those of
///         generators::ModelGenerator.
Result<OpenedGenerator> open_generator(const GeneratorChoices& choices);

}  // namespace assay::app
