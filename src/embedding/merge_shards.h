/// \file
/// What shards embedded becomes one: vectors of other stores, and the certainty that none is
/// missing.

#pragma once

#include "core/result.h"
#include "core/sha256.h"
#include "embedding/image_embedder.h"
#include "embedding_store/embedding_store.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <stop_token>

namespace assay::embedding {

/// Put the vectors of one variant from a store into another; those that it has stay as they are.
/// Pre: `into` has the variant by name.
/// Errors: those of both stores; kInvalidInput (vectors of another length); kCancelled. What was
///         copied before stays.
Result<embedding_store::PutReport> copy_embeddings(embedding_store::EmbeddingStore& from,
                                                   embedding_store::EmbeddingStore& into,
                                                   const Sha256& variant,
                                                   const std::stop_token& stop);

/// Stands for a model where every image should be in the store: it computes nothing.
/// Errors: embed() always kUnavailable, which says what to do.
class NoEmbedder final : public ImageEmbedder {
 public:
  /// `model` says the sizes. Lifetime: it outlives this.
  explicit NoEmbedder(const ImageEmbedder& model) : model_(&model) {}

  std::uint32_t crop_side() const override { return model_->crop_side(); }
  std::size_t dimension() const override { return model_->dimension(); }
  std::size_t batch_size() const override { return model_->batch_size(); }
  Status embed(std::span<const std::uint8_t> crops, std::span<float> vectors) const override;

 private:
  const ImageEmbedder* model_;
};

}  // namespace assay::embedding
