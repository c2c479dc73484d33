#include "embedding/merge_shards.h"

#include <vector>

namespace assay::embedding {

Result<embedding_store::PutReport> copy_embeddings(embedding_store::EmbeddingStore& from,
                                                   embedding_store::EmbeddingStore& into,
                                                   const Sha256& variant,
                                                   const std::stop_token& stop) {
  // 8 MiB of vectors of 512 numbers for each sync.
  constexpr std::size_t kBatch = 4'096;
  embedding_store::PutReport all;
  std::vector<embedding_store::Embedding> batch;
  const auto put = [&] -> Status {
    if (stop.stop_requested()) return cancelled("stopped; run again to go on");
    ASSIGN_OR_RETURN(const embedding_store::PutReport report, into.put(batch));
    all.num_written += report.num_written;
    all.num_known += report.num_known;
    batch.clear();
    return {};
  };
  RETURN_IF_ERROR(from.for_each(
      [&](const embedding_store::EmbeddingKey& key, std::span<const float> vector) -> Status {
        if (key.variant != variant) return {};
        if (into.contains(key)) {
          ++all.num_known;
          return {};
        }
        batch.push_back({.key = key, .vector = {vector.begin(), vector.end()}});
        return batch.size() < kBatch ? Status() : put();
      }));
  RETURN_IF_ERROR(put());
  return all;
}

Status NoEmbedder::embed(std::span<const std::uint8_t> /*crops*/,
                         std::span<float> /*vectors*/) const {
  return unavailable(
      "some images have no embedding yet: let every shard end, or run without --shard to embed "
      "them here");
}

}  // namespace assay::embedding
