#include "app/cache_shelf.h"

#include "cache/doctor.h"
#include "cache/rescan.h"
#include "core/clock.h"
#include "core/log.h"
#include "core/random.h"
#include "files/atomic_file.h"
#include "files/file_system.h"
#include "images/decode.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace assay::app {
namespace {

using validator::Cell;
using validator::PerCell;

/// A round does not wait longer for another process that writes to the cache.
constexpr std::chrono::milliseconds kMaxWait{500};
/// Why a cache is empty costs a look at every file.
constexpr std::chrono::seconds kDiagnosisInterval{30};
/// However much is going on in the folders, a look at them takes no more than a part of the time.
constexpr int kMinRescanPause = 10;
constexpr std::chrono::milliseconds kLeastRescanPause{500};
/// Files that vanish, or are edited, between the look at the folders and the reading.
constexpr int kMaxChanged = 20;

cache::CacheKind kind_of(validator::ImageOrigin origin) {
  switch (origin) {
    case validator::ImageOrigin::kReal:
      return cache::CacheKind::kReal;
    case validator::ImageOrigin::kTextToImage:
      return cache::CacheKind::kTextToImage;
    case validator::ImageOrigin::kImageToImage:
      return cache::CacheKind::kImageToImage;
  }
  return cache::CacheKind::kReal;
}

}  // namespace

CacheShelf::CacheShelf(std::filesystem::path folder, const CacheShelfOptions& options,
                       std::stop_token stop)
    : folder_(std::move(folder)),
      options_(options),
      stop_(std::move(stop)),
      watch_(files::posix_file_system(), cache::item_folders(cache::CacheLayout(folder_))) {}

Result<std::unique_ptr<CacheShelf>> CacheShelf::open(const std::filesystem::path& folder,
                                                     const CacheShelfOptions& options,
                                                     const std::stop_token& stop) {
  std::unique_ptr<CacheShelf> shelf(new CacheShelf(folder, options, stop));
  shelf->pool_ = std::make_unique<ThreadPool>(ThreadPoolOptions{.num_threads = 1});
  RETURN_IF_ERROR(with_context(shelf->reopen(), folder.native()));
  return shelf;
}

Status CacheShelf::reopen() {
  sampler_.reset();
  store_.reset();
  const cache::StoreTools tools{.file_system = files::posix_file_system(),
                                .clock = system_clock(),
                                .random = system_random(),
                                .pool = *pool_};
  ASSIGN_OR_RETURN(store_, cache::Store::open(tools, cache::CacheLayout(folder_),
                                              {.draws_often = true, .max_wait = kMaxWait}, stop_));
  RETURN_IF_ERROR(look_at(cache::ScanDepth::kFolders));
  ASSIGN_OR_RETURN(cache::Sampler sampler, cache::Sampler::open(*store_));
  sampler_ = std::make_unique<cache::Sampler>(std::move(sampler));
  return {};
}

Status CacheShelf::look_at(cache::ScanDepth depth) {
  const auto start = system_clock().monotonic();
  const auto found = cache::rescan(*store_, depth, stop_);
  const auto end = system_clock().monotonic();
  next_rescan_ = end + options_.rescan_interval;
  earliest_rescan_ =
      end + std::max<std::chrono::nanoseconds>((end - start) * kMinRescanPause, kLeastRescanPause);
  // Another process is writing, which tells the index itself: what is there serves as well.
  if (!found && found.error().code != ErrorCode::kUnavailable) return found.error();
  return {};
}

cache::DrawOptions CacheShelf::draw_options(const Cell& cell) const {
  return {.cache = kind_of(cell.origin),
          .label = cell.label == scoring::Label::kPresent ? cache::Label::kRoadwork
                                                          : cache::Label::kNone,
          .policy = cache::DrawPolicy::kUniform,
          .cool_down = options_.cool_down};
}

Result<PerCell<std::uint64_t>> CacheShelf::count() {
  PerCell<std::uint64_t> counts{};
  for (std::size_t i = 0; i < validator::kNumCells; ++i) {
    ASSIGN_OR_RETURN(counts.at(i), sampler_->count_eligible(draw_options(validator::cell_at(i))));
  }
  return counts;
}

Result<PerCell<std::uint64_t>> CacheShelf::stock() {
  if (!sampler_) RETURN_IF_ERROR(reopen());
  const auto now = system_clock().monotonic();
  const bool is_told = now >= earliest_rescan_ && watch_.has_changed();
  // What is told may be a file written to in place.
  if (is_told) RETURN_IF_ERROR(look_at(cache::ScanDepth::kFiles));
  if (now >= next_rescan_) RETURN_IF_ERROR(look_at(cache::ScanDepth::kFolders));
  auto counts = count();
  if (counts || counts.error().code != ErrorCode::kUnavailable) return counts;
  // Somebody has made the index anew.
  RETURN_IF_ERROR(reopen());
  return count();
}

Result<std::optional<validator::ShelfImage>> CacheShelf::draw(const Cell& cell) {
  for (int i = 0; i < kMaxChanged; ++i) {
    ASSIGN_OR_RETURN(const auto drawn, sampler_->draw(draw_options(cell)));
    if (!drawn) break;
    // The label of a sidecar that was edited meanwhile would be a wrong truth.
    auto is_as_told = cache::confirm_item(*store_, drawn->id, stop_);
    if (!is_as_told) {
      // Another process writes to the index: the next round finds out.
      if (is_as_told.error().code == ErrorCode::kUnavailable) break;
      return std::move(is_as_told.error());
    }
    if (!*is_as_told) continue;
    auto image =
        read((cache::path_of(drawn->folder) / std::filesystem::path(drawn->name)).native());
    if (image) return std::optional(std::move(*image));
    if (image.error().code != ErrorCode::kNotFound) return std::move(image.error());
  }
  return std::optional<validator::ShelfImage>();
}

Result<validator::ShelfImage> CacheShelf::read(std::string_view name) {
  ASSIGN_OR_RETURN(std::string bytes, files::read_file(files::posix_file_system(),
                                                       folder_ / std::filesystem::path(name),
                                                       images::kMaxEncodedSize));
  const auto* first = reinterpret_cast<const std::byte*>(bytes.data());
  return validator::ShelfImage{.name = std::string(name), .bytes = {first, first + bytes.size()}};
}

std::string CacheShelf::why_empty() {
  const auto now = system_clock().monotonic();
  if (now < next_diagnosis_ && !diagnosis_.empty()) return diagnosis_;
  next_diagnosis_ = now + kDiagnosisInterval;
  diagnosis_ = fmt::format("{}: what is missing, and what helps: assay cache doctor --cache-dir {}",
                           folder_.native(), folder_.native());
  const auto scanned = cache::rescan(*store_, cache::ScanDepth::kFiles, stop_);
  if (!scanned) return diagnosis_;
  const auto report = cache::examine_cache(*store_, *scanned, {});
  if (!report) return diagnosis_;
  const auto first = std::ranges::find_if(
      report->diagnoses, [](const cache::Diagnosis& found) { return !found.is_remark; });
  if (first != report->diagnoses.end()) {
    diagnosis_ = fmt::format("{} What helps: {}; all causes: assay cache doctor --cache-dir {}.",
                             first->words, first->command, folder_.native());
  }
  return diagnosis_;
}

}  // namespace assay::app
