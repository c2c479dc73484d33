/// \file
/// The vectors of all images of one source as a matrix, with a line that says which image is which,
/// or all of it as one table.
/// Format: docs/formats/vector-table.md.

#pragma once

#include "core/clock.h"
#include "core/result.h"
#include "core/sha256.h"
#include "embedding/embed_images.h"
#include "embedding/image_embedder.h"
#include "embedding_store/embedding_store.h"
#include "embedding_store/known_images.h"
#include "files/file_system.h"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <stop_token>
#include <string>

namespace assay::embedding {

/// Lifetime: all of it outlives the call.
struct VectorTableTools {
  files::FileSystem& file_system;
  Clock& clock;
  embedding_store::EmbeddingStore& store;
  embedding_store::KnownImages& known;
  const ImageEmbedder& embedder;
  /// Named to the store, id_of() what `embedder` computes.
  Sha256 variant;
};

struct VectorTableOptions {
  /// A zip or a folder; it is only read.
  std::filesystem::path source;
  /// The matrix, `*.npy`, with the lines beside it, `*.jsonl`; or the table, `*.parquet`.
  std::filesystem::path output;
  std::size_t num_workers = 1;
};

struct VectorTableReport {
  std::uint64_t num_images = 0;
  /// Rows of the matrix.
  std::uint64_t num_vectors = 0;
  EmbeddingFigures figures;
  /// Images without a row, by their error.
  std::map<std::string, std::uint64_t> failures;
};

/// Told how many images there are, and what became of those that are done.
using OnVectorProgress =
    std::function<void(std::uint64_t num_images, const EmbeddingFigures& figures)>;

/// Where the lines go: `vectors.jsonl` for `vectors.npy`, nowhere for `vectors.parquet`.
/// Errors: kInvalidInput (`output` ends in neither).
Result<std::optional<std::filesystem::path>> lines_path_of(const std::filesystem::path& output);

/// Embed the images of the source that the store does not know, then write the files, each whole
/// or not at all. An image that cannot be read has a line and no vector. What was embedded stays in
/// the store, also when the call fails or is stopped: the next one goes on from there.
///
/// Order:  rows and lines by the bytes of the path; they depend on neither workers nor batches.
/// Memory: a path and a digest for each image; the vectors are passed on one by one.
/// Errors: those of archives::open_entry_source(), embed_images() and files::AtomicFile;
///         kInvalidInput as lines_path_of(); kCorrupt (the store lost a vector twice).
Result<VectorTableReport> write_vector_table(const VectorTableTools& tools,
                                             const VectorTableOptions& options,
                                             const OnVectorProgress& on_progress,
                                             const std::stop_token& stop = {});

}  // namespace assay::embedding
