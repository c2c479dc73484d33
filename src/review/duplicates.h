/// \file
/// Images that are in groups twice, byte for byte or nearly, within projects and across them.

#pragma once

#include "core/random.h"
#include "core/result.h"
#include "core/sha256.h"
#include "core/thread_pool.h"
#include "decisions/scored_project.h"
#include "files/file_system.h"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

namespace assay::review {

/// An image of a group. Lifetime: the texts are copies.
struct GroupedImage {
  std::string project = {};
  std::string group_id = {};
  /// Within the source.
  std::string entry = {};

  auto operator<=>(const GroupedImage&) const = default;
};

struct ExactDuplicates {
  Sha256 content;
  /// At least two. Order: by project, group and entry.
  std::vector<GroupedImage> images;
};

/// Of files that are not equal. An image of several equal files stands for all of them.
struct NearDuplicates {
  GroupedImage first;
  GroupedImage second;
  double cosine = 0;
};

struct DuplicateOptions {
  double min_cosine = 0.98;
  /// Near pairs that are kept, the nearest; all are counted.
  std::size_t max_pairs = 1000;
  /// Told how many of the images were compared with all after them.
  std::function<void(std::size_t done, std::size_t total)> on_progress = {};
};

struct DuplicateReport {
  std::uint64_t num_images = 0;
  std::uint64_t num_contents = 0;
  /// Images that no run of ours looked at, or that it could not read.
  std::uint64_t num_unknown = 0;
  /// Contents whose vector the store no longer has, or never had under this root.
  std::uint64_t num_without_vector = 0;
  /// Ways in which the contents were embedded; vectors of different ways are not compared.
  std::size_t num_variants = 0;
  /// Order: the most frequent first, then by content.
  std::vector<ExactDuplicates> exact;
  /// Of them, those in several projects.
  std::uint64_t num_exact_across = 0;
  /// Order: the nearest first.
  std::vector<NearDuplicates> near;
  std::uint64_t num_near = 0;
  std::uint64_t num_near_across = 0;
  /// Near pairs of one group, as stages of a picture are: not among the above.
  std::uint64_t num_near_in_group = 0;
};

/// Images of several databases of one archive are the same images, and count once.
///
/// Cost:   the vectors of all images, once more a quarter; find_near_pairs().
/// Errors: kInvalidInput, kCorrupt, kDenied, kUnavailable (the store in `store_folder`; that there
///         is none costs the near pairs only); kCancelled.
Result<DuplicateReport> find_duplicates(files::FileSystem& file_system, RandomSource& random,
                                        ThreadPool& pool,
                                        std::span<const decisions::ScoredProject> projects,
                                        const std::filesystem::path& store_folder,
                                        const DuplicateOptions& options = {},
                                        const std::stop_token& stop = {});

/// For people, with at most `max_listed` sets and pairs each.
std::string duplicates_text(const DuplicateReport& report, std::size_t max_listed);
/// A JSON object.
std::string duplicates_json(const DuplicateReport& report);

}  // namespace assay::review
