/// \file
/// The images of a plain folder, or below an address in an object store.

#pragma once

#include "core/bytes.h"
#include "tables/dataset.h"
#include "updater/image_rows.h"

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace assay::updater {

struct ImageFolderOptions {
  /// Of all images. Without it, and without `labels_file`, folders named `roadwork` and `none` say.
  std::optional<cache::Label> label = {};
  /// A CSV with the columns `file` and `label`, and `description` if wanted; of local folders.
  std::filesystem::path labels_file = {};
  /// The cache that they are for: its own folders are left out. Empty: none.
  std::filesystem::path cache_root = {};
  ByteCount max_image_size{64U << 20U};
};

/// Errors: also kNotFound; an image that is gone or cannot be read is a row with a problem.
class ImageFolder final : public ImageRows {
 public:
  /// Lists the folder, and those in it; `address` is a path, or `s3://` or `gs://` with a prefix.
  /// `sources` are borrowed. Errors: as cache::plan_import() and tables::RemoteSources.
  static Result<ImageFolder> open(const tables::DatasetSources& sources, std::string address,
                                  const ImageFolderOptions& options);

  /// Another one when other images lie there, by their names and what the listing tells of them:
  /// a row may have another image then.
  std::string identity() const;

  /// Of each of `rows` 16 hexadecimal digits, one after the other: the mark of its image, which
  /// stays when others come or go and changes with its name and what the listing tells of it.
  std::string marks(std::span<const std::uint64_t> rows) const;
  /// The rows whose images have one of these marks, ascending.
  std::vector<std::uint64_t> rows_of(std::string_view marks) const;

  std::uint64_t num_rows() const override { return images_.size(); }
  bool has_labels() const override;
  Result<std::vector<std::optional<cache::Label>>> read_labels(
      const std::stop_token& stop) const override;
  /// Cost: one image in memory.
  Status read_rows(std::span<const std::uint64_t> rows, const OnRow& on_row,
                   const std::stop_token& stop) const override;

 private:
  struct FolderImage {
    std::string address;
    std::optional<cache::Label> label;
    std::string description;
    std::string version;  // as tables::RemoteObject
  };

  ImageFolder(const tables::DatasetSources& sources, std::string address,
              ImageFolderOptions options)
      : sources_(sources), address_(std::move(address)), options_(std::move(options)) {}
  /// Errors of both: as open().
  Status list_local();
  Status list_remote();
  Result<std::string> read(const std::string& address) const;
  std::string mark(std::uint64_t row) const;

  tables::DatasetSources sources_;
  std::string address_;
  ImageFolderOptions options_;
  std::vector<FolderImage> images_;
};

}  // namespace assay::updater
