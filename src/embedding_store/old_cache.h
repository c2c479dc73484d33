/// \file
/// The old tools' cache of embeddings, `processed_images.jsonl` and a .npy file for each image:
/// into the store, and out of it. Format: docs/formats/embedding-store.md.

#pragma once

#include "core/result.h"
#include "embedding_store/embedding_store.h"
#include "files/file_system.h"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace assay::embedding_store {

/// Two tools wrote it, each in its own way. Names of .npy files are the first 16 digits of the
/// SHA-256 of a path.
enum class OldCacheForm : std::uint8_t {
  kLoggedPath,    ///< Of the path as listed; in data/ai_data/embeddings.
  kAbsolutePath,  ///< Of the absolute path, though a relative one is listed; in
                  ///< data/ai_data/cache/embeddings.
};

struct OldCachePlace {
  /// What relative paths in the list start from: the folder that `data` lies in.
  std::filesystem::path base = ".";
  /// From `base`.
  std::filesystem::path list = "data/ai_data/cache/processed_images.jsonl";
};

/// What became of the lines of a list.
struct OldCacheImport {
  std::uint64_t num_lines = 0;
  std::uint64_t num_imported = 0;
  std::uint64_t num_known = 0;        ///< The store had a vector of that image.
  std::uint64_t num_unreadable = 0;   ///< Lines that are no JSON or lack a member.
  std::uint64_t num_superseded = 0;   ///< A later line is about the same path.
  std::uint64_t num_no_vector = 0;    ///< The .npy is not there.
  std::uint64_t num_no_image = 0;     ///< Without its bytes nobody knows what was embedded.
  std::uint64_t num_stale = 0;        ///< The image is younger than its vector.
  std::uint64_t num_bad_vectors = 0;  ///< Not 512 finite floats in a sound .npy.
  /// Of length 1: the heads were trained on raw vectors, so these are worse than none.
  std::uint64_t num_normalised = 0;
  /// The first of each kind of trouble, in words.
  std::vector<std::string> examples;
};

/// What was asked for by name, and so must be what the list says of its vectors.
struct GivenVariant {
  std::optional<Sha256> model = std::nullopt;
  std::optional<std::string> activation = std::nullopt;
  std::optional<std::string> precision = std::nullopt;
};

/// Read a list of either form, and put the vectors whose images are still there into the store
/// under the digest of their content, and under the variant that their line says; `variant` is that
/// of lines which say none, as the old tools wrote them. Nothing of the old cache is changed.
/// Errors: those of EmbeddingStore::put(); kNotFound (no list), kExhausted (a list over 1 GiB),
///         kInvalidInput (a line says another variant than was given; nothing is stored then),
///         kCancelled. A file that cannot be read costs itself.
Result<OldCacheImport> import_old_cache(files::FileSystem& file_system, EmbeddingStore& store,
                                        const EmbeddingVariant& variant, const GivenVariant& given,
                                        const OldCachePlace& place, const std::stop_token& stop);

/// An image of which the old tools should find a vector.
struct ExportedImage {
  /// As the old tools would name it: absolute, or from the base.
  std::string image_path;
  EmbeddingKey key;
};

struct FolderImages {
  std::vector<ExportedImage> images;
  std::uint64_t num_unreadable = 0;
};

/// The images of a folder under the digests of their content, each named from `base`, or by its
/// absolute path where it is not below that. The old tools know files alone, so a zip is refused.
/// Errors: those of archives::open_entry_source() and EntrySource::read(); kInvalidInput (no
///         folder), kCancelled.
Result<FolderImages> images_of_folder(files::FileSystem& file_system,
                                      const std::filesystem::path& folder,
                                      const std::filesystem::path& base, const Sha256& variant,
                                      const std::stop_token& stop);

struct OldCacheExport {
  std::uint64_t num_written = 0;
  std::uint64_t num_listed_before = 0;  ///< They stand in the list, and their files may stay.
  std::uint64_t num_absent = 0;         ///< Not in the store.
};

/// Write the .npy files, then add their lines to the list, which is replaced whole. Lines say the
/// variant, in a member that the old tools pass over. The file of a listed image is written again,
/// where it lies, when it holds another vector than the store; one that an old tool made, only when
/// the image is younger. Pre: the images' keys are of `variant`.
/// Errors: those of EmbeddingStore::find(); kDenied, kNoSpace, kUnavailable; kExhausted (a list
///         over 1 GiB).
Result<OldCacheExport> export_old_cache(files::FileSystem& file_system, EmbeddingStore& store,
                                        const EmbeddingVariant& variant,
                                        std::span<const ExportedImage> images, OldCacheForm form,
                                        const OldCachePlace& place);

}  // namespace assay::embedding_store
