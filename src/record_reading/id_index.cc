#include "record_reading/id_index.h"

#include "compress/stream.h"
#include "core/check.h"
#include "core/crc32c.h"
#include "crypto/digest.h"
#include "files/atomic_file.h"
#include "json/line_scan.h"
#include "record_files/file_lines.h"
#include "record_reading/id_set.h"
#include "record_reading/line_blocks.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <functional>
#include <span>
#include <tuple>
#include <utility>
#include <vector>

// The file of an index: a header, then entries of 16 bytes, the hash of an id and the offset of its
// line in the uncompressed file, in this order sorted. All integers have the lowest byte first,
// which is how this machine keeps them.

namespace assay::record_reading {

// Persisted.
// NOLINTNEXTLINE(misc-use-internal-linkage): IdIndex::Index has one.
struct IdIndexHeader {
  std::array<char, 8> magic{'A', 'S', 'S', 'A', 'Y', 'I', 'D', '1'};
  std::uint64_t covered = 0;              // bytes of the file as it lies, all in whole lines
  std::array<std::byte, 32> tail_hash{};  // SHA-256 of the last kTailSize of these
  std::uint64_t num_entries = 0;
  std::uint32_t reserved = 0;
  std::uint32_t crc = 0;  // CRC32C of all before
};
static_assert(sizeof(IdIndexHeader) == 64);

namespace {

static_assert(std::endian::native == std::endian::little, "entries are written as they lie");

struct Entry {
  std::uint64_t hash = 0;
  std::uint64_t offset = 0;
  auto operator<=>(const Entry&) const = default;
};
static_assert(sizeof(Entry) == 16);

constexpr std::uint64_t kTailSize = 4096;
// A compressed history unfolds to about so much.
constexpr std::uint64_t kUnfolding = 8;
constexpr std::size_t kBatch = std::size_t{1} << 14;

std::uint32_t crc_of(const IdIndexHeader& header) {
  return crc32c(std::as_bytes(std::span(&header, 1)).first(offsetof(IdIndexHeader, crc)));
}

std::string_view text_of(const void* bytes, std::size_t size) {
  return {static_cast<const char*>(bytes), size};
}

bool is_compressed(const IndexedFile& source) {
  return compress::format_of_name(source.path.native()).has_value();
}

Result<Sha256> tail_hash(const files::File& file, std::uint64_t covered) {
  const std::uint64_t size = std::min(covered, kTailSize);
  ASSIGN_OR_RETURN(const std::string tail, record_files::read_range(file, covered - size, size));
  return crypto::sha256(tail);
}

std::uint64_t hash_of(std::string_view id) { return IdDigestHash()(digest_id(id)); }

// Borrowed.
std::shared_ptr<const files::File> borrow(const files::File* file) {
  return {std::shared_ptr<const files::File>(), file};
}

// The id of a line; empty when there is none.
class IdScan {
 public:
  explicit IdScan(std::string_view path) : path_(path), scan_({&path_, 1}) {}
  /// Pre: json::LineScan::kPadding bytes are readable behind the line.
  std::string_view id_of(std::string_view line) {
    scan_.scan(line);
    const json::Field& id = scan_.fields().front();
    return id.kind == json::FieldKind::kText ? id.text : std::string_view();
  }

 private:
  std::string_view path_;
  json::LineScan scan_;
};

/// Called with the id and the place of a line, its LF counted.
using OnLineOfId = std::function<Status(std::string_view id, std::string_view line,
                                        std::uint64_t begin, bool is_ended)>;

/// Go through the lines from `begin` on, which is 0 for a compressed file.
Status for_each_id(const IndexedFile& source, std::uint64_t begin, const OnLineOfId& on_line) {
  IdScan scan(source.id_path);
  LineBlocks blocks(history_stream(borrow(source.file), source.size, source.path, begin));
  LineBlock block;
  Status status;
  while (status) {
    ASSIGN_OR_RETURN(const bool has_more, blocks.next(block));
    if (!has_more) break;
    const std::string_view text = block.text();
    for_each_line(text, [&](std::string_view line) {
      if (!status) return;
      const auto at = static_cast<std::uint64_t>(line.data() - text.data());
      status = on_line(scan.id_of(line), line, begin + block.offset + at,
                       at + line.size() < text.size());
    });
  }
  return status;
}

// Entries of an index file, in order, a batch at a time.
class EntryReader {
 public:
  EntryReader(const files::File* file, std::uint64_t num_entries)
      : file_(file), num_left_(num_entries) {}

  Result<std::optional<Entry>> next() {
    if (at_ == batch_.size()) {
      if (num_left_ == 0) return std::optional<Entry>();
      batch_.resize(std::min<std::uint64_t>(num_left_, kBatch));
      const auto into = std::as_writable_bytes(std::span(batch_));
      ASSIGN_OR_RETURN(const std::size_t got, file_->read_at(offset_, into));
      if (got < into.size()) return corrupt("an index of ids that is cut short");
      offset_ += got;
      num_left_ -= batch_.size();
      at_ = 0;
    }
    return std::optional(batch_[at_++]);
  }

 private:
  const files::File* file_;
  std::uint64_t num_left_;
  std::uint64_t offset_ = sizeof(IdIndexHeader);
  std::vector<Entry> batch_;
  std::size_t at_ = 0;
};

}  // namespace

struct IdIndex::Index {
  IdIndexHeader header;
  std::unique_ptr<files::File> file;
};

Result<std::optional<IdIndex::Index>> IdIndex::load(const IndexedFile& source) const {
  auto opened = file_system_->open(folder_ / source.index_name, files::OpenMode::kRead);
  if (!opened) {
    if (opened.error().code == ErrorCode::kNotFound) return std::optional<Index>();
    return std::move(opened.error());
  }
  Index index{.header = {}, .file = std::move(*opened)};
  const auto bytes = std::as_writable_bytes(std::span(&index.header, 1));
  ASSIGN_OR_RETURN(const std::size_t got, index.file->read_at(0, bytes));
  ASSIGN_OR_RETURN(const ByteCount size, index.file->size());
  const IdIndexHeader& header = index.header;
  const std::uint64_t end = source.size.count();
  const bool is_whole =
      got == bytes.size() && header.magic == IdIndexHeader().magic &&
      header.crc == crc_of(header) &&
      size.count() == sizeof(IdIndexHeader) + (header.num_entries * sizeof(Entry));
  const bool may_fit =
      is_whole && (is_compressed(source) ? header.covered == end : header.covered <= end);
  if (!may_fit) return std::optional<Index>();
  ASSIGN_OR_RETURN(const Sha256 tail, tail_hash(*source.file, header.covered));
  if (!std::ranges::equal(tail.bytes(), header.tail_hash)) return std::optional<Index>();
  return std::optional(std::move(index));
}

Result<std::optional<IdIndex::Index>> IdIndex::extend(const IndexedFile& source,
                                                      std::optional<Index> index) const {
  std::vector<Entry> entries;
  std::uint64_t num_lines_end = index ? index->header.covered : 0;
  // Merge what is sorted so far into the index, as one that covers the file up to `covered`.
  const auto write_out = [&](std::uint64_t covered) -> Status {
    std::ranges::sort(entries);
    IdIndexHeader header;
    header.covered = covered;
    ASSIGN_OR_RETURN(const Sha256 tail, tail_hash(*source.file, covered));
    std::ranges::copy(tail.bytes(), header.tail_hash.begin());
    header.num_entries = entries.size() + (index ? index->header.num_entries : 0);
    header.crc = crc_of(header);
    ASSIGN_OR_RETURN(auto file,
                     files::AtomicFile::create(*file_system_, folder_ / source.index_name));
    RETURN_IF_ERROR(file.write(text_of(&header, sizeof header)));
    EntryReader old(index ? index->file.get() : nullptr, index ? index->header.num_entries : 0);
    ASSIGN_OR_RETURN(auto from_old, old.next());
    auto from_new = entries.begin();
    while (from_old || from_new != entries.end()) {
      const bool is_old = from_old && (from_new == entries.end() || *from_old < *from_new);
      const Entry entry = is_old ? *from_old : *from_new++;
      RETURN_IF_ERROR(file.write(text_of(&entry, sizeof entry)));
      if (is_old) {
        ASSIGN_OR_RETURN(from_old, old.next());
      }
    }
    RETURN_IF_ERROR(file.commit());
    entries.clear();
    ASSIGN_OR_RETURN(auto opened,
                     file_system_->open(folder_ / source.index_name, files::OpenMode::kRead));
    index = Index{.header = header, .file = std::move(opened)};
    return {};
  };
  RETURN_IF_ERROR(for_each_id(source, num_lines_end,
                              [&](std::string_view id, std::string_view line, std::uint64_t begin,
                                  bool is_ended) -> Status {
                                // A line that is being written is not covered, but for the last of
                                // a file that is done.
                                if (!is_ended && !is_compressed(source)) return {};
                                num_lines_end = begin + line.size() + 1;
                                if (!id.empty())
                                  entries.push_back({.hash = hash_of(id), .offset = begin});
                                if (entries.size() < options_.max_sorted) return {};
                                // Of a compressed file it covers nothing until it covers all.
                                return write_out(is_compressed(source) ? 0 : num_lines_end);
                              }));
  RETURN_IF_ERROR(write_out(is_compressed(source) ? source.size.count() : num_lines_end));
  return index;
}

Result<std::optional<std::string>> IdIndex::find_indexed(const IndexedFile& source,
                                                         const Index& index, std::string_view id) {
  const auto entry_at = [&](std::uint64_t number) -> Result<Entry> {
    Entry entry;
    const auto bytes = std::as_writable_bytes(std::span(&entry, 1));
    ASSIGN_OR_RETURN(const std::size_t got,
                     index.file->read_at(sizeof(IdIndexHeader) + (number * sizeof(Entry)), bytes));
    if (got < bytes.size()) return corrupt("an index of ids that is cut short");
    return entry;
  };
  const std::uint64_t hash = hash_of(id);
  std::uint64_t low = 0;
  std::uint64_t high = index.header.num_entries;
  while (low < high) {
    const std::uint64_t middle = low + ((high - low) / 2);
    ASSIGN_OR_RETURN(const Entry entry, entry_at(middle));
    (entry.hash < hash ? low : high) = entry.hash < hash ? middle + 1 : middle;
  }
  std::vector<std::uint64_t> places;
  for (; low < index.header.num_entries; ++low) {
    ASSIGN_OR_RETURN(const Entry entry, entry_at(low));
    if (entry.hash != hash) break;
    places.push_back(entry.offset);
  }
  if (places.empty()) return std::optional<std::string>();
  // Of ids with one hash those that are another are passed over.
  std::optional<std::string> found;
  const auto look = [&](std::uint64_t begin, std::uint64_t last) {
    const Status looked = for_each_id(
        source, begin,
        [&](std::string_view line_id, std::string_view line, std::uint64_t at, bool) -> Status {
          if (line_id == id && std::ranges::binary_search(places, at)) found = line;
          return at < last ? Status() : cancelled("that was the last place");
        });
    return looked || looked.error().code == ErrorCode::kCancelled ? Status() : looked;
  };
  if (is_compressed(source)) {
    RETURN_IF_ERROR(look(0, places.back()));
    return found;
  }
  for (auto place = places.rbegin(); place != places.rend() && !found; ++place) {
    RETURN_IF_ERROR(look(*place, *place));
  }
  return found;
}

Result<std::optional<std::string>> IdIndex::find_last(const IndexedFile& source,
                                                      std::string_view id) {
  ASSIGN_OR_RETURN(auto index, load(source));
  const std::uint64_t covered = index ? index->header.covered : 0;
  const std::uint64_t unfolding = is_compressed(source) ? kUnfolding : 1;
  if (source.size.count() - covered > options_.max_unindexed.count() / unfolding) {
    ASSIGN_OR_RETURN(index, extend(source, std::move(index)));
  }
  const std::uint64_t rest = index ? index->header.covered : 0;
  std::optional<std::string> found;
  if (rest < source.size.count()) {
    RETURN_IF_ERROR(for_each_id(
        source, rest,
        [&](std::string_view line_id, std::string_view line, std::uint64_t, bool) -> Status {
          if (line_id == id) found = line;
          return {};
        }));
  }
  if (found || !index) return found;
  return find_indexed(source, *index, id);
}

}  // namespace assay::record_reading
