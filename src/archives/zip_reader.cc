#include "archives/zip_reader.h"

#include "archives/zip_internal.h"
#include "compress/inflate.h"
#include "core/check.h"
#include "crypto/digest.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace assay::archives {
namespace {

// Of some five million entries.
constexpr ByteCount kMaxDirectorySize{std::uint64_t{512} << 20};
// What a thread keeps for the next entry; a larger one gets memory of its own.
constexpr std::size_t kMaxKeptBuffer = std::size_t{64} << 20;

/// Room for the compressed bytes of one entry.
class CompressedBuffer {
 public:
  explicit CompressedBuffer(std::size_t size) {
    thread_local std::vector<std::byte> kept;
    std::vector<std::byte>& memory = size > kMaxKeptBuffer ? own_ : kept;
    if (memory.size() < size) memory.resize(size);
    bytes_ = std::span(memory).first(size);
  }

  std::span<std::byte> bytes() const { return bytes_; }

 private:
  std::vector<std::byte> own_;
  std::span<std::byte> bytes_;
};

Sha256 fingerprint_of(std::span<const std::byte> directory, ByteCount archive_size) {
  crypto::Sha256Hasher hasher;
  hasher.update(directory);
  std::array<std::byte, sizeof(std::uint64_t)> size{};
  for (std::size_t k = 0; k < size.size(); ++k) {
    size[k] = static_cast<std::byte>(archive_size.count() >> (8 * k));
  }
  hasher.update(size);
  return hasher.finish();
}

/// The header before the bytes of an entry.
struct LocalHeader {
  std::span<const std::byte> fixed;
  std::span<const std::byte> extra;  ///< Only where it is needed.

  std::uint16_t flags() const { return number_at<std::uint16_t>(fixed, 6); }
  std::uint16_t method() const { return number_at<std::uint16_t>(fixed, 8); }
  std::uint32_t crc32() const { return number_at<std::uint32_t>(fixed, 14); }
  std::uint32_t compressed_size() const { return number_at<std::uint32_t>(fixed, 18); }
  std::uint32_t size() const { return number_at<std::uint32_t>(fixed, 22); }
  std::uint16_t name_size() const { return number_at<std::uint16_t>(fixed, 26); }
  std::uint16_t extra_size() const { return number_at<std::uint16_t>(fixed, 28); }

  bool has_wide_sizes() const {
    return size() == kSaturated32 || compressed_size() == kSaturated32;
  }
};

std::uint16_t method_number(ZipMethod method) {
  return method == ZipMethod::kStored ? kMethodStored : kMethodDeflate;
}

/// Sizes that a descriptor behind the bytes repeats may be anything here.
bool has_sizes_of(const LocalHeader& header, const ZipEntry& entry) {
  if ((header.flags() & kFlagSizesFollow) != 0) return true;
  if (header.crc32() != entry.crc32) return false;
  std::uint64_t size = header.size();
  std::uint64_t compressed_size = header.compressed_size();
  const auto wide = find_extra(header.extra, kZip64Extra);
  if (wide && wide->size() >= 2 * sizeof(std::uint64_t)) {
    // Both are there, in this order, whenever one does not fit.
    if (size == kSaturated32) size = number_at<std::uint64_t>(*wide, 0);
    if (compressed_size == kSaturated32) compressed_size = number_at<std::uint64_t>(*wide, 8);
  }
  return size == entry.size.count() && compressed_size == entry.compressed_size.count();
}

}  // namespace

ZipReader::ZipReader(std::unique_ptr<files::ByteSource> source, std::vector<std::byte> directory,
                     std::vector<ZipEntry> entries, const Sha256& fingerprint)
    : source_(std::move(source)),
      directory_(std::move(directory)),
      entries_(std::move(entries)),
      fingerprint_(fingerprint) {}

Result<ZipReader> ZipReader::open(std::unique_ptr<files::ByteSource> source,
                                  const EntryLimits& limits) {
  ASSIGN_OR_RETURN(const ZipEnd end, find_zip_end(*source));
  if (end.directory_size > kMaxDirectorySize.count()) {
    return exhausted(fmt::format("{}: its directory has {}, and at most {} are read",
                                 source->name(), to_string(ByteCount(end.directory_size)),
                                 to_string(kMaxDirectorySize)));
  }
  std::vector<std::byte> directory(static_cast<std::size_t>(end.directory_size));
  ASSIGN_OR_RETURN(const std::size_t num_read, source->read_at(end.directory_offset, directory));
  if (num_read != directory.size()) {
    return unavailable(fmt::format("{} became shorter while it was read", source->name()));
  }
  ASSIGN_OR_RETURN(auto entries,
                   with_context(parse_zip_directory(directory, end, limits), source->name()));
  judge_together(entries, limits);
  const Sha256 fingerprint = fingerprint_of(directory, source->size());
  return ZipReader(std::move(source), std::move(directory), std::move(entries), fingerprint);
}

const ZipEntry* ZipReader::find(std::string_view path) const {
  const auto after = std::ranges::upper_bound(entries_, path, {}, &ZipEntry::path);
  if (after == entries_.begin() || std::prev(after)->path != path) return nullptr;
  return &*std::prev(after);
}

Status ZipReader::read_fully(std::uint64_t offset, std::span<std::byte> into) const {
  ASSIGN_OR_RETURN(const std::size_t num_read, source_->read_at(offset, into));
  if (num_read == into.size()) return {};
  return unavailable(fmt::format("{} is shorter than when it was opened", source_->name()));
}

Result<ZipReader::Place> ZipReader::place_of(const ZipEntry& entry) const {
  if (entry.verdict != EntryVerdict::kOk) return Place{.verdict = entry.verdict};
  const auto parts = parts_of_record(directory_, entry.record_offset);
  CHECK(parts.has_value(), "an entry of another zip was given");
  const Place mismatch{.verdict = EntryVerdict::kHeaderMismatch};

  std::vector<std::byte> bytes(kLocalHeaderSize + parts->name.size());
  if (entry.header_offset + bytes.size() > source_->size().count()) return mismatch;
  RETURN_IF_ERROR(read_fully(entry.header_offset, bytes));
  LocalHeader header{.fixed = std::span(bytes).first(kLocalHeaderSize), .extra = {}};
  const bool is_of_entry =
      number_at<std::uint32_t>(bytes, 0) == kLocalSignature &&
      header.method() == method_number(entry.method) && (header.flags() & kFlagEncrypted) == 0 &&
      header.name_size() == parts->name.size() &&
      std::ranges::equal(std::span(bytes).subspan(kLocalHeaderSize), parts->name);
  if (!is_of_entry) return mismatch;

  const std::uint64_t extra_offset = entry.header_offset + bytes.size();
  const std::uint64_t offset = extra_offset + header.extra_size();
  if (offset + entry.compressed_size.count() > source_->size().count()) {
    return Place{.verdict = EntryVerdict::kOutOfBounds};
  }
  std::vector<std::byte> extra;
  if (header.has_wide_sizes()) {
    extra.resize(header.extra_size());
    RETURN_IF_ERROR(read_fully(extra_offset, extra));
    header.extra = extra;
  }
  if (!has_sizes_of(header, entry)) return mismatch;
  return Place{.verdict = EntryVerdict::kOk, .offset = offset};
}

Result<EntryVerdict> ZipReader::read(const ZipEntry& entry, std::span<std::byte> into) const {
  if (entry.verdict != EntryVerdict::kOk) return entry.verdict;
  CHECK(into.size() == entry.size.count(), "the buffer has another size than the entry");
  ASSIGN_OR_RETURN(const Place place, place_of(entry));
  if (place.verdict != EntryVerdict::kOk) return place.verdict;
  if (entry.method == ZipMethod::kStored) {
    RETURN_IF_ERROR(read_fully(place.offset, into));
  } else {
    const CompressedBuffer buffer(static_cast<std::size_t>(entry.compressed_size.count()));
    RETURN_IF_ERROR(read_fully(place.offset, buffer.bytes()));
    const compress::Inflation inflation =
        compress::inflate(compress::DeflateForm::kRaw, buffer.bytes(), into);
    const bool is_whole = inflation.outcome == compress::InflateOutcome::kComplete &&
                          inflation.num_produced == into.size() &&
                          inflation.num_consumed == buffer.bytes().size();
    if (!is_whole) return EntryVerdict::kBrokenData;
  }
  return compress::crc32(into) == entry.crc32 ? EntryVerdict::kOk : EntryVerdict::kWrongChecksum;
}

}  // namespace assay::archives
