#include "archives/zip_internal.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

namespace assay::archives {
namespace {

constexpr std::uint16_t kUnicodePathExtra = 0x7075;
constexpr std::uint32_t kDigitalSignature = 0x05054b50;

// Who made an entry, in the high byte of the version: only these have Unix modes.
constexpr unsigned kHostUnix = 3;
constexpr unsigned kHostMac = 19;
constexpr std::uint32_t kModeKind = 0170000;
constexpr std::uint32_t kModeFile = 0100000;
constexpr std::uint32_t kModeFolder = 0040000;
constexpr std::uint32_t kModeLink = 0120000;

/// The places of the fixed part of a record.
struct Record {
  std::span<const std::byte> bytes;

  unsigned host() const { return std::to_integer<unsigned>(bytes[5]); }
  std::uint16_t flags() const { return number_at<std::uint16_t>(bytes, 8); }
  std::uint16_t method() const { return number_at<std::uint16_t>(bytes, 10); }
  std::uint32_t crc32() const { return number_at<std::uint32_t>(bytes, 16); }
  std::uint32_t compressed_size() const { return number_at<std::uint32_t>(bytes, 20); }
  std::uint32_t size() const { return number_at<std::uint32_t>(bytes, 24); }
  std::uint16_t disk() const { return number_at<std::uint16_t>(bytes, 34); }
  std::uint32_t unix_mode() const { return number_at<std::uint32_t>(bytes, 38) >> 16; }
  std::uint32_t header_offset() const { return number_at<std::uint32_t>(bytes, 42); }
};

struct WideFields {
  std::uint64_t size = 0;
  std::uint64_t compressed_size = 0;
  std::uint64_t header_offset = 0;
  std::uint32_t disk = 0;
  bool is_whole = true;
};

/// Take what does not fit from the zip64 field, which holds exactly those numbers, in this order.
WideFields widen(const Record& record, std::span<const std::byte> extra) {
  WideFields fields{.size = record.size(),
                    .compressed_size = record.compressed_size(),
                    .header_offset = record.header_offset(),
                    .disk = record.disk()};
  std::span<const std::byte> rest = find_extra(extra, kZip64Extra).value_or(std::span<std::byte>());
  for (std::uint64_t* field : {&fields.size, &fields.compressed_size, &fields.header_offset}) {
    if (*field != kSaturated32) continue;
    if (rest.size() < sizeof(std::uint64_t)) {
      fields.is_whole = false;
      return fields;
    }
    *field = number_at<std::uint64_t>(rest, 0);
    rest = rest.subspan(sizeof(std::uint64_t));
  }
  if (fields.disk == kSaturated16 && rest.size() >= sizeof(std::uint32_t)) {
    fields.disk = number_at<std::uint32_t>(rest, 0);
  }
  return fields;
}

/// Where the headers are, from what the records say of it. A writer without zip64 lost the high
/// bits of what is beyond 4 GiB; it wrote the entries one behind the other, so that an offset
/// within the entry before has passed another 4 GiB.
class OffsetReader {
 public:
  explicit OffsetReader(const ZipEnd& end) : end_(end) {}

  /// Nothing when it is beyond all numbers.
  std::optional<std::uint64_t> read(const Record& record, const WideFields& fields) {
    std::uint64_t offset = fields.header_offset;
    if (end_.is_offset_modulo && record.header_offset() != kSaturated32) {
      while (offset + base_ < next_free_) base_ += kModulus32;
      offset += base_;
      next_free_ = offset + kLocalHeaderSize + record.compressed_size();
    }
    offset += end_.prefix_size;
    return offset < end_.prefix_size ? std::nullopt : std::optional(offset);
  }

 private:
  const ZipEnd& end_;
  std::uint64_t base_ = 0;
  std::uint64_t next_free_ = 0;
};

EntryVerdict judge_kind(const Record& record) {
  if (record.host() != kHostUnix && record.host() != kHostMac) return EntryVerdict::kOk;
  switch (record.unix_mode() & kModeKind) {
    case 0:  // Some writers set nothing but the permissions.
    case kModeFile:
      return EntryVerdict::kOk;
    case kModeFolder:
      return EntryVerdict::kFolder;
    case kModeLink:
      return EntryVerdict::kLink;
    default:
      return EntryVerdict::kDevice;
  }
}

EntryVerdict judge_packing(const Record& record, ZipMethod method) {
  constexpr std::uint16_t kAnyEncryption =
      kFlagEncrypted | kFlagStrongEncryption | kFlagMaskedHeader;
  if ((record.flags() & kAnyEncryption) != 0) return EntryVerdict::kEncrypted;
  const bool is_patch = (record.flags() & kFlagPatch) != 0;
  return is_patch || method == ZipMethod::kOther ? EntryVerdict::kUnsupportedMethod
                                                 : EntryVerdict::kOk;
}

EntryVerdict judge_place(const ZipEntry& entry, const WideFields& fields, const ZipEnd& end) {
  if (!fields.is_whole) return EntryVerdict::kBrokenRecord;
  if (fields.disk != 0) return EntryVerdict::kOtherVolume;
  const bool is_stored = entry.method == ZipMethod::kStored;
  if (is_stored && entry.size != entry.compressed_size) return EntryVerdict::kBrokenRecord;
  const std::uint64_t limit = end.directory_offset;
  if (entry.header_offset > limit || limit - entry.header_offset < kLocalHeaderSize ||
      limit - entry.header_offset - kLocalHeaderSize < entry.compressed_size.count()) {
    return EntryVerdict::kOutOfBounds;
  }
  return EntryVerdict::kOk;
}

EntryVerdict judge_size(const ZipEntry& entry, const EntryLimits& limits) {
  if (entry.size > limits.max_entry_size) return EntryVerdict::kTooLarge;
  if (entry.size > limits.ratio_floor &&
      entry.size.count() / limits.max_ratio >= entry.compressed_size.count()) {
    return EntryVerdict::kBomb;
  }
  return EntryVerdict::kOk;
}

ZipMethod method_of(const Record& record) {
  if (record.method() == kMethodStored) return ZipMethod::kStored;
  return record.method() == kMethodDeflate ? ZipMethod::kDeflate : ZipMethod::kOther;
}

ZipEntry entry_of(const Record& record, const RecordParts& parts, const ZipEnd& end,
                  OffsetReader& offsets, const EntryLimits& limits) {
  ZipEntry entry;
  const WideFields fields = widen(record, parts.extra);
  entry.path = decode_zip_path(parts.name, find_extra(parts.extra, kUnicodePathExtra));
  entry.size = ByteCount(fields.size);
  entry.compressed_size = ByteCount(fields.compressed_size);
  const auto header_offset = offsets.read(record, fields);
  entry.header_offset = header_offset.value_or(0);
  entry.crc32 = record.crc32();
  entry.method = method_of(record);
  for (const EntryVerdict verdict :
       {judge_path(entry.path), judge_kind(record), judge_packing(record, entry.method),
        header_offset ? EntryVerdict::kOk : EntryVerdict::kOutOfBounds,
        judge_place(entry, fields, end), judge_size(entry, limits)}) {
    entry.verdict = verdict;
    if (verdict != EntryVerdict::kOk) break;
  }
  return entry;
}

/// Of two entries that share bytes nobody can say which is the right one.
void judge_overlaps(std::vector<ZipEntry>& entries) {
  std::vector<ZipEntry*> by_offset;
  by_offset.reserve(entries.size());
  for (ZipEntry& entry : entries) {
    if (entry.verdict == EntryVerdict::kOk) by_offset.push_back(&entry);
  }
  std::ranges::stable_sort(by_offset, {}, &ZipEntry::header_offset);
  ZipEntry* farthest = nullptr;
  std::uint64_t farthest_end = 0;
  for (ZipEntry* entry : by_offset) {
    if (farthest != nullptr && entry->header_offset < farthest_end) {
      farthest->verdict = EntryVerdict::kOverlap;
      entry->verdict = EntryVerdict::kOverlap;
    }
    const std::uint64_t end =
        entry->header_offset + kLocalHeaderSize + entry->compressed_size.count();
    if (farthest == nullptr || end > farthest_end) {
      farthest = entry;
      farthest_end = end;
    }
  }
}

void judge_total(std::vector<ZipEntry>& entries, const EntryLimits& limits) {
  ByteCount left = limits.max_total_size;
  for (ZipEntry& entry : entries) {
    if (entry.verdict != EntryVerdict::kOk) continue;
    if (entry.size > left) {
      entry.verdict = EntryVerdict::kOverTotal;
    } else {
      left = left - entry.size;
    }
  }
}

bool comes_before(const ZipEntry& left, const ZipEntry& right) {
  return std::tie(left.path, left.record_offset) < std::tie(right.path, right.record_offset);
}

/// Stands for an entry while they are sorted.
struct SortItem {
  std::uint64_t key = 0;
  ZipEntry* entry = nullptr;
};

constexpr std::size_t kKeySize = sizeof(std::uint64_t);

/// Eight bytes of the path, so that they compare as a number; zeros behind its end.
std::uint64_t key_at(std::string_view path, std::size_t depth) {
  std::uint64_t key = 0;
  for (std::size_t k = 0; k < kKeySize; ++k) {
    const std::size_t at = depth + k;
    key = (key << 8) | (at < path.size() ? static_cast<unsigned char>(path[at]) : 0U);
  }
  return key;
}

/// Paths of an archive have long beginnings in common, which a plain sort compares over and over:
/// this one looks at each eight bytes once, and then sorts what is still equal by the next eight.
/// Pre: all are equal before `depth`.
void sort_items(std::span<SortItem> items, std::size_t depth) {
  constexpr std::size_t kFew = 8;
  constexpr std::size_t kDeep = 4096;  // The depth of recursion is bounded, whatever the paths are.
  const auto by_entry = [](const SortItem& left, const SortItem& right) {
    return comes_before(*left.entry, *right.entry);
  };
  if (items.size() <= kFew || depth >= kDeep) {
    std::ranges::sort(items, by_entry);
    return;
  }
  bool is_any_longer = false;
  for (SortItem& item : items) {
    item.key = key_at(item.entry->path, depth);
    is_any_longer = is_any_longer || item.entry->path.size() > depth + kKeySize;
  }
  std::ranges::sort(items, {}, &SortItem::key);
  while (!items.empty()) {
    const auto end =
        std::ranges::find_if(items, [&](const SortItem& item) { return item.key != items[0].key; });
    const auto equals = items.first(static_cast<std::size_t>(end - items.begin()));
    items = items.subspan(equals.size());
    if (equals.size() > 1 && is_any_longer) sort_items(equals, depth + kKeySize);
    if (equals.size() > 1 && !is_any_longer) std::ranges::sort(equals, by_entry);
  }
}

void sort_by_path(std::vector<ZipEntry>& entries) {
  if (std::ranges::is_sorted(entries, comes_before)) return;
  std::vector<SortItem> items;
  items.reserve(entries.size());
  for (ZipEntry& entry : entries) items.push_back({.entry = &entry});
  sort_items(items, 0);
  std::vector<ZipEntry> sorted;
  sorted.reserve(entries.size());
  for (const SortItem& item : items) sorted.push_back(std::move(*item.entry));
  entries = std::move(sorted);
}

/// The last of a path counts, whatever is wrong with it or with those before it. Folders stay
/// folders. Pre: they are sorted.
void judge_duplicates(std::vector<ZipEntry>& entries) {
  for (std::size_t k = 1; k < entries.size(); ++k) {
    ZipEntry& before = entries[k - 1];
    const bool is_again = before.path == entries[k].path;
    if (is_again && before.verdict != EntryVerdict::kFolder) {
      before.verdict = EntryVerdict::kDuplicate;
    }
  }
}

}  // namespace

std::optional<RecordParts> parts_of_record(std::span<const std::byte> directory,
                                           std::size_t offset) {
  const auto record = directory.subspan(offset);
  const std::size_t name_size = number_at<std::uint16_t>(record, 28);
  const std::size_t extra_size = number_at<std::uint16_t>(record, 30);
  const std::size_t comment_size = number_at<std::uint16_t>(record, 32);
  const std::size_t size = kRecordSize + name_size + extra_size + comment_size;
  if (size > record.size()) return std::nullopt;
  return RecordParts{.name = record.subspan(kRecordSize, name_size),
                     .extra = record.subspan(kRecordSize + name_size, extra_size),
                     .size = size};
}

std::optional<std::span<const std::byte>> find_extra(std::span<const std::byte> extra,
                                                     std::uint16_t id) {
  constexpr std::size_t kHeaderSize = 4;
  while (extra.size() >= kHeaderSize) {
    const std::size_t size = number_at<std::uint16_t>(extra, 2);
    if (size > extra.size() - kHeaderSize) return std::nullopt;
    if (number_at<std::uint16_t>(extra, 0) == id) return extra.subspan(kHeaderSize, size);
    extra = extra.subspan(kHeaderSize + size);
  }
  return std::nullopt;
}

Result<std::vector<ZipEntry>> parse_zip_directory(std::span<const std::byte> directory,
                                                  const ZipEnd& end, const EntryLimits& limits) {
  std::vector<ZipEntry> entries;
  // What the end says of their number is not to be trusted with memory.
  entries.reserve(static_cast<std::size_t>(
      std::min<std::uint64_t>(end.num_entries, directory.size() / kRecordSize)));
  OffsetReader offsets(end);
  std::size_t offset = 0;
  while (directory.size() - offset >= kRecordSize) {
    const auto signature = number_at<std::uint32_t>(directory, offset);
    if (signature == kDigitalSignature) break;
    const auto parts = signature == kRecordSignature ? parts_of_record(directory, offset)
                                                     : std::optional<RecordParts>();
    if (!parts) {
      return corrupt(
          fmt::format("the directory is damaged at its entry {} of {}; copy the zip again",
                      entries.size() + 1, end.num_entries));
    }
    const Record record{directory.subspan(offset, kRecordSize)};
    entries.push_back(entry_of(record, *parts, end, offsets, limits));
    entries.back().record_offset = static_cast<std::uint32_t>(offset);
    offset += parts->size;
  }
  const std::uint64_t num_found =
      end.is_count_modulo ? entries.size() & kSaturated16 : entries.size();
  if (num_found != end.num_entries) {
    return corrupt(
        fmt::format("the directory holds {} entries, and its end says {}; copy the zip "
                    "again",
                    entries.size(), end.num_entries));
  }
  return entries;
}

void judge_together(std::vector<ZipEntry>& entries, const EntryLimits& limits) {
  judge_total(entries, limits);
  sort_by_path(entries);
  judge_duplicates(entries);
  judge_overlaps(entries);
}

}  // namespace assay::archives
