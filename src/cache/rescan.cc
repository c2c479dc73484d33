#include "cache/rescan.h"

#include "cache/publish.h"
#include "files/atomic_file.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <utility>

namespace assay::cache {
namespace {

// Times of files are this coarse on some file systems: a folder that changed just now may change
// again without its time telling.
constexpr std::chrono::seconds kCoarseTime{2};
constexpr std::size_t kCandidateBatchSize = 256;

bool is_in(const std::vector<std::string>& sorted_names, const std::string& name) {
  return std::ranges::binary_search(sorted_names, name);
}

/// Looked at again, and as it was.
bool is_still_broken(const std::optional<Item>& known, const Item& item) {
  return known && item.state == ItemState::kBroken && known->state == item.state &&
         known->stamp == item.stamp && known->sidecar == item.sidecar &&
         known->problem == item.problem;
}

/// Goes through one folder.
class FolderScan {
 public:
  FolderScan(Store& store, const WriteTurn& turn, ItemFolder folder, RescanSummary& summary)
      : store_(store), turn_(turn), folder_(folder), summary_(summary) {}

  /// Errors: as rescan().
  Status run(ScanDepth depth, const std::stop_token& stop);
  /// One item alone. Errors: as rescan().
  Status look_again_at(const Item& item, const std::stop_token& stop);

 private:
  /// What is looked at again, and as what it is known.
  struct Candidate {
    std::string name;
    std::optional<Item> known;
  };

  Status find_candidates(ScanDepth depth);
  Status compare(ScanDepth depth, const Item& item);
  Status take_in(std::span<const Candidate> candidates, const std::stop_token& stop);
  Result<std::optional<Item>> look_at(const Candidate& candidate) const;
  Status read_image(Item& item, const std::optional<ImageFacts>& facts) const;
  Result<std::optional<FileStamp>> stamp_at(const std::string& name) const {
    return store_.stamp_of(path(name));
  }
  std::filesystem::path path(const std::string& name) const {
    return store_.layout().folder(folder_) / name;
  }

  Store& store_;
  const WriteTurn& turn_;
  ItemFolder folder_;
  RescanSummary& summary_;
  std::vector<std::string> names_;
  std::vector<Candidate> candidates_;
  std::vector<std::uint64_t> gone_;
  bool has_young_broken_ = false;
};

/// Whether a known item is still what the index says.
Status FolderScan::compare(ScanDepth depth, const Item& item) {
  const bool has_sidecar = is_in(names_, sidecar_name(item.name));
  bool is_same = has_sidecar == item.sidecar.has_value();
  if (is_same && has_sidecar) {
    ASSIGN_OR_RETURN(const auto sidecar, stamp_at(sidecar_name(item.name)));
    is_same = sidecar == item.sidecar;
  }
  if (is_same && (depth == ScanDepth::kFiles || item.state == ItemState::kBroken)) {
    ASSIGN_OR_RETURN(const auto stamp, stamp_at(item.name));
    is_same = stamp && *stamp == item.stamp;
  }
  // Rights may have been mended, or a library installed, which no time of a file tells.
  const bool is_retried = depth == ScanDepth::kFiles && item.state == ItemState::kBroken;
  if (!is_same || is_retried) candidates_.push_back({.name = item.name, .known = item});
  return {};
}

// Both lists are in the order of bytes.
Status FolderScan::find_candidates(ScanDepth depth) {
  auto name = names_.begin();
  const auto take_new_before = [&](const std::string* limit) {
    for (; name != names_.end() && (limit == nullptr || *name < *limit); ++name) {
      if (is_image_name(*name)) candidates_.push_back({.name = *name, .known = std::nullopt});
    }
  };
  Status compared;
  RETURN_IF_ERROR(store_.index().for_each_in(folder_, [&](const Item& item) {
    if (!compared) return;
    take_new_before(&item.name);
    if (name != names_.end() && *name == item.name) {
      ++name;
      compared = compare(depth, item);
    } else {
      gone_.push_back(item.id);
    }
  }));
  RETURN_IF_ERROR(std::move(compared));
  take_new_before(nullptr);
  return {};
}

/// Fill in what the image is: by its sidecar if that is about this file, else by decoding.
Status FolderScan::read_image(Item& item, const std::optional<ImageFacts>& facts) const {
  if (facts && facts->size_bytes == item.stamp.size_bytes) {
    item.facts = facts;
    return {};
  }
  const ByteCount limit = store_.options().limits.max_size_bytes;
  const auto bytes = files::read_file(store_.tools().file_system, path(item.name), limit);
  if (!bytes) {
    if (bytes.error().code == ErrorCode::kNotFound) return bytes.error();
    item.state = ItemState::kBroken;
    item.problem = bytes.error().message;
    return {};
  }
  auto examined = examine(as_bytes(*bytes), store_.options().limits);
  if (examined) {
    item.facts = std::move(examined->facts);
  } else {
    item.state = ItemState::kBroken;
    item.problem = examined.error().reason;
  }
  return {};
}

/// Nothing when the file is no longer there, or is none.
Result<std::optional<Item>> FolderScan::look_at(const Candidate& candidate) const {
  ASSIGN_OR_RETURN(const auto stamp, stamp_at(candidate.name));
  if (!stamp) return std::optional<Item>();
  ASSIGN_OR_RETURN(const auto sidecar, stamp_at(sidecar_name(candidate.name)));
  Item item{.folder = folder_,
            .name = candidate.name,
            .stamp = *stamp,
            .sidecar = sidecar,
            .state = ItemState::kNoSidecar,
            .added = candidate.known ? candidate.known->added : stamp->modified};
  std::optional<ImageFacts> facts;
  if (sidecar) {
    const auto text = files::read_file(store_.tools().file_system,
                                       path(sidecar_name(candidate.name)), kMaxSidecarSize);
    Sidecar found = text ? read_sidecar(*text) : Sidecar();
    item.state = found.state;
    item.label = found.label;
    item.source = std::move(found.source);
    facts = std::move(found.facts);
  }
  if (candidate.known && candidate.known->stamp == *stamp && candidate.known->facts) {
    facts = candidate.known->facts;
  }
  RETURN_IF_ERROR(read_image(item, facts));
  return std::optional(std::move(item));
}

Status FolderScan::take_in(std::span<const Candidate> candidates, const std::stop_token& stop) {
  std::vector<std::optional<Item>> found(candidates.size());
  RETURN_IF_ERROR(parallel_for(
      store_.tools().pool, candidates.size(),
      [&](std::size_t i) -> Status {
        auto item = look_at(candidates[i]);
        // One that was removed meanwhile is noticed by the next scan.
        if (!item && item.error().code == ErrorCode::kNotFound) return {};
        if (!item) return item.error();
        found[i] = std::move(*item);
        return {};
      },
      stop));
  std::vector<Item> items;
  const Timestamp now = store_.tools().clock.now();
  for (std::size_t i = 0; i < found.size(); ++i) {
    std::optional<Item>& item = found[i];
    if (!item) continue;
    const bool is_young = now - item->stamp.modified < kCopyTime;
    has_young_broken_ = has_young_broken_ || (item->state == ItemState::kBroken && is_young);
    if (is_still_broken(candidates[i].known, *item)) continue;
    ++(candidates[i].known ? summary_.num_changed : summary_.num_new);
    items.push_back(std::move(*item));
  }
  return store_.put(turn_, items);
}

Status FolderScan::look_again_at(const Item& item, const std::stop_token& stop) {
  ASSIGN_OR_RETURN(const auto stamp, stamp_at(item.name));
  if (!stamp) return store_.forget(turn_, std::array{item.id});
  return take_in(std::array{Candidate{.name = item.name, .known = item}}, stop);
}

Status FolderScan::run(ScanDepth depth, const std::stop_token& stop) {
  files::FileSystem& file_system = store_.tools().file_system;
  const std::filesystem::path folder = store_.layout().folder(folder_);
  std::optional<files::FileInfo> info;
  // Items that are known by a second name of a folder are forgotten as if it were not there.
  const bool is_second_name = store_.is_second_name(folder_);
  if (!is_second_name) {
    ASSIGN_OR_RETURN(info, file_system.info(folder));
  }
  const std::optional<Timestamp> modified = info ? std::optional(info->modified) : std::nullopt;
  ASSIGN_OR_RETURN(const auto scanned, store_.index().scanned(folder_));
  if (depth == ScanDepth::kFolders && modified && scanned == modified) return {};
  if (info) {
    ASSIGN_OR_RETURN(names_, file_system.list(folder));
    if (store_.options().access == Access::kWrite) {
      ASSIGN_OR_RETURN(const auto finished, finish_publishing(file_system, folder, names_));
      summary_.num_completed += finished.num_completed;
      summary_.num_taken_back += finished.num_taken_back;
      if (finished.num_completed > 0) {
        ASSIGN_OR_RETURN(names_, file_system.list(folder));
      }
    }
  }
  RETURN_IF_ERROR(find_candidates(depth));
  RETURN_IF_ERROR(store_.forget(turn_, gone_));
  summary_.num_gone += is_second_name ? 0 : gone_.size();
  const std::span<const Candidate> all(candidates_);
  for (std::size_t start = 0; start < all.size(); start += kCandidateBatchSize) {
    RETURN_IF_ERROR(
        take_in(all.subspan(start, std::min(kCandidateBatchSize, all.size() - start)), stop));
  }
  const bool is_settled =
      modified && !has_young_broken_ && store_.tools().clock.now() - *modified > kCoarseTime;
  const std::optional<Timestamp> known = is_settled ? modified : std::nullopt;
  if (known == scanned) return {};
  return store_.index().set_scanned(folder_, known);
}

}  // namespace

std::vector<std::filesystem::path> item_folders(const CacheLayout& layout) {
  std::vector<std::filesystem::path> paths;
  paths.reserve(kItemFolders.size());
  for (const ItemFolder folder : kItemFolders) paths.push_back(layout.folder(folder));
  return paths;
}

Result<RescanSummary> rescan(Store& store, ScanDepth depth, const std::stop_token& stop) {
  RescanSummary summary;
  ASSIGN_OR_RETURN(const WriteTurn turn, store.begin_turn(stop));
  for (const ItemFolder folder : kItemFolders) {
    Status scanned = FolderScan(store, turn, folder, summary).run(depth, stop);
    if (scanned) continue;
    const ErrorCode code = scanned.error().code;
    if (code != ErrorCode::kDenied && code != ErrorCode::kInvalidInput) return scanned.error();
    summary.failures.push_back({.folder = folder, .error = std::move(scanned.error())});
  }
  return summary;
}

Result<bool> confirm_item(Store& store, std::uint64_t id, const std::stop_token& stop) {
  ASSIGN_OR_RETURN(const auto item, store.index().find_id(id));
  if (!item) return false;
  const std::filesystem::path folder = store.layout().folder(item->folder);
  ASSIGN_OR_RETURN(const auto image, store.stamp_of(folder / item->name));
  ASSIGN_OR_RETURN(const auto sidecar, store.stamp_of(folder / sidecar_name(item->name)));
  if (image == item->stamp && sidecar == item->sidecar) return true;
  ASSIGN_OR_RETURN(const WriteTurn turn, store.begin_turn(stop));
  RescanSummary summary;
  RETURN_IF_ERROR(FolderScan(store, turn, item->folder, summary).look_again_at(*item, stop));
  return false;
}

}  // namespace assay::cache
