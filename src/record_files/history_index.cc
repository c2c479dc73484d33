#include "record_files/history_index.h"

#include "files/atomic_file.h"
#include "record_files/data_folder.h"
#include "record_files/line_reader.h"
#include "record_files/record_scan.h"
#include "records/json_members.h"
#include "records/python_time.h"

#include <algorithm>
#include <utility>

// Persisted names: see docs/formats/history.md before changing any.

namespace assay::record_files {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kIndexName = "history_index.json";
constexpr std::string_view kIndexFormat = "assay-history-index";
constexpr std::int64_t kIndexVersion = 1;
constexpr ByteCount kMaxIndexSize{std::uint64_t{16} << 20};

std::optional<std::int64_t> integer_in(const records::JsonMembers& members, std::string_view name) {
  const std::string* value = members.find(name);
  return value == nullptr ? std::nullopt : records::decode_json_integer(*value);
}

std::optional<std::string> text_in(const records::JsonMembers& members, std::string_view name) {
  const std::string* value = members.find(name);
  return value == nullptr ? std::nullopt : records::decode_json_text(*value);
}

std::optional<Timestamp> time_in(const records::JsonMembers& members, std::string_view name) {
  const auto text = text_in(members, name);
  const auto time = parse_timestamp(text.value_or(""));
  return time ? std::optional(*time) : std::nullopt;
}

std::optional<HistoryIndexEntry> entry_from(std::string_view json) {
  const auto members = records::JsonMembers::parse(json);
  if (!members) return std::nullopt;
  const auto size = integer_in(*members, "size");
  const auto modified = time_in(*members, "modified");
  if (!size || *size < 0 || !modified) return std::nullopt;
  const auto num_lines = std::max<std::int64_t>(integer_in(*members, "lines").value_or(0), 0);
  return HistoryIndexEntry{.size = ByteCount(static_cast<std::uint64_t>(*size)),
                           .modified = *modified,
                           .num_lines = static_cast<std::uint64_t>(num_lines),
                           .first = time_in(*members, "first"),
                           .last = time_in(*members, "last")};
}

std::optional<std::string> time_text(const std::optional<Timestamp>& time) {
  return time ? std::optional(records::python_isoformat(*time)) : std::nullopt;
}

std::string encode(const HistoryIndex& index) {
  records::JsonMembers files;
  for (const auto& [path, entry] : index) {
    records::JsonMembers members;
    const auto month = month_of_file_name(fs::path(path).filename().native());
    members.set_text("month", month ? to_text(*month) : "");
    members.set_integer("size", static_cast<std::int64_t>(entry.size.count()));
    members.set_text("modified", records::python_isoformat(entry.modified));
    members.set_integer("lines", static_cast<std::int64_t>(entry.num_lines));
    members.set_optional_text("first", time_text(entry.first));
    members.set_optional_text("last", time_text(entry.last));
    files.set(path, members.to_text());
  }
  records::JsonMembers root;
  root.set_text("format", kIndexFormat);
  root.set_integer("format_version", kIndexVersion);
  root.set("files", files.to_text());
  return root.to_text() + "\n";
}

/// Nothing when the file cannot be read whole, or is not the same before and after.
Result<std::optional<HistoryIndexEntry>> look_at(files::FileSystem& file_system,
                                                 const fs::path& path, const files::FileInfo& info,
                                                 const std::stop_token& stop) {
  HistoryIndexEntry entry{.size = info.size,
                          .modified = info.modified,
                          .num_lines = 0,
                          .first = std::nullopt,
                          .last = std::nullopt};
  RecordScan scan;
  const auto read = read_lines(
      file_system, path,
      [&](std::string_view line) -> Status {
        ++entry.num_lines;
        const auto time = scan.scan(line).time;
        if (!time) return {};
        entry.first = std::min(entry.first.value_or(*time), *time);
        entry.last = std::max(entry.last.value_or(*time), *time);
        return {};
      },
      stop);
  if (!read && read.error().code == ErrorCode::kCancelled) return read.error();
  ASSIGN_OR_RETURN(const auto after, file_system.info(path));
  if (!read || !after || !is_current(entry, *after)) return std::optional<HistoryIndexEntry>();
  return std::optional(entry);
}

}  // namespace

bool is_current(const HistoryIndexEntry& entry, const files::FileInfo& info) {
  return entry.size == info.size && entry.modified == info.modified;
}

Result<HistoryIndex> read_history_index(files::FileSystem& file_system, const fs::path& folder) {
  HistoryIndex index;
  const auto text = files::read_file(file_system, folder / kIndexName, kMaxIndexSize);
  if (!text) {
    const ErrorCode code = text.error().code;
    if (code == ErrorCode::kDenied || code == ErrorCode::kUnavailable) return text.error();
    return index;
  }
  const auto root = records::JsonMembers::parse(*text);
  if (!root || text_in(*root, "format") != kIndexFormat) return index;
  if (integer_in(*root, "format_version") != kIndexVersion) return index;
  const std::string* files = root->find("files");
  const auto members = files == nullptr ? std::nullopt : records::JsonMembers::parse(*files);
  if (!members) return index;
  for (const auto& member : members->all()) {
    if (const auto entry = entry_from(member.value)) index.emplace(member.name, *entry);
  }
  return index;
}

Status update_history_index(files::FileSystem& file_system, const fs::path& folder,
                            const std::stop_token& stop) {
  ASSIGN_OR_RETURN(const HistoryIndex before, read_history_index(file_system, folder));
  ASSIGN_OR_RETURN(const auto months, find_month_files(file_system, folder));
  HistoryIndex index;
  bool has_changed = false;
  for (const auto& [month, paths] : months) {
    for (const fs::path& path : paths) {
      ASSIGN_OR_RETURN(const auto info, file_system.info(folder / path));
      if (!info) continue;
      const auto known = before.find(path.native());
      if (known != before.end() && is_current(known->second, *info)) {
        index.insert(*known);
        continue;
      }
      ASSIGN_OR_RETURN(const auto entry, look_at(file_system, folder / path, *info, stop));
      if (entry) index.emplace(path.native(), *entry);
      has_changed = has_changed || entry;
    }
  }
  if (!has_changed && index.size() == before.size()) return {};
  return files::write_file(file_system, folder / kIndexName, encode(index));
}

}  // namespace assay::record_files
