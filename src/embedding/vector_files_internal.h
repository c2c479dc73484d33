/// \file
/// The files that vectors of a source are written to, in either form.

#pragma once

#include "archives/entry_source.h"
#include "core/result.h"
#include "embedding_store/known_images.h"
#include "files/file_system.h"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>

namespace assay::embedding {

/// What became of an entry.
struct ImageFate {
  std::optional<embedding_store::KnownImage> image;
  std::string error;
  std::string message;
};

/// Errors: those of files::AtomicFile and tables::ParquetWriter.
class VectorFiles {
 public:
  virtual ~VectorFiles() = default;
  VectorFiles() = default;
  VectorFiles(const VectorFiles&) = delete;
  VectorFiles& operator=(const VectorFiles&) = delete;

  /// Add the next image. Pre: `vector` has the dimension when there is an image, else nothing.
  virtual Status add(const archives::SourceEntry& entry, const ImageFate& fate,
                     std::span<const float> vector) = 0;
  /// Put everything in its place. Without it the old files stay.
  virtual Status commit() = 0;
};

struct VectorShape {
  std::uint64_t num_vectors = 0;
  std::size_t dimension = 0;
};

/// See whether files can be written there, before the work.
/// Errors: also kInvalidInput (the name of `output` tells no form).
Status try_vector_files(files::FileSystem& file_system, const std::filesystem::path& output);

/// Errors: as try_vector_files().
Result<std::unique_ptr<VectorFiles>> create_vector_files(files::FileSystem& file_system,
                                                         const std::filesystem::path& output,
                                                         VectorShape shape);

}  // namespace assay::embedding
