/// \file
/// Labelled images leave the cache: as a folder with a table, or as a WebDataset tar.

#pragma once

#include "cache/store.h"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>

namespace assay::cache {

enum class ExportForm : std::uint8_t {
  kFolder,      ///< `images/` and `labels.csv`, which import_files() reads again.
  kWebDataset,  ///< One tar: an image and its sidecar as `KEY.jpg` and `KEY.json`.
};

struct ExportOptions {
  ExportForm form = ExportForm::kFolder;
  std::filesystem::path target = {};
  std::optional<CacheKind> cache = {};
  std::optional<Label> label = {};
};

struct ExportReport {
  std::uint64_t num_images = 0;
  ByteCount bytes = {};
  std::uint64_t num_unlabelled = 0;  ///< Left out: without a label that can be told.
  std::uint64_t num_lost = 0;        ///< Left out: gone, or not readable, since the index was read.
};

using OnExportProgress = std::function<void(std::uint64_t done)>;

/// Write the images that have a label and decode, with the bytes that they have. `labels.csv`
/// comes last: once it is there, the folder is whole. A tar appears whole or not at all.
/// Pre:    the index is up to date.
/// Errors: as Store and files::AtomicFile; kInvalidInput (the folder holds something already);
///         kCancelled.
Result<ExportReport> export_images(Store& store, const ExportOptions& options,
                                   const OnExportProgress& on_progress = {},
                                   const std::stop_token& stop = {});

}  // namespace assay::cache
