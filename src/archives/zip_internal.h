/// \file
/// The parts of reading a zip's directory: its end, its records, their names, and what all of them
/// together say about one.

#pragma once

#include "archives/zip_reader.h"

#include <concepts>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace assay::archives {

/// Little-endian. Pre: they are there.
template <std::unsigned_integral Number>
Number number_at(std::span<const std::byte> bytes, std::size_t offset) {
  Number number = 0;
  for (std::size_t k = sizeof(Number); k-- > 0;) {
    number = static_cast<Number>((std::uint64_t{number} << 8) |
                                 std::to_integer<std::uint64_t>(bytes[offset + k]));
  }
  return number;
}

inline constexpr std::uint32_t kLocalSignature = 0x04034b50;
inline constexpr std::uint32_t kRecordSignature = 0x02014b50;
inline constexpr std::size_t kLocalHeaderSize = 30;
inline constexpr std::size_t kRecordSize = 46;
inline constexpr std::uint16_t kSaturated16 = 0xffff;
inline constexpr std::uint32_t kSaturated32 = 0xffffffff;

inline constexpr std::uint16_t kZip64Extra = 0x0001;
inline constexpr std::uint16_t kMethodStored = 0;
inline constexpr std::uint16_t kMethodDeflate = 8;
inline constexpr std::uint64_t kModulus32 = std::uint64_t{1} << 32;

// Bits of the flags of an entry.
inline constexpr std::uint16_t kFlagEncrypted = 1U << 0;
inline constexpr std::uint16_t kFlagSizesFollow = 1U << 3;
inline constexpr std::uint16_t kFlagPatch = 1U << 5;
inline constexpr std::uint16_t kFlagStrongEncryption = 1U << 6;
inline constexpr std::uint16_t kFlagMaskedHeader = 1U << 13;

/// Where the directory is, and how its offsets are to be taken.
struct ZipEnd {
  std::uint64_t directory_offset = 0;  ///< In the source.
  std::uint64_t directory_size = 0;
  std::uint64_t num_entries = 0;
  /// Modulo 65,536, when there is no zip64 record.
  bool is_count_modulo = true;
  /// Bytes before the archive, which its offsets do not count.
  std::uint64_t prefix_size = 0;
  /// Offsets are modulo 4 GiB, in rising order.
  bool is_offset_modulo = false;
};

/// Errors: as ZipReader::open().
Result<ZipEnd> find_zip_end(const files::ByteSource& source);

/// The fields of a record whose size is not fixed.
struct RecordParts {
  std::span<const std::byte> name;
  std::span<const std::byte> extra;
  std::size_t size = 0;  ///< Of the whole record.
};
/// Nothing when the record is not within `directory`. Pre: its fixed part is.
std::optional<RecordParts> parts_of_record(std::span<const std::byte> directory,
                                           std::size_t offset);
/// The content of the extra field of this id; nothing when there is none.
std::optional<std::span<const std::byte>> find_extra(std::span<const std::byte> extra,
                                                     std::uint16_t id);

/// In the order of the directory, each with the verdict of its own record.
/// Errors: kCorrupt; names no source.
Result<std::vector<ZipEntry>> parse_zip_directory(std::span<const std::byte> directory,
                                                  const ZipEnd& end, const EntryLimits& limits);

/// Take away the kOk of entries that overlap, come twice or are over the total, and bring them into
/// the order of ZipReader::entries(). Pre: they are in the order of the directory.
void judge_together(std::vector<ZipEntry>& entries, const EntryLimits& limits);

/// The path in UTF-8 with forward slashes; a backslash is left where it looks like half of a
/// character of another encoding. `unicode_path` is the content of the extra field of that
/// name, if there is one.
std::string decode_zip_path(std::span<const std::byte> raw,
                            std::optional<std::span<const std::byte>> unicode_path);
/// kOk, kFolder, kBadName, kAbsolutePath or kPathTraversal.
EntryVerdict judge_path(std::string_view path);

}  // namespace assay::archives
