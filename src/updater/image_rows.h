/// \file
/// Images in numbered rows, wherever they lie.

#pragma once

#include "cache/layout.h"
#include "core/result.h"
#include "json/value.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

namespace assay::updater {

struct TableRow {
  std::uint64_t row = 0;   ///< From 0.
  std::string image = {};  ///< Its file, as it was; empty when the row has none.
  /// Why `image` is empty although the row has something there.
  std::string problem = {};
  /// The problem is not of the image's bytes, which nobody saw: another time there may be none.
  bool may_pass = false;
  std::string original_name = {};  ///< The struct's `path`.
  std::optional<cache::Label> label = {};
  std::string description = {};
  /// All others that JSON can say, fields of structs as members of objects; the names of those left
  /// out are in `omitted_columns`.
  std::vector<std::pair<std::string, json::Value>> columns = {};
};

/// The rows of a table, or the files of a folder.
/// Threads: one thread at a time.
/// Errors: kDenied, kUnavailable, kTimeout, kCorrupt, kCancelled.
class ImageRows {
 public:
  virtual ~ImageRows() = default;

  virtual std::uint64_t num_rows() const = 0;
  /// Whether anything says what the images show.
  virtual bool has_labels() const = 0;
  /// The labels of all rows.
  virtual Result<std::vector<std::optional<cache::Label>>> read_labels(
      const std::stop_token& stop) const = 0;

  using OnRow = std::function<Status(TableRow row)>;
  /// Read `rows`, which ascend, each below num_rows(); other rows are not.
  /// Order: any. Errors: also those of `on_row`.
  virtual Status read_rows(std::span<const std::uint64_t> rows, const OnRow& on_row,
                           const std::stop_token& stop) const = 0;

 protected:
  ImageRows() = default;
  ImageRows(const ImageRows&) = default;
  ImageRows(ImageRows&&) = default;
  ImageRows& operator=(const ImageRows&) = default;
  ImageRows& operator=(ImageRows&&) = default;
};

}  // namespace assay::updater
