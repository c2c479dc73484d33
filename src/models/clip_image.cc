#include "models/clip_image.h"

#include "core/check.h"
#include "core/limits.h"
#include "models/engine_library_internal.h"

#include <fmt/format.h>

#include <algorithm>
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

struct ClipImageEncoder::Loaded {
  ClipShape shape;
  Precision precision = Precision::kFp32;
  std::size_t batch_size = 0;

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
      const std::lock_guard lock(mutex);
      idle.push_back(std::move(request));
    }
    returned.notify_one();
  }

  /// At most one batch. Errors: kInternal.
  Status encode_batch(TowerRequest& request, std::span<const std::uint8_t> crops,
                      std::span<float> vectors) const {
    ASSIGN_OR_RETURN(const std::span<std::uint8_t> patches, request.input());
    const std::size_t crop_size = patches.size() / batch_size;
    std::size_t done = 0;
    for (; done * crop_size < crops.size(); ++done) {
      cut_patches(crops.subspan(done * crop_size, crop_size), shape,
                  patches.subspan(done * crop_size, crop_size));
    }
    std::ranges::fill(patches.subspan(done * crop_size), std::uint8_t{0});
    ASSIGN_OR_RETURN(const std::span<const float> computed, request.compute());
    std::ranges::copy(computed.first(vectors.size()), vectors.begin());
    return {};
  }
};

ClipImageEncoder::ClipImageEncoder(std::unique_ptr<Loaded> loaded) : loaded_(std::move(loaded)) {}
ClipImageEncoder::ClipImageEncoder(ClipImageEncoder&&) noexcept = default;
ClipImageEncoder& ClipImageEncoder::operator=(ClipImageEncoder&&) noexcept = default;
ClipImageEncoder::~ClipImageEncoder() = default;

Result<ClipImageEncoder> ClipImageEncoder::load(const Checkpoint& checkpoint,
                                                const ClipOptions& options) {
  if (options.batch_size == 0 || options.batch_size > kMaxBatchSize || options.num_workers == 0 ||
      options.num_workers > kMaxThreads) {
    return invalid_input(fmt::format("{} workers with batches of {}; expected 1 to {}, and 1 to {}",
                                     options.num_workers, options.batch_size, kMaxThreads,
                                     kMaxBatchSize));
  }
  ASSIGN_OR_RETURN(const ClipShape shape, read_clip_shape(checkpoint));
  ASSIGN_OR_RETURN(Engine* const engine, load_engine());
  ASSIGN_OR_RETURN(const Device device, engine->find_device(options.device));
  auto loaded = std::make_unique<Loaded>();
  loaded->shape = shape;
  loaded->precision = resolve(options.precision, device);
  loaded->batch_size = options.batch_size;
  ASSIGN_OR_RETURN(loaded->idle, engine->build_tower({.checkpoint = checkpoint,
                                                      .shape = shape,
                                                      .activation = options.activation,
                                                      .precision = loaded->precision,
                                                      .device = device.name,
                                                      .batch_size = options.batch_size,
                                                      .num_requests = options.num_workers}));
  return ClipImageEncoder(std::move(loaded));
}

const ClipShape& ClipImageEncoder::shape() const { return loaded_->shape; }
Precision ClipImageEncoder::precision() const { return loaded_->precision; }
std::size_t ClipImageEncoder::batch_size() const { return loaded_->batch_size; }
std::size_t ClipImageEncoder::crop_size() const {
  return loaded_->shape.crop_side() * loaded_->shape.crop_side() * 3;
}

Status ClipImageEncoder::encode(std::span<const std::uint8_t> crops,
                                std::span<float> vectors) const {
  const std::size_t num_images = crops.size() / crop_size();
  const std::size_t width = loaded_->shape.output_width;
  CHECK(crops.size() == num_images * crop_size(), "crops of another size than the tower's");
  CHECK(vectors.size() == num_images * width, "the vectors do not fit the crops");
  if (num_images == 0) return {};
  std::unique_ptr<TowerRequest> request = loaded_->take();
  Status status;
  for (std::size_t first = 0; status && first < num_images; first += batch_size()) {
    const std::size_t count = std::min(batch_size(), num_images - first);
    status =
        loaded_->encode_batch(*request, crops.subspan(first * crop_size(), count * crop_size()),
                              vectors.subspan(first * width, count * width));
  }
  loaded_->give_back(std::move(request));
  return status;
}

}  // namespace assay::models
