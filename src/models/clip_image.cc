#include "models/clip_image.h"

#include "core/check.h"
#include "core/limits.h"
#include "core/log.h"
#include "models/engine_library_internal.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <condition_variable>
#include <cstring>
#include <mutex>
#include <utility>
#include <vector>

namespace assay::models {
namespace {

/// More images at a time gain nothing, and cost memory for each worker.
constexpr std::size_t kMaxBatchSize = 256;

/// Each patch's rows of pixels one behind the other: how the first matrix wants them.
void cut_patches(std::span<const std::uint8_t> crop, const ClipShape& shape,
                 std::span<std::uint8_t> patches) {
  const std::size_t row_size = shape.patch_side * 3;
  const std::size_t line_size = shape.crop_side() * 3;
  std::uint8_t* into = patches.data();
  for (std::size_t patch_row = 0; patch_row < shape.grid_side; ++patch_row) {
    for (std::size_t patch_column = 0; patch_column < shape.grid_side; ++patch_column) {
      const std::uint8_t* from =
          crop.data() + (patch_row * shape.patch_side * line_size) + (patch_column * row_size);
      for (std::size_t row = 0; row < shape.patch_side; ++row) {
        std::memcpy(into, from, row_size);
        into += row_size;
        from += line_size;
      }
    }
  }
}

}  // namespace

std::string_view to_string(Activation activation) {
  return activation == Activation::kGelu ? "gelu" : "quickgelu";
}

Result<Activation> parse_activation(std::string_view name) {
  if (name == "gelu") return Activation::kGelu;
  if (name == "quickgelu") return Activation::kQuickGelu;
  return invalid_input(
      fmt::format("no activation is called '{}'; there are gelu and quickgelu", name));
}

namespace {

Status check_sizes(const ClipOptions& options) {
  if (options.batch_size == 0 || options.batch_size > kMaxBatchSize || options.num_workers == 0 ||
      options.num_workers > kMaxThreads) {
    return invalid_input(fmt::format("{} workers with batches of {}; expected 1 to {}, and 1 to {}",
                                     options.num_workers, options.batch_size, kMaxThreads,
                                     kMaxBatchSize));
  }
  return {};
}

Status check_int8(const ClipOptions& options, const ClipShape& shape, const Device& device) {
  RETURN_IF_ERROR(require_int8(device));
  if (options.block_inputs.size() == shape.num_block_inputs()) return {};
  return invalid_input(fmt::format("int8: {} block inputs were measured, but this tower has {}",
                                   options.block_inputs.size(), shape.num_block_inputs()));
}

}  // namespace

struct ClipImageEncoder::Loaded {
  ClipShape shape;
  Precision precision = Precision::kFp32;
  std::size_t batch_size = 0;
  /// Numbers that come out for each image.
  std::size_t output_width = 0;

  std::mutex mutex;
  std::condition_variable returned;
  std::vector<std::unique_ptr<TowerRequest>> idle;  // guarded by mutex

  std::unique_ptr<TowerRequest> take() {
    std::unique_lock lock(mutex);
    returned.wait(lock, [this] { return !idle.empty(); });
    std::unique_ptr<TowerRequest> request = std::move(idle.back());
    idle.pop_back();
    return request;
  }
  void give_back(std::unique_ptr<TowerRequest> request) {
    {
      const std::scoped_lock lock(mutex);
      idle.push_back(std::move(request));
    }
    returned.notify_one();
  }

  std::size_t crop_size() const { return shape.crop_side() * shape.crop_side() * 3; }

  /// Shape: `outputs` [n, output_width]. Errors: kInternal.
  Status encode(std::span<const std::uint8_t> crops, std::span<float> outputs) {
    const std::size_t num_images = crops.size() / crop_size();
    std::unique_ptr<TowerRequest> request = take();
    Status status;
    for (std::size_t first = 0; status && first < num_images; first += batch_size) {
      const std::size_t count = std::min(batch_size, num_images - first);
      status = encode_batch(*request, crops.subspan(first * crop_size(), count * crop_size()),
                            outputs.subspan(first * output_width, count * output_width));
    }
    give_back(std::move(request));
    return status;
  }

  /// At most one batch. Errors: kInternal.
  Status encode_batch(TowerRequest& request, std::span<const std::uint8_t> crops,
                      std::span<float> outputs) const {
    ASSIGN_OR_RETURN(const std::span<std::uint8_t> patches, request.input());
    std::size_t done = 0;
    for (; done * crop_size() < crops.size(); ++done) {
      cut_patches(crops.subspan(done * crop_size(), crop_size()), shape,
                  patches.subspan(done * crop_size(), crop_size()));
    }
    std::ranges::fill(patches.subspan(done * crop_size()), std::uint8_t{0});
    ASSIGN_OR_RETURN(const std::span<const float> computed, request.compute());
    std::ranges::copy(computed.first(outputs.size()), outputs.begin());
    return {};
  }

  /// Errors: as ClipImageEncoder::load().
  static Result<std::unique_ptr<Loaded>> load(const Checkpoint& checkpoint,
                                              const ClipOptions& options, TowerOutput output);
};

ClipImageEncoder::ClipImageEncoder(std::unique_ptr<Loaded> loaded) : loaded_(std::move(loaded)) {}
ClipImageEncoder::ClipImageEncoder(ClipImageEncoder&&) noexcept = default;
ClipImageEncoder& ClipImageEncoder::operator=(ClipImageEncoder&&) noexcept = default;
ClipImageEncoder::~ClipImageEncoder() = default;

Result<std::unique_ptr<ClipImageEncoder::Loaded>> ClipImageEncoder::Loaded::load(
    const Checkpoint& checkpoint, const ClipOptions& options, TowerOutput output) {
  RETURN_IF_ERROR(check_sizes(options));
  ASSIGN_OR_RETURN(const ClipShape shape, read_clip_shape(checkpoint));
  ASSIGN_OR_RETURN(Engine* const engine, load_engine());
  ASSIGN_OR_RETURN(const Device device, engine->find_device(options.device));
  auto loaded = std::make_unique<Loaded>();
  loaded->shape = shape;
  loaded->precision = resolve(options.precision, device);
  const std::string warning = imitation_warning(loaded->precision, device);
  if (!warning.empty()) log_warning(warning);
  loaded->batch_size = options.batch_size;
  loaded->output_width =
      output == TowerOutput::kVectors ? shape.output_width : shape.num_block_inputs();
  if (loaded->precision == Precision::kInt8) RETURN_IF_ERROR(check_int8(options, shape, device));
  ASSIGN_OR_RETURN(loaded->idle, engine->build_tower({.checkpoint = checkpoint,
                                                      .shape = shape,
                                                      .activation = options.activation,
                                                      .precision = loaded->precision,
                                                      .device = device.name,
                                                      .batch_size = options.batch_size,
                                                      .num_requests = options.num_workers,
                                                      .output = output,
                                                      .block_inputs = options.block_inputs}));
  return loaded;
}

Result<ClipImageEncoder> ClipImageEncoder::load(const Checkpoint& checkpoint,
                                                const ClipOptions& options) {
  ASSIGN_OR_RETURN(auto loaded, Loaded::load(checkpoint, options, TowerOutput::kVectors));
  return ClipImageEncoder(std::move(loaded));
}

const ClipShape& ClipImageEncoder::shape() const { return loaded_->shape; }
Precision ClipImageEncoder::precision() const { return loaded_->precision; }
std::size_t ClipImageEncoder::batch_size() const { return loaded_->batch_size; }
std::size_t ClipImageEncoder::crop_size() const { return loaded_->crop_size(); }

Status ClipImageEncoder::encode(std::span<const std::uint8_t> crops,
                                std::span<float> vectors) const {
  const std::size_t num_images = crops.size() / crop_size();
  CHECK(crops.size() == num_images * crop_size(), "crops of another size than the tower's");
  CHECK(vectors.size() == num_images * loaded_->output_width, "the vectors do not fit the crops");
  return num_images == 0 ? Status() : loaded_->encode(crops, vectors);
}

Result<std::vector<float>> ClipImageEncoder::measure_block_inputs(
    const Checkpoint& checkpoint, const ClipOptions& options, std::span<const std::uint8_t> crops) {
  ASSIGN_OR_RETURN(const auto loaded, Loaded::load(checkpoint,
                                                   {.activation = options.activation,
                                                    .precision = Precision::kFp32,
                                                    .device = options.device,
                                                    .batch_size = options.batch_size},
                                                   TowerOutput::kBlockInputs));
  const std::size_t num_images = crops.size() / loaded->crop_size();
  CHECK(num_images > 0 && crops.size() == num_images * loaded->crop_size(),
        "crops of another size than the tower's");
  std::vector<float> rows(num_images * loaded->output_width);
  RETURN_IF_ERROR(loaded->encode(crops, rows));
  std::vector<float> largest(loaded->output_width);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (!std::isfinite(rows[i])) {
      return invalid_input(checkpoint.name() +
                           ": the tower gives no finite numbers, so there is nothing to measure");
    }
    float& value = largest[i % largest.size()];
    value = std::max(value, rows[i]);
  }
  return largest;
}

}  // namespace assay::models
