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
Result<std::vector<ItemFolder>> find_folders(const Store& store, const fs::path& path) {
  std::vector<ItemFolder> found;
  const fs::path parent = path.parent_path();
  for (const ItemFolder folder : kItemFolders) {
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
Result<FoundItems> find_items(Store& store, const std::string& given) {
  FoundItems found;
  const fs::path path = given;
  const std::string name = path.filename().native();
  ASSIGN_OR_RETURN(const std::vector<ItemFolder> folders, find_folders(store, path));
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

Status write_label(Store& store, const WriteTurn& turn, Item item, const RelabelOptions& options) {
  files::FileSystem& file_system = store.tools().file_system;
  const fs::path path = store.sidecar_of(item);
  std::string before;
  if (item.sidecar) {
    const auto text = files::read_file(file_system, path, kMaxSidecarSize);
    // One that is too large or gone is replaced.
    if (text) before = *text;
  }
  const std::string text = relabelled(before, options.label, options.description);
  RETURN_IF_ERROR(files::write_file(file_system, path, text));
  ASSIGN_OR_RETURN(const auto info, file_system.info(path));
  if (!info) return unavailable(path.native() + " was removed while it was written");
  const Sidecar sidecar = read_sidecar(text);
  item.sidecar = FileStamp{.size_bytes = info->size.count(), .modified = info->modified};
  item.state = sidecar.state;
  item.label = sidecar.label;
  item.source = sidecar.source;
  return store.put(turn, std::span(&item, 1));
}

Result<RelabelReport> relabel(Store& store, std::span<const std::string> images,
                              const RelabelOptions& options) {
  ASSIGN_OR_RETURN(const WriteTurn turn, store.begin_turn());
  RelabelReport report;
  for (const std::string& given : images) {
    ASSIGN_OR_RETURN(const FoundItems found, find_items(store, given));
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
      RETURN_IF_ERROR(write_label(store, turn, item, options));
      ++report.num_labelled;
    }
  }
  return report;
}

Result<RelabelReport> relabel_unlabelled(Store& store, std::optional<CacheKind> kind,
                                         const RelabelOptions& options) {
  ASSIGN_OR_RETURN(const WriteTurn turn, store.begin_turn());
  std::vector<Item> items;
  RETURN_IF_ERROR(store.index().for_each([&](const Item& item) {
    const bool has_none = item.state == ItemState::kNoSidecar || item.state == ItemState::kNoLabel;
    if (has_none && (!kind || kind_of(item.folder) == *kind)) items.push_back(item);
  }));
  for (const Item& item : items) RETURN_IF_ERROR(write_label(store, turn, item, options));
  return RelabelReport{.num_labelled = items.size()};
}

}  // namespace assay::cache
