/// \file
/// Pages on which a person looks through what was decided: each group, its pictures, the pick and
/// the crop.

#pragma once

#include "core/result.h"
#include "core/thread_pool.h"
#include "decisions/scored_project.h"
#include "files/file_system.h"
#include "review/thumbnail.h"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <stop_token>
#include <string>

namespace assay::review {

/// Which groups are shown. The figures are of all of them.
enum class ReviewedGroups : std::uint8_t { kAll, kUncertain };

struct ReviewOptions {
  /// The first page, `x.html`; the others are `x-2.html` and so on beside it.
  std::filesystem::path target = {};
  std::size_t max_groups_of_page = 200;
  ReviewedGroups groups = ReviewedGroups::kAll;
  /// Where the archives are now, when not where the run read them: each by its own name.
  std::optional<std::filesystem::path> source_folder = std::nullopt;
  ThumbnailOptions thumbnail = {};
  /// For the footer.
  std::string made_by = {};
};

struct ReviewSummary {
  std::size_t num_groups = 0;  ///< Shown.
  std::size_t num_pages = 0;
  std::uint64_t num_pictures = 0;
  /// Images of rows that no run of ours has made: nothing says where they are.
  std::uint64_t num_without_source = 0;
  /// Why other images have no picture, and how many.
  std::map<std::string, std::uint64_t> missing;
};

/// Told after each image of the pages: how many are done, of how many. One call at a time.
using OnReviewProgress = std::function<void(std::uint64_t done, std::uint64_t total)>;

/// Write the pages, the first one last: once it is there, all are. What has no picture gets a place
/// that says why. The pages hold their pictures and load nothing.
///
/// Cost:   each image is decoded once; the pictures of one page are in memory.
/// Errors: as files::AtomicFile; kCancelled.
Result<ReviewSummary> write_review(files::FileSystem& file_system, ThreadPool& pool,
                                   std::span<const decisions::ScoredProject> projects,
                                   const ReviewOptions& options,
                                   const OnReviewProgress& on_progress = {},
                                   const std::stop_token& stop = {});

}  // namespace assay::review
