/// \file
/// Decisions as tables and as files beside images.

#pragma once

#include "core/result.h"
#include "decisions/decision_table.h"
#include "files/file_system.h"
#include "images/image.h"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <unordered_map>
#include <vector>

namespace assay::review {

/// Of the images that the model and the user picked in a group, as a run of ours saw them.
struct PickedSizes {
  std::optional<images::ImageSize> ai = std::nullopt;
  std::optional<images::ImageSize> user = std::nullopt;
};

struct DecisionSource {
  std::filesystem::path path;
  decisions::DecisionTable table;
  /// By group_id. A group that no run of ours scored has none.
  std::unordered_map<std::string, PickedSizes> sizes = {};
};

struct DecisionFolder {
  /// Order: by name.
  std::vector<DecisionSource> sources;
  /// Databases that cannot be read, and rows: a line each.
  std::vector<std::string> problems;
};

/// Read every `*.db` of a folder but backups, or one file by name; temporary databases too.
/// Errors: kNotFound (nothing there), kDenied, kUnavailable, kCancelled.
Result<DecisionFolder> read_decision_folder(files::FileSystem& file_system,
                                            const std::filesystem::path& path,
                                            const std::stop_token& stop = {});

/// A row a group. The columns of the table, the coordinates and the names of the selected images
/// each in columns of their own, and the crops in pixels of the images that they are of, empty
/// where that image's size is not known. Booleans are 0 and 1. Errors: as files::AtomicFile.
Status write_csv(files::FileSystem& file_system, const std::filesystem::path& target,
                 std::span<const DecisionSource> sources);
/// The same rows and columns. Errors: as files::AtomicFile.
Status write_parquet(files::FileSystem& file_system, const std::filesystem::path& target,
                     std::span<const DecisionSource> sources);

struct SidecarSummary {
  std::size_t num_written = 0;
  /// Groups without a selected image.
  std::size_t num_without_selection = 0;
  /// Groups whose file another group had taken: their selected images have one name.
  std::vector<std::string> taken;
};

/// For the selected image of each group write `FOLDER/PROJECT/STEM.decision`, which the crop tool
/// reads when it lies beside the image: the group, and the proposed box or none.
/// Errors: as files::AtomicFile; kInvalidInput when `folder` is there and not empty; kCancelled.
Result<SidecarSummary> write_sidecars(files::FileSystem& file_system,
                                      const std::filesystem::path& folder,
                                      std::span<const DecisionSource> sources,
                                      const std::stop_token& stop = {});

}  // namespace assay::review
