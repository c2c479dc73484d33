/// \file
/// The pipeline from the entries of an archive to embeddings in the store.

#pragma once

#include "archives/entry_source.h"
#include "core/clock.h"
#include "core/result.h"
#include "core/sha256.h"
#include "embedding/image_embedder.h"
#include "embedding/run_journal.h"
#include "embedding_store/embedding_store.h"
#include "embedding_store/known_images.h"
#include "images/decode.h"

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <stop_token>

namespace assay::embedding {

/// What the pipeline works on and with. Lifetime: all of it outlives the work.
struct EmbeddingTools {
  const archives::EntrySource& source;
  embedding_store::EmbeddingStore& store;
  embedding_store::KnownImages& known;
  const ImageEmbedder& embedder;
  Clock& clock;
  /// Named to the store, id_of() what `embedder` computes.
  Sha256 variant;
};

/// The part of all images that this process embeds, by their content.
struct Shard {
  std::uint32_t index = 0;
  std::uint32_t count = 1;

  bool has(const Sha256& content) const;
};

struct EmbedImagesOptions {
  std::size_t num_workers = 1;
  Shard shard = {};
  images::DecodeOptions decode = {};
};

/// Where the time of the workers goes.
enum class EmbeddingStage : std::uint8_t { kRead, kHash, kDecode, kResize, kEmbed, kStore };
inline constexpr std::size_t kNumEmbeddingStages = 6;

/// `read`, `hash`, `decode`, `resize`, `embed` or `store`.
std::string_view to_string(EmbeddingStage stage);

struct EmbeddingFigures {
  std::uint64_t num_embedded = 0;     ///< By the model.
  std::uint64_t num_reused = 0;       ///< Their embeddings were in the store.
  std::uint64_t num_failed = 0;       ///< No image, or none that can be read.
  std::uint64_t num_other_shard = 0;  ///< Left to another shard.
  ByteCount bytes_read;
  std::uint64_t pixels = 0;  ///< Decoded.
  /// Of all workers together, by EmbeddingStage.
  std::array<std::chrono::nanoseconds, kNumEmbeddingStages> time{};

  EmbeddingFigures& operator+=(const EmbeddingFigures& other);
  std::uint64_t num_images() const { return num_own() + num_other_shard; }
  /// Without what is left to other shards.
  std::uint64_t num_own() const { return num_embedded + num_reused + num_failed; }
};

/// Some images whose fate is known. An embedding is on disk before it is told of.
struct EmbeddedBatch {
  std::span<const ImageOutcome> outcomes;
  /// Of these images alone.
  EmbeddingFigures figures;
};

/// Called from any worker, one call at a time. An error ends the work and is what it returns.
using OnEmbeddedBatch = std::function<Status(const EmbeddedBatch&)>;

/// Embed the images at `entries` (positions in the source's entries) that the store does not know.
///
/// Each worker takes the next entries in order, reads, hashes, decodes and resizes them straight
/// into its own batch for the model, and hands a full batch on: there is no queue of images. What
/// an image costs that is known depends on where it lies: nothing but a look-up in an archive that
/// did not change, reading and hashing elsewhere. An image that cannot be read is an outcome, not
/// an error. After a stop, batches that were begun are finished and told of.
///
/// Order:  none between the outcomes; the vectors depend on neither workers nor batches.
/// Memory: for each worker one encoded and one decoded image and a batch of crops.
/// Errors: kUnavailable (the source itself failed), kCancelled, those of the store and of
///         `on_batch`. All that was told of before stays.
Result<EmbeddingFigures> embed_images(const EmbeddingTools& tools,
                                      std::span<const std::size_t> entries,
                                      const EmbedImagesOptions& options,
                                      const OnEmbeddedBatch& on_batch,
                                      const std::stop_token& stop = {});

}  // namespace assay::embedding
