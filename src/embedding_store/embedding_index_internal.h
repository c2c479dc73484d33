/// \file
/// The keys of an embedding store and where their vectors lie, in SQLite: derived, and made anew
/// whenever it does not fit.

#pragma once

#include "core/result.h"
#include "db/database.h"
#include "embedding_store/embedding_store.h"
#include "embedding_store/slot_file_internal.h"
#include "files/file_system.h"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace assay::embedding_store {

struct IndexedVector {
  std::uint64_t slot = 0;
  EmbeddingKey key;
};

/// What the index says about the file as a whole.
struct IndexedFile {
  std::uint64_t num_slots = 0;  ///< All before are in the index.
  std::uint64_t num_damaged = 0;
  std::uint64_t num_duplicates = 0;
};

/// Threads: one thread at a time. Errors: those of db::Database.
class EmbeddingIndex {
 public:
  /// Open or make it. One that is damaged, or something else, is replaced.
  static Result<EmbeddingIndex> open(files::FileSystem& file_system,
                                     const std::filesystem::path& path);

  /// What it holds of the file of this generation; nothing when it is about another.
  Result<std::optional<IndexedFile>> find(const SlotFileGeneration& generation);
  /// Order: by slot.
  Status for_each_vector(const std::function<void(const IndexedVector&)>& on_vector);
  Status for_each_variant(const std::function<void(const EmbeddingVariant&)>& on_variant);

  /// Add what was appended behind the first `num_slots_before` slots. Where the index is about
  /// another generation, or ends before that, it is emptied first, and `all` is asked for what to
  /// add in place of `added`. In one transaction.
  Status update(const SlotFileGeneration& generation, const IndexedFile& file,
                std::uint64_t num_slots_before, std::span<const IndexedVector> added,
                const std::function<std::vector<IndexedVector>()>& all,
                std::span<const EmbeddingVariant> variants);

 private:
  explicit EmbeddingIndex(db::Database database) : database_(std::move(database)) {}

  db::Database database_;
};

}  // namespace assay::embedding_store
