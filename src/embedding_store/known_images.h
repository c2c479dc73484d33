/// \file
/// What earlier runs read in an archive, so that one that did not change is not read again.
/// Format: docs/formats/embedding-store.md.

#pragma once

#include "core/random.h"
#include "core/result.h"
#include "core/sha256.h"
#include "files/file_system.h"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

namespace assay::embedding_store {

/// One entry of one archive as it stands.
struct ImagePlace {
  Sha256 archive;  ///< Its fingerprint.
  std::string_view entry;
  std::uint32_t crc32 = 0;  ///< 0 where the archive has none.
  /// Turned as its EXIF says, which may change width for height.
  bool is_turned = false;
};

/// What is there.
struct KnownImage {
  Sha256 content;  ///< Of the bytes of the image file.
  std::uint32_t width = 0;
  std::uint32_t height = 0;

  bool operator==(const KnownImage&) const = default;
};

struct NewKnownImage {
  ImagePlace place;
  KnownImage image;
};

struct KnownImagesOptions {
  /// How long to wait for another process that is writing.
  std::chrono::milliseconds lock_patience = std::chrono::seconds(30);
};

/// A file beside the embeddings, shared by processes as they are. Losing it costs time only.
///
/// Threads: all calls are safe from any thread.
/// Cost:    some 120 bytes of memory an image; find() hashes the name of the entry.
/// Errors:  kDenied, kNoSpace, kUnavailable.
class KnownImages {
 public:
  /// Errors: also kInvalidInput (the file is something else), kCorrupt (its header). Lifetime: both
  /// references outlive the table.
  static Result<std::unique_ptr<KnownImages>> open(files::FileSystem& file_system,
                                                   const std::filesystem::path& folder,
                                                   RandomSource& random,
                                                   const KnownImagesOptions& options = {});
  virtual ~KnownImages() = default;
  KnownImages(const KnownImages&) = delete;
  KnownImages& operator=(const KnownImages&) = delete;

  virtual std::optional<KnownImage> find(const ImagePlace& place) const = 0;
  /// Add those that are not there; on return they are on disk.
  virtual Status add(std::span<const NewKnownImage> images) = 0;
  /// Rewrite the table without images whose content `keep` declines. Returns how many are left.
  virtual Result<std::uint64_t> gc(const std::function<bool(const Sha256&)>& keep) = 0;
  virtual std::uint64_t size() const = 0;

 protected:
  KnownImages() = default;
};

}  // namespace assay::embedding_store
