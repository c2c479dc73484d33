#include "cache/quarantine.h"

#include "core/bytes.h"
#include "core/log.h"
#include "crypto/digest.h"
#include "files/atomic_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <tuple>
#include <utility>
#include <vector>

namespace assay::cache {
namespace {

namespace fs = std::filesystem;

// Long enough for every name there is below it, with what is added.
constexpr std::size_t kMaxNameSize = 150;
constexpr std::string_view kReasonMark = ".reason.txt";

std::string reason_name(std::string_view name) { return fmt::format("{}{}", name, kReasonMark); }

std::string reason_text(std::string_view reason, std::string_view origin) {
  return fmt::format("{}\nfrom {}\n", reason, origin);
}

std::string place_name(std::string_view name, const Sha256& mark) {
  const fs::path file = fs::path(name).filename();
  return fmt::format("{}__{}{}", file.stem().native().substr(0, kMaxNameSize),
                     mark.to_hex().substr(0, 16), file.extension().native().substr(0, 16));
}

/// A file of the quarantine that is no reason.
struct Entry {
  std::string name;
  ByteCount bytes;  // with its reason
  Timestamp since;
  bool has_reason = false;

  bool is_sidecar() const { return name.ends_with(".json"); }
  /// What an image has in common with its sidecar.
  std::string_view stem() const { return std::string_view(name).substr(0, name.rfind("__")); }
};

/// Errors: as FileSystem.
Result<std::vector<Entry>> list_entries(files::FileSystem& file_system, const fs::path& folder) {
  std::vector<Entry> entries;
  ASSIGN_OR_RETURN(const auto present, file_system.info(folder));
  if (!present) return entries;
  ASSIGN_OR_RETURN(const auto listed, file_system.list(folder));
  const std::set<std::string, std::less<>> names(listed.begin(), listed.end());
  for (const std::string& name : names) {
    if (name.starts_with('.') || name.ends_with(kReasonMark)) continue;
    ASSIGN_OR_RETURN(const auto info, file_system.info_unfollowed(folder / name));
    if (!info || info->kind != files::FileKind::kFile) continue;
    entries.push_back({.name = name, .bytes = info->size, .since = info->modified});
    Entry& entry = entries.back();
    if (!names.contains(reason_name(name))) continue;
    ASSIGN_OR_RETURN(const auto reason, file_system.info_unfollowed(folder / reason_name(name)));
    if (!reason || reason->kind != files::FileKind::kFile) continue;
    entry.bytes += reason->size;
    entry.since = reason->modified;
    entry.has_reason = true;
  }
  return entries;
}

QuarantineTotals totals_of(std::span<const Entry> entries) {
  QuarantineTotals totals;
  for (const Entry& entry : entries) {
    totals.num_images += entry.is_sidecar() ? 0 : 1;
    totals.bytes += entry.bytes;
  }
  return totals;
}

/// Those that go, the oldest first, until `low_mark` is left.
std::vector<Entry> choose(std::vector<Entry> entries, ByteCount low_mark) {
  std::ranges::sort(entries, {},
                    [](const Entry& entry) { return std::tie(entry.since, entry.name); });
  ByteCount left = totals_of(entries).bytes;
  std::map<std::string, std::uint64_t, std::less<>> num_images;
  std::multimap<std::string, Entry, std::less<>> sidecars;  // of images that are there
  for (const Entry& entry : entries) {
    if (!entry.is_sidecar()) ++num_images[std::string(entry.stem())];
  }
  std::erase_if(entries, [&](const Entry& entry) {
    const bool is_of_image = entry.is_sidecar() && num_images.contains(entry.stem());
    if (is_of_image) sidecars.emplace(entry.stem(), entry);
    return is_of_image;
  });
  std::vector<Entry> chosen;
  for (Entry& entry : entries) {
    if (left <= low_mark) break;
    left = left - entry.bytes;
    chosen.push_back(std::move(entry));
    const std::string stem(chosen.back().stem());
    if (chosen.back().is_sidecar() || --num_images[stem] > 0) continue;
    const auto [first, last] = sidecars.equal_range(stem);
    for (auto sidecar = first; sidecar != last; ++sidecar) {
      left = left - sidecar->second.bytes;
      chosen.push_back(sidecar->second);
    }
  }
  return chosen;
}

}  // namespace

Result<QuarantineTotals> measure_quarantine(files::FileSystem& file_system,
                                            const CacheLayout& layout) {
  ASSIGN_OR_RETURN(const auto entries, list_entries(file_system, layout.quarantine()));
  return totals_of(entries);
}

bool is_reason_alone(std::string_view name, std::span<const std::string> names) {
  if (!name.ends_with(kReasonMark)) return false;
  name.remove_suffix(kReasonMark.size());
  return !std::ranges::binary_search(names, name);
}

Status Quarantine::note_time() {
  ASSIGN_OR_RETURN(const auto info, file_system_->info(folder_));
  changed_ = info ? std::optional(info->modified) : std::nullopt;
  return {};
}

/// Unless it is known, and nobody else has changed the folder since.
Status Quarantine::learn_size() {
  if (!is_bound()) return {};
  const auto before = changed_;
  RETURN_IF_ERROR(note_time());
  if (size_ && changed_ == before) return {};
  ASSIGN_OR_RETURN(const auto entries, list_entries(*file_system_, folder_));
  size_ = totals_of(entries).bytes;
  return {};
}

/// Pre: learn_size() was called before they came.
Status Quarantine::count_in(ByteCount bytes) {
  if (!is_bound()) return {};
  const ByteCount size = size_.value_or(ByteCount()) + bytes;
  size_ = size;
  if (size <= max_bytes_) return note_time();
  return trim();
}

Status Quarantine::write_reason(const fs::path& place, std::string_view text) {
  return files::write_file(*file_system_, folder_ / reason_name(place.filename().native()), text);
}

Status Quarantine::put(const Quarantined& image) {
  const fs::path place = folder_ / place_name(image.name, crypto::sha256(image.bytes));
  const std::string reason = reason_text(image.reason, image.origin);
  const ByteCount size(image.bytes.size() + reason.size());
  if (size > low_mark()) {
    if (max_bytes_ == ByteCount()) return {};  // as it was asked for
    log_warning(
        "an image is larger than the quarantine may be, and was not copied there",
        {{"image", image.origin}, {"bytes", to_string(size)}, {"may_hold", to_string(max_bytes_)}});
    return {};
  }
  ASSIGN_OR_RETURN(const auto present, file_system_->info(place));
  if (present) return {};
  RETURN_IF_ERROR(learn_size());
  RETURN_IF_ERROR(write_reason(place, reason));
  RETURN_IF_ERROR(files::write_file(*file_system_, place, as_text(image.bytes)));
  return count_in(size);
}

/// Another file may have come from the same path before.
Result<fs::path> Quarantine::free_place(const fs::path& path) {
  std::string mark = path.native();
  while (true) {
    fs::path place = folder_ / place_name(path.filename().native(), crypto::sha256(mark));
    ASSIGN_OR_RETURN(const auto present, file_system_->info(place));
    if (!present) return place;
    mark += '+';
  }
}

// The sidecar first: where it is left alone, it counts as an orphan and is removed.
Result<Quarantine::Move> Quarantine::plan_move(const fs::path& image,
                                               const std::optional<fs::path>& sidecar,
                                               std::string_view reason) const {
  Move move{.steps = {{image, reason_text(reason, image.native())}}};
  ASSIGN_OR_RETURN(const auto info, file_system_->info(image));
  if (!info) return not_found(image.native() + ": no such file");
  move.size = info->size + ByteCount(move.steps.back().reason.size());
  ASSIGN_OR_RETURN(const auto beside,
                   sidecar ? file_system_->info(*sidecar) : std::optional<files::FileInfo>());
  if (sidecar && beside) {
    move.steps.insert(
        move.steps.begin(),
        {*sidecar, reason_text("the sidecar of " + image.filename().native(), sidecar->native())});
    move.size += beside->size + ByteCount(move.steps.front().reason.size());
  }
  return move;
}

Result<bool> Quarantine::expect(const fs::path& image, const std::optional<fs::path>& sidecar,
                                std::string_view reason) {
  ASSIGN_OR_RETURN(const Move move, plan_move(image, sidecar, reason));
  if (moved_ + expected_ + move.size > low_mark()) return false;
  expected_ += move.size;
  return true;
}

Result<bool> Quarantine::move(const fs::path& image, const std::optional<fs::path>& sidecar,
                              std::string_view reason) {
  ASSIGN_OR_RETURN(const Move move, plan_move(image, sidecar, reason));
  if (moved_ + move.size > low_mark()) return false;
  RETURN_IF_ERROR(file_system_->create_folders(folder_));
  RETURN_IF_ERROR(learn_size());
  for (const Step& step : move.steps) {
    ASSIGN_OR_RETURN(const fs::path place, free_place(step.from));
    RETURN_IF_ERROR(write_reason(place, step.reason));
    RETURN_IF_ERROR(file_system_->rename(step.from, place));
    RETURN_IF_ERROR(file_system_->sync_folder(folder_));
    RETURN_IF_ERROR(file_system_->sync_folder(step.from.parent_path()));
  }
  moved_ += move.size;
  RETURN_IF_ERROR(count_in(move.size));
  return true;
}

Result<QuarantineTotals> Quarantine::excess() const {
  if (!is_bound()) return QuarantineTotals();
  ASSIGN_OR_RETURN(auto entries, list_entries(*file_system_, folder_));
  if (totals_of(entries).bytes + expected_ <= max_bytes_) return QuarantineTotals();
  return totals_of(choose(std::move(entries), low_mark() - expected_));
}

Status Quarantine::trim() {
  if (!is_bound()) return {};
  ASSIGN_OR_RETURN(auto entries, list_entries(*file_system_, folder_));
  const ByteCount size = totals_of(entries).bytes;
  size_ = size;
  if (size <= max_bytes_) return note_time();
  const std::vector<Entry> chosen = choose(std::move(entries), low_mark());
  std::vector<fs::path> paths;
  for (const Entry& entry : chosen) {
    paths.push_back(folder_ / entry.name);
    if (entry.has_reason) paths.push_back(folder_ / reason_name(entry.name));
  }
  for (const fs::path& path : paths) {
    const Status removed = file_system_->remove(path);
    if (!removed && removed.error().code != ErrorCode::kNotFound) return removed.error();
  }
  RETURN_IF_ERROR(file_system_->sync_folder(folder_));
  RETURN_IF_ERROR(note_time());
  const QuarantineTotals gone = totals_of(chosen);
  size_ = size - gone.bytes;
  removed_.num_images += gone.num_images;
  removed_.bytes += gone.bytes;
  log_warning("the oldest images in quarantine were removed: it was full",
              {{"images", std::to_string(gone.num_images)},
               {"bytes", to_string(gone.bytes)},
               {"may_hold", to_string(max_bytes_)}});
  return {};
}

}  // namespace assay::cache
