/// \file
/// The image generators of the cache desk as makers of a miner's generation jobs.

#pragma once

#include "app/image_generator.h"
#include "core/result.h"
#include "miner/image_maker.h"

#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>

namespace assay::app {

/// Read `scene`, `http:URL`, a URL alone, or `openvino:FOLDER`, as a miner's --generator.
/// Errors: kInvalidInput.
Result<GeneratorChoices> parse_job_generator(std::string_view text);

/// Images by a service or a diffusion model, from the prompt of the order as it stands.
class JobImageMaker final : public miner::ImageMaker {
 public:
  explicit JobImageMaker(OpenedGenerator opened) : opened_(std::move(opened)) {}

  std::string name() const override;
  /// Errors: as cache::ImageGenerator::generate().
  Result<images::Image> make(const miner::ImageOrder& order, const std::stop_token& stop) override;

 private:
  OpenedGenerator opened_;
};

/// What `choices` name: miner::SceneMaker for drawings, since a prompt decides what they show. A
/// model is loaded.
/// Errors: as open_generator() and cache::ImageGenerator::prepare().
Result<std::unique_ptr<miner::ImageMaker>> open_image_maker(const GeneratorChoices& choices,
                                                            const std::stop_token& stop);

}  // namespace assay::app
