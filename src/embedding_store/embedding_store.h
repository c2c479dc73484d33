/// \file
/// Vectors of images by content, so that no image is ever embedded twice by one model.
/// Format: docs/formats/embedding-store.md.

#pragma once

#include "core/random.h"
#include "core/result.h"
#include "core/sha256.h"
#include "files/file_system.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace assay::embedding_store {

/// Everything besides the image that the numbers of a vector depend on.
struct EmbeddingVariant {
  Sha256 model;               ///< Of the weights as they were imported.
  std::string activation;     ///< `gelu`, `quickgelu`.
  std::string preprocessing;  ///< `clip-224`: how pixels become the model's input.
  std::string precision;      ///< `fp32`, `bf16`, `int8`.

  bool operator==(const EmbeddingVariant&) const = default;
};

/// The name of a variant within keys: the SHA-256 of its text in the store.
/// Pre: the three texts have at most 64 bytes each.
Sha256 id_of(const EmbeddingVariant& variant);

struct EmbeddingKey {
  Sha256 content;  ///< Of the bytes of the image file.
  Sha256 variant;  ///< id_of() it.

  auto operator<=>(const EmbeddingKey&) const = default;
};

struct Embedding {
  EmbeddingKey key;
  /// As the model gives it, not normalised. Shape: [dimension].
  std::vector<float> vector;
};

struct EmbeddingStoreOptions {
  /// Floats of a vector, at least 512; a folder holds one file for each length.
  std::uint32_t dimension = 512;
  /// How long to wait for another process that is writing.
  std::chrono::milliseconds lock_patience = std::chrono::seconds(30);
  /// Wants no right to write, and waits for no writer. A file must be there.
  /// Pre: without an index; put() and gc() are not called.
  bool read_only = false;
  /// A derived SQLite file in the folder that saves reading the vectors at open.
  enum class Index : std::uint8_t { kNone, kSqlite };
  Index index = Index::kNone;
};

struct EmbeddingStoreCounts {
  std::uint64_t num_embeddings = 0;
  std::uint64_t num_damaged = 0;     ///< Records that do not check; they are as if absent.
  std::uint64_t num_duplicates = 0;  ///< Of a key that was there before; the first counts.
  ByteCount torn_tail;               ///< Left by a writer that died, cut off.
  std::uint64_t num_from_index = 0;  ///< Known at open without reading the vectors.
};

struct PutReport {
  std::size_t num_written = 0;
  std::size_t num_known = 0;  ///< Were there already, or twice in this batch.
};

struct EmbeddingVerification {
  std::uint64_t num_embeddings = 0;
  std::uint64_t num_damaged = 0;
  std::uint64_t num_duplicates = 0;
  std::uint64_t num_not_finite = 0;
  std::uint64_t num_without_variant = 0;  ///< Nothing says what made them.
  struct OfVariant {
    EmbeddingVariant variant;
    std::uint64_t num_embeddings = 0;
  };
  /// Order: by id.
  std::vector<OfVariant> variants;
};

struct EmbeddingGcReport {
  std::uint64_t num_kept = 0;
  std::uint64_t num_dropped = 0;  ///< Not wanted, or duplicates.
  std::uint64_t num_damaged = 0;
  ByteCount size_before;
  ByteCount size_after;
};

/// Several processes may have one store open: they append in turn, and each sees what the others
/// added at its next put() or refresh(). A damaged record costs its own vector alone.
///
/// Threads: all calls are safe from any thread; one put(), refresh() or gc() runs at a time.
/// Cost:    some 200 bytes of memory a vector.
/// Errors:  kDenied, kNoSpace, kUnavailable (also: another process writes for longer than
///          `lock_patience`; a sync failed, then open it again).
class EmbeddingStore {
 public:
  /// Open or make the store in `folder`, and read what is there. Lifetime: both references outlive
  /// the store. Errors: also kInvalidInput (the file is something else), kCorrupt (its header),
  /// kNotFound (`read_only`, and there is no file).
  static Result<std::unique_ptr<EmbeddingStore>> open(files::FileSystem& file_system,
                                                      const std::filesystem::path& folder,
                                                      RandomSource& random,
                                                      const EmbeddingStoreOptions& options = {});
  virtual ~EmbeddingStore() = default;
  EmbeddingStore(const EmbeddingStore&) = delete;
  EmbeddingStore& operator=(const EmbeddingStore&) = delete;

  /// Name a variant before the first put() of its vectors. Returns id_of() it.
  virtual Sha256 add_variant(const EmbeddingVariant& variant) = 0;

  virtual bool contains(const EmbeddingKey& key) const = 0;
  /// The vector of a key; nothing when there is none, or when its record is damaged.
  virtual Result<std::optional<std::vector<float>>> find(const EmbeddingKey& key) = 0;

  /// Add vectors, and return once all of them are on disk: one write and one sync.
  /// Pre: their variants were named. Errors: also kInvalidInput (another dimension, a value that is
  /// not finite); then none of them is there.
  virtual Result<PutReport> put(std::span<const Embedding> embeddings) = 0;

  /// See what other processes added.
  virtual Status refresh() = 0;
  /// Hand over each vector once, as they lie in the file.
  virtual Status for_each(
      const std::function<Status(const EmbeddingKey&, std::span<const float>)>& on_vector) = 0;
  /// Read everything and tell what is there.
  virtual Result<EmbeddingVerification> verify() = 0;
  /// Rewrite the file without damaged records, duplicates, and keys that `keep` declines.
  virtual Result<EmbeddingGcReport> gc(const std::function<bool(const EmbeddingKey&)>& keep) = 0;
  /// Bring the index up to date; without it the next open reads what was added since.
  virtual Status update_index() = 0;

  virtual EmbeddingStoreCounts counts() const = 0;

 protected:
  EmbeddingStore() = default;
};

/// For maps by digest: its first bytes are as good as any hash.
struct DigestHash {
  std::size_t operator()(const Sha256& digest) const {
    std::size_t hash = 0;
    std::memcpy(&hash, digest.bytes().data(), sizeof hash);
    return hash;
  }
  std::size_t operator()(const EmbeddingKey& key) const {
    return (*this)(key.content) ^ (*this)(key.variant);
  }
};

}  // namespace assay::embedding_store
