#include "cache/relabel.h"

#include "files/atomic_file.h"

#include <filesystem>
#include <optional>

namespace assay::cache {
namespace {

namespace fs = std::filesystem;

/// Items that the user may mean; a name alone may stand in several folders.
Result<std::vector<Item>> find_items(Store& store, const std::string& given) {
  std::vector<Item> found;
  const fs::path path = given;
  for (const ItemFolder folder : kItemFolders) {
    const fs::path place = store.layout().folder(folder);
    const fs::path parent = path.parent_path();
    bool is_there = parent.empty() || parent == fs::path(path_of(folder));
    if (!is_there) {
      ASSIGN_OR_RETURN(const fs::path resolved, store.tools().file_system.resolve(parent));
      ASSIGN_OR_RETURN(const fs::path own, store.tools().file_system.resolve(place));
      is_there = resolved == own;
    }
    if (!is_there) continue;
    ASSIGN_OR_RETURN(auto item, store.index().find(folder, path.filename().native()));
    if (item) found.push_back(std::move(*item));
  }
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
    ASSIGN_OR_RETURN(const std::vector<Item> items, find_items(store, given));
    if (items.empty()) report.unknown.push_back(given);
    for (const Item& item : items) {
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
