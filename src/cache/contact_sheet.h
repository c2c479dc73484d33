/// \file
/// A page of thumbnails, so that a person can look whether labels are right.

#pragma once

#include "cache/store.h"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <stop_token>
#include <string>

namespace assay::cache {

struct ContactSheetOptions {
  std::filesystem::path target = {};
  std::optional<CacheKind> cache = {};
  /// Of each cache, label and source; the others are counted. They are drawn at random.
  std::size_t max_images_each = 24;
  /// Of the longer side of a thumbnail, in pixels.
  std::uint32_t max_side = 200;
  /// For the footer.
  std::string made_by = {};
};

struct ContactSheetReport {
  std::uint64_t num_shown = 0;
  std::uint64_t num_images = 0;
};

/// Write one page that holds its pictures and loads nothing.
/// Pre:    the index is up to date.
/// Errors: as Store and files::AtomicFile; kCancelled.
Result<ContactSheetReport> write_contact_sheet(Store& store, const ContactSheetOptions& options,
                                               const std::stop_token& stop = {});

}  // namespace assay::cache
