#include "app/int8_scales.h"

#include "archives/entry_source.h"
#include "core/clock.h"
#include "core/log.h"
#include "embedding/sample_crops.h"
#include "files/brief_lock.h"
#include "grouping/image_name.h"
#include "models/clip_image.h"
#include "models/engine.h"

#include <fmt/format.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace assay::app {
namespace {

/// The largest numbers of fewer images say too little of those to come.
constexpr std::size_t kLeastImages = 16;

Result<models::ClipScales> measure(files::FileSystem& file_system,
                                   const models::Checkpoint& checkpoint,
                                   const models::ScaledTower& tower, const Int8Samples& samples) {
  std::vector<std::unique_ptr<archives::EntrySource>> sources;
  for (const std::filesystem::path& path : samples.sources) {
    auto source = archives::open_entry_source(
        file_system, path, {.extensions = grouping::image_extensions(), .limits = {}});
    if (source) sources.push_back(std::move(*source));
  }
  embedding::CropSample sample = embedding::sample_crops(
      sources, {.side = static_cast<std::uint32_t>(tower.shape.crop_side())});
  if (sample.images.size() < kLeastImages) {
    return invalid_input(fmt::format(
        "int8 is measured on images first, but the sources hold {} that can be read and differ; "
        "expected at least {}: take bf16 or fp32, or embed a larger source with int8 first",
        sample.images.size(), kLeastImages));
  }
  ASSIGN_OR_RETURN(std::vector<float> inputs,
                   models::ClipImageEncoder::measure_block_inputs(
                       checkpoint, {.activation = tower.activation}, sample.crops));
  return models::ClipScales{.model = tower.model,
                            .activation = tower.activation,
                            .images = std::move(sample.images),
                            .block_inputs = std::move(inputs)};
}

}  // namespace

Result<models::ClipScales> int8_scales(files::FileSystem& file_system,
                                       const std::filesystem::path& model,
                                       const models::Checkpoint& checkpoint,
                                       const models::ScaledTower& tower,
                                       const Int8Samples& samples) {
  // Before anything is measured for nothing.
  ASSIGN_OR_RETURN(const models::Device device, models::find_device(models::ClipOptions().device));
  RETURN_IF_ERROR(models::require_int8(device));
  const std::filesystem::path path = models::clip_scales_path(model, tower.activation);
  ASSIGN_OR_RETURN(auto known, models::read_clip_scales(file_system, path, tower));
  if (known) return std::move(*known);
  if (samples.sources.empty()) {
    return missing(
        fmt::format("{}: no such file; `assay predict run` and `embed` measure it on their images "
                    "when they are "
                    "given --precision int8, and a copy from another machine serves as well",
                    path.native()));
  }
  const bool is_told = samples.remarks == Int8Samples::Remarks::kYes;
  if (is_told) {
    log_info("int8: measuring on some of the images what it needs of this model; once, in fp32",
             {{"model", model.native()}});
  }
  const auto start = system_clock().monotonic();
  ASSIGN_OR_RETURN(models::ClipScales scales, measure(file_system, checkpoint, tower, samples));
  if (samples.keep == Int8Samples::Keep::kNo) return scales;
  // Others may have measured meanwhile, such as shards: all go by the file that is there first.
  ASSIGN_OR_RETURN(const auto turn, with_context(files::BriefLock::take(file_system, path),
                                                 "keep what int8 was measured to need"));
  ASSIGN_OR_RETURN(known, models::read_clip_scales(file_system, path, tower));
  if (known) return std::move(*known);
  RETURN_IF_ERROR(with_context(models::write_clip_scales(file_system, path, scales),
                               "keep what int8 was measured to need"));
  if (is_told) {
    const std::chrono::duration<double> took = system_clock().monotonic() - start;
    log_info("int8: measured", {{"images", std::to_string(scales.images.size())},
                                {"seconds", fmt::format("{:.1f}", took.count())},
                                {"kept", path.native()}});
  }
  return scales;
}

}  // namespace assay::app
