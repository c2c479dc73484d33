#include "models/clip_text.h"

#include "core/check.h"
#include "models/engine_library_internal.h"

#include <fmt/format.h>

#include <mutex>
#include <utility>

namespace assay::models {

struct ClipTextEncoder::Loaded {
  ClipTextShape shape;
  std::mutex mutex;
  std::unique_ptr<TextTowerRequest> request;  // guarded by mutex
};

ClipTextEncoder::ClipTextEncoder(std::unique_ptr<Loaded> loaded) : loaded_(std::move(loaded)) {}
ClipTextEncoder::ClipTextEncoder(ClipTextEncoder&&) noexcept = default;
ClipTextEncoder& ClipTextEncoder::operator=(ClipTextEncoder&&) noexcept = default;
ClipTextEncoder::~ClipTextEncoder() = default;

Result<ClipTextEncoder> ClipTextEncoder::load(const Checkpoint& checkpoint,
                                              const ClipTextOptions& options) {
  ASSIGN_OR_RETURN(const ClipTextShape shape, read_clip_text_shape(checkpoint));
  ASSIGN_OR_RETURN(Engine* const engine, load_engine());
  ASSIGN_OR_RETURN(const Device device, engine->find_device(options.device));
  auto loaded = std::make_unique<Loaded>();
  loaded->shape = shape;
  ASSIGN_OR_RETURN(loaded->request,
                   engine->build_text_tower({.checkpoint = checkpoint,
                                             .shape = shape,
                                             .activation = options.activation,
                                             .precision = resolve(options.precision, device),
                                             .device = device.name}));
  return ClipTextEncoder(std::move(loaded));
}

const ClipTextShape& ClipTextEncoder::shape() const { return loaded_->shape; }

Result<std::vector<float>> ClipTextEncoder::encode(std::span<const std::int32_t> ids,
                                                   std::size_t end) const {
  const ClipTextShape& shape = loaded_->shape;
  CHECK(ids.size() == shape.context_length, "a text of another length than the tower's");
  CHECK(end < ids.size(), "the end lies beyond the text");
  for (const std::int32_t id : ids) {
    if (id >= 0 && std::cmp_less(id, shape.vocabulary_size)) continue;
    return invalid_input(
        fmt::format("token {}: the text tower has {} tokens; the tokenizer is another model's", id,
                    shape.vocabulary_size));
  }
  const std::scoped_lock lock(loaded_->mutex);
  ASSIGN_OR_RETURN(const std::span<const float> vector, loaded_->request->compute(ids, end));
  return std::vector<float>(vector.begin(), vector.end());
}

}  // namespace assay::models
