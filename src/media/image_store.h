/// \file
/// The images of a data folder, each stored once.

#pragma once

#include "core/bytes.h"
#include "core/result.h"
#include "files/file_system.h"
#include "media/prompt_image.h"

#include <filesystem>
#include <memory>
#include <mutex>
#include <utility>

namespace assay::media {

/// Threads: all calls are safe from any thread.
/// Errors: kNoSpace, kDenied, kUnavailable; after them nothing half-written is left.
class ImageStore {
 public:
  /// Make the folder `images` and add up the sizes, once.
  static Result<std::unique_ptr<ImageStore>> open(files::FileSystem& file_system,
                                                  const std::filesystem::path& data_folder);

  /// Put the image on disk unless it is there; returns its path relative to the data folder. A file
  /// of that name with other bytes is damaged and replaced, unless its own hash gives it the name:
  /// then the image goes to `images/<all 64 digits>.<extension>`.
  Result<std::filesystem::path> store(const PromptImage& image);

  /// Bytes of all images together. No look at the disk.
  ByteCount size() const;

 private:
  enum class Present { kNothing, kSame, kOther, kDamaged };

  ImageStore(files::FileSystem& file_system, std::filesystem::path data_folder)
      : file_system_(&file_system), data_folder_(std::move(data_folder)) {}
  Result<Present> look(const std::filesystem::path& path, const PromptImage& image);

  files::FileSystem* file_system_;
  std::filesystem::path data_folder_;
  mutable std::mutex mutex_;  // guards size_, and the names in the folder
  ByteCount size_;
};

}  // namespace assay::media
