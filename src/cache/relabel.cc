#include "cache/relabel.h"

#include "cache/intake.h"
#include "files/atomic_file.h"

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <optional>
#include <utility>

namespace assay::cache {
namespace {

namespace fs = std::filesystem;

/// Those that `path` may mean by its folder; a name alone may stand in each of them.
Result<std::vector<ItemFolder>> find_folders(const Store& store, const fs::path& path,
                                             std::optional<CacheKind> kind) {
  std::vector<ItemFolder> found;
  fs::path parent = path.parent_path();
  constexpr ItemFolder kImages = ItemFolder::kRoadworkImages;
  if (parent == path_of(kImages) && store.is_second_name(kImages)) {
    parent = path_of(ItemFolder::kRoadworkImage);
  }
  for (const ItemFolder folder : kItemFolders) {
    if (kind && kind_of(folder) != *kind) continue;
    bool is_there = parent.empty() || parent == fs::path(path_of(folder));
    if (!is_there) {
      files::FileSystem& file_system = store.tools().file_system;
      ASSIGN_OR_RETURN(const fs::path resolved, file_system.resolve(parent));
      ASSIGN_OR_RETURN(const fs::path own, file_system.resolve(store.layout().folder(folder)));
      is_there = resolved == own;
    }
    if (is_there) found.push_back(folder);
  }
  return found;
}

/// Items whose sidecars say that they came under this name: item_name() gave them another one.
Result<std::vector<Item>> find_imported(Store& store, ItemFolder folder, const std::string& name) {
  if (name.empty()) return std::vector<Item>();
  ASSIGN_OR_RETURN(std::vector<Item> items,
                   store.index().find_beginning(folder, plain_stem(name) + "__"));
  std::erase_if(items, [&](const Item& item) {
    const auto text =
        files::read_file(store.tools().file_system, store.sidecar_of(item), kMaxSidecarSize);
    return !text || read_sidecar(*text).original_name != name;
  });
  return items;
}

struct FoundItems {
  std::vector<Item> items;
  bool is_sure = true;  // false: one of them is meant
};

/// Items that the user means. Errors: as Store.
Result<FoundItems> find_items(Store& store, const std::string& given,
                              std::optional<CacheKind> kind) {
  FoundItems found;
  const fs::path path = given;
  const std::string name = path.filename().native();
  ASSIGN_OR_RETURN(const std::vector<ItemFolder> folders, find_folders(store, path, kind));
  for (const ItemFolder folder : folders) {
    ASSIGN_OR_RETURN(auto item, store.index().find(folder, name));
    if (item) found.items.push_back(std::move(*item));
  }
  if (!found.items.empty()) return found;
  for (const ItemFolder folder : folders) {
    ASSIGN_OR_RETURN(std::vector<Item> items, find_imported(store, folder, name));
    std::ranges::move(items, std::back_inserter(found.items));
  }
  found.is_sure = found.items.size() < 2;
  return found;
}

}  // namespace

Result<WrittenLabel> write_label(Store& store, const WriteTurn& turn, Item item,
                                 const RelabelOptions& options, KnownLabels known) {
  files::FileSystem& file_system = store.tools().file_system;
  const fs::path path = store.sidecar_of(item);
  // Before it is read: what others write later is noticed by its time.
  ASSIGN_OR_RETURN(auto info, file_system.info(path));
  std::string text;
  Sidecar sidecar{.state = ItemState::kNoSidecar};
  if (info) {
    auto read = files::read_file(file_system, path, kMaxSidecarSize);
    if (read) {
      text = std::move(*read);
      if (!text.empty()) sidecar = read_sidecar(text);
    } else if (read.error().code != ErrorCode::kNotFound) {
      // One that is too large, or not ours to read, is somebody's all the same.
      sidecar.state = ItemState::kBadSidecar;
    }
  }
  WrittenLabel written;
  const bool is_kept = known == KnownLabels::kKept && sidecar.label;
  if (sidecar.state != ItemState::kBadSidecar && !is_kept) {
    ASSIGN_OR_RETURN(text, relabelled(text, options.label, options.description));
    RETURN_IF_ERROR(files::write_file(file_system, path, text));
    ASSIGN_OR_RETURN(info, file_system.info(path));
    if (!info) return unavailable(path.native() + " was removed while it was written");
    sidecar = read_sidecar(text);
    written.is_written = true;
  }
  written.state = sidecar.state;
  written.label = sidecar.label;
  item.sidecar = FileStamp{.size_bytes = info->size.count(), .modified = info->modified};
  item.state = sidecar.state;
  item.label = sidecar.label;
  item.source = sidecar.source;
  RETURN_IF_ERROR(store.put(turn, std::span(&item, 1)));
  return written;
}

Result<RelabelReport> relabel(Store& store, std::span<const std::string> images,
                              const RelabelOptions& options) {
  ASSIGN_OR_RETURN(const WriteTurn turn, store.begin_turn());
  RelabelReport report;
  for (const std::string& given : images) {
    ASSIGN_OR_RETURN(const FoundItems found, find_items(store, given, options.cache));
    if (found.items.empty()) report.unknown.push_back(given);
    if (!found.is_sure) {
      RelabelReport::Ambiguous& told = report.ambiguous.emplace_back();
      told.given = given;
      for (const Item& item : found.items) {
        told.paths.push_back((fs::path(path_of(item.folder)) / item.name).native());
      }
      continue;
    }
    for (const Item& item : found.items) {
      if (item.state == ItemState::kBroken) {
        report.broken.push_back(given);
        continue;
      }
      ASSIGN_OR_RETURN(const WrittenLabel written,
                       write_label(store, turn, item, options, KnownLabels::kReplaced));
      if (!written.is_written) {
        report.bad_sidecar.push_back(given);
        continue;
      }
      ++report.num_labelled;
    }
  }
  return report;
}

Result<RelabelReport> relabel_unlabelled(Store& store, const RelabelOptions& options) {
  ASSIGN_OR_RETURN(const WriteTurn turn, store.begin_turn());
  std::vector<Item> items;
  RETURN_IF_ERROR(store.index().for_each([&](const Item& item) {
    const bool has_none = item.state == ItemState::kNoSidecar || item.state == ItemState::kNoLabel;
    if (has_none && (!options.cache || kind_of(item.folder) == *options.cache)) {
      items.push_back(item);
    }
  }));
  RelabelReport report;
  for (const Item& item : items) {
    ASSIGN_OR_RETURN(const WrittenLabel written,
                     write_label(store, turn, item, options, KnownLabels::kKept));
    report.num_labelled += written.is_written ? 1 : 0;
    if (written.state == ItemState::kBadSidecar) {
      report.bad_sidecar.push_back(store.path_of(item).native());
    }
  }
  return report;
}

}  // namespace assay::cache
