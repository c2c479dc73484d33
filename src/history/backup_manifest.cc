#include "core/limits.h"
#include "history/backup_manifest_internal.h"
#include "json/value.h"
#include "json/writer.h"

#include <fmt/format.h>

#include <algorithm>

namespace assay::history {
namespace {

constexpr std::string_view kManifestFolder = "manifests";
constexpr std::string_view kManifestSuffix = ".jsonl";
constexpr std::string_view kFormatName = "assay history backup";
constexpr std::int64_t kVersion = 1;
// Some 300 bytes a file: room for many millions.
constexpr ByteCount kMaxManifest{std::uint64_t{4} << 30};

Result<ByteCount> read_size(const json::Value& value) {
  ASSIGN_OR_RETURN(const std::int64_t size, value.require_integer("size"));
  if (size < 0) return corrupt("a size below zero");
  return ByteCount(static_cast<std::uint64_t>(size));
}

Result<Sha256> read_hash(const json::Value& value) {
  ASSIGN_OR_RETURN(const std::string text, value.require_text("sha256"));
  return Sha256::parse(text);
}

Result<BackupEntry> read_entry(const json::Value& value) {
  ASSIGN_OR_RETURN(std::string path, value.require_text("path"));
  // The same grammar keeps a path within the folder.
  RETURN_IF_ERROR(storage::check_object_key(path));
  ASSIGN_OR_RETURN(const ByteCount size, read_size(value));
  ASSIGN_OR_RETURN(const Sha256 hash, read_hash(value));
  ASSIGN_OR_RETURN(const std::string modified_text, value.require_text("modified"));
  ASSIGN_OR_RETURN(const Timestamp modified, parse_timestamp(modified_text));
  BackupEntry entry{
      .path = std::move(path), .size = size, .modified = modified, .hash = hash, .parts = {}};
  const json::Value* parts = value.find("parts");
  if (parts == nullptr || parts->list() == nullptr) return corrupt("an entry without parts");
  ByteCount together;
  for (const json::Value& part : *parts->list()) {
    ASSIGN_OR_RETURN(std::string key, part.require_text("key"));
    RETURN_IF_ERROR(storage::check_object_key(key));
    ASSIGN_OR_RETURN(const ByteCount part_size, read_size(part));
    ASSIGN_OR_RETURN(const Sha256 part_hash, read_hash(part));
    together += part_size;
    entry.parts.push_back({.key = std::move(key), .size = part_size, .hash = part_hash});
  }
  if (together != size) return corrupt("an entry whose parts have another size");
  return entry;
}

bool is_of_later_version(const json::Value& header) {
  const json::Value* format = header.find("format");
  const json::Value* version = header.find("version");
  return format != nullptr && format->text() != nullptr && *format->text() == kFormatName &&
         version != nullptr && version->integer().value_or(0) != kVersion;
}

Result<std::int64_t> read_header(const json::Value& value, BackupManifest& manifest) {
  ASSIGN_OR_RETURN(const std::string format, value.require_text("format"));
  if (format != kFormatName) return corrupt("no manifest of a history backup");
  if (is_of_later_version(value)) return corrupt("of a later version");
  ASSIGN_OR_RETURN(const std::string created, value.require_text("created"));
  ASSIGN_OR_RETURN(manifest.created, parse_timestamp(created));
  return value.require_integer("files");
}

Result<BackupManifest> decode_lines(std::string_view text) {
  BackupManifest manifest;
  std::optional<std::int64_t> num_entries;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    ASSIGN_OR_RETURN(const json::Value value, json::parse(text.substr(0, end)));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (!num_entries) {
      ASSIGN_OR_RETURN(num_entries, read_header(value, manifest));
      continue;
    }
    ASSIGN_OR_RETURN(BackupEntry entry, read_entry(value));
    manifest.entries.push_back(std::move(entry));
  }
  if (num_entries.value_or(-1) != static_cast<std::int64_t>(manifest.entries.size())) {
    return corrupt("another number of files than it says");
  }
  return manifest;
}

}  // namespace

std::string encode_manifest(const BackupManifest& manifest) {
  json::Writer header;
  header.begin_object();
  header.name("format").text(kFormatName).name("version").integer(kVersion);
  header.name("created").text(to_rfc3339(manifest.created));
  header.name("files").unsigned_integer(manifest.entries.size()).end_object();
  std::string text = header.take() + "\n";
  for (const BackupEntry& entry : manifest.entries) {
    json::Writer writer;
    writer.begin_object().name("path").text(entry.path);
    writer.name("size").unsigned_integer(entry.size.count());
    writer.name("modified").text(to_rfc3339(entry.modified));
    writer.name("sha256").text(entry.hash.to_hex()).name("parts").begin_list();
    for (const BackupPart& part : entry.parts) {
      writer.begin_object().name("key").text(part.key);
      writer.name("size").unsigned_integer(part.size.count());
      writer.name("sha256").text(part.hash.to_hex()).end_object();
    }
    writer.end_list().end_object();
    text += writer.take();
    text += '\n';
  }
  return text;
}

Result<BackupManifest> decode_manifest(std::string_view text) {
  auto manifest = decode_lines(text);
  if (manifest) return manifest;
  const auto header = json::parse(text.substr(0, text.find('\n')));
  if (header && is_of_later_version(*header)) {
    return invalid_input("written by a later version of this program; use that");
  }
  return corrupt(std::move(manifest.error().message));
}

std::string id_of(Timestamp created) {
  const auto days = std::chrono::floor<std::chrono::days>(created);
  const std::chrono::year_month_day date(days);
  const std::chrono::hh_mm_ss time(created - days);
  return fmt::format("{:04}{:02}{:02}T{:02}{:02}{:02}.{:06}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     time.hours().count(), time.minutes().count(), time.seconds().count(),
                     time.subseconds().count());
}

std::string key_in(const BackupPlace& place, std::string_view name) {
  return place.prefix.empty() ? std::string(name) : fmt::format("{}/{}", place.prefix, name);
}

std::string manifest_key(const BackupPlace& place, std::string_view id) {
  return key_in(place, fmt::format("{}/{}{}", kManifestFolder, id, kManifestSuffix));
}

Result<std::optional<BackupManifest>> load_manifest(const BackupPlace& place, std::string_view id) {
  const std::string key = manifest_key(place, id);
  ASSIGN_OR_RETURN(const auto info, place.store->info(key));
  if (!info) return std::optional<BackupManifest>();
  ASSIGN_OR_RETURN(const auto source, place.store->open(key));
  if (source->size() > kMaxManifest) {
    return exhausted(fmt::format("{} is larger than {}", source->name(), to_string(kMaxManifest)));
  }
  std::string text(static_cast<std::size_t>(source->size().count()), '\0');
  ASSIGN_OR_RETURN(const std::size_t got,
                   source->read_at(0, std::as_writable_bytes(std::span(text))));
  text.resize(got);
  auto manifest = with_context(decode_manifest(text), source->name());
  if (!manifest) return std::move(manifest.error());
  return std::optional(std::move(*manifest));
}

Result<std::vector<std::string>> list_backups(const BackupPlace& place,
                                              const std::stop_token& stop) {
  const std::string prefix = key_in(place, kManifestFolder) + "/";
  std::vector<std::string> ids;
  RETURN_IF_ERROR(place.store->list(
      prefix,
      [&](std::span<const storage::ObjectInfo> page) -> Status {
        for (const storage::ObjectInfo& object : page) {
          const std::string_view name = std::string_view(object.key).substr(prefix.size());
          if (!name.ends_with(kManifestSuffix)) continue;
          const std::string_view id = name.substr(0, name.size() - kManifestSuffix.size());
          if (id != kPartialId) ids.emplace_back(id);
        }
        return {};
      },
      stop));
  std::ranges::sort(ids);
  return ids;
}

}  // namespace assay::history
