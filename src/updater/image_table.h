/// \file
/// A Parquet file with a column of images: which it is, what its rows say, and some of its images.

#pragma once

#include "cache/layout.h"
#include "core/bytes.h"
#include "core/result.h"
#include "json/value.h"
#include "tables/dataset.h"
#include "tables/file_description.h"
#include "tables/leaf_scan.h"
#include "updater/image_rows.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace assay::updater {

/// How a column holds images. Order: in which columns are taken.
enum class ImageForm : std::uint8_t {
  kStruct,  ///< A struct with the field `bytes`, as Python's `datasets` writes.
  kBinary,
  kBase64,  ///< Text; a data URL as well.
};

/// Columns by name.
struct ImageColumns {
  /// Empty: found by its type; of several of one type the first with `image` in its name.
  std::string image = {};
  std::string label = "label";
  std::string description = "scene_description";
};

/// Threads: one thread at a time.
/// Errors: those of tables::LeafScan.
class ImageTable final : public ImageRows {
 public:
  /// Reads the footer. `sources` are borrowed.
  /// Errors: also kInvalidInput (no column of images; the message lists the columns).
  static Result<ImageTable> open(const tables::DatasetSources& sources, std::string address,
                                 const ImageColumns& columns, const std::stop_token& stop);

  std::uint64_t num_rows() const override { return description_.num_rows; }
  /// The name of the column of images.
  const std::string& image_column() const { return image_column_; }
  ImageForm form() const { return form_; }
  /// Whether there is a column of labels.
  bool has_labels() const override;

  /// The labels of all rows. Numbers and booleans count as in a sidecar; so do the texts that
  /// cache::parse_label() reads.
  Result<std::vector<std::optional<cache::Label>>> read_labels(
      const std::stop_token& stop) const override;

  /// Read `rows`, which ascend, each below num_rows(); other rows are not.
  /// Order: by row group, else any. Cost: one image, and the other columns of all `rows`; where the
  ///        images are packed by something else than Snappy a page of them. Errors: also those of
  ///        `on_row`.
  Status read_rows(std::span<const std::uint64_t> rows, const OnRow& on_row,
                   const std::stop_token& stop) const override;

 private:
  /// A leaf that goes into the sidecar.
  struct OtherLeaf {
    std::string path;
    std::size_t leaf;  ///< Its place in leaves_.
  };

  ImageTable(const tables::DatasetSources& sources, std::string address,
             tables::FileDescription description, ImageColumns columns)
      : sources_(sources),
        address_(std::move(address)),
        description_(std::move(description)),
        columns_(std::move(columns)) {}
  enum class WithImages : std::uint8_t { kNo, kYes };

  /// Errors of all: as the class.
  Status find_image_column();
  Status scan_rows(std::span<const std::uint64_t> rows, WithImages with, const OnRow& on_row,
                   const std::stop_token& stop) const;
  Result<TableRow> read_row(tables::LeafBatch& batch,
                            std::span<const tables::LeafInfo> infos) const;
  void put_image(TableRow& row, std::optional<std::string_view> bytes) const;
  void plan_leaves();
  std::size_t add_leaf(const std::string& path);

  tables::DatasetSources sources_;
  std::string address_;
  tables::FileDescription description_;
  ImageColumns columns_;
  std::string image_column_;
  ImageForm form_ = ImageForm::kBinary;
  std::string image_path_;  ///< Of the leaf with the bytes.

  std::vector<std::string> leaves_;
  std::optional<std::size_t> label_leaf_;
  std::optional<std::size_t> description_leaf_;
  std::optional<std::size_t> name_leaf_;
  std::vector<OtherLeaf> others_;
  std::vector<std::string> omitted_;
};

/// The file of a base64 text or a data URL. Errors: kInvalidInput.
Result<std::string> decode_image_text(std::string_view text);

}  // namespace assay::updater
