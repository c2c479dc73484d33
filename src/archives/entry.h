/// \file
/// What is known of one file of an archive or a folder before it is read, and what reading it gave.

#pragma once

#include "core/bytes.h"

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace assay::archives {

/// Whether an entry can be had, and if not, why. The first group is told by the name and the
/// directory alone, the second only by reading.
enum class EntryVerdict : std::uint8_t {
  kOk,
  kFolder,
  kLink,    ///< A symbolic link; never followed.
  kDevice,  ///< A pipe, a socket or a device.
  kBadName,
  kAbsolutePath,
  kPathTraversal,
  kDuplicate,  ///< A later entry has the same path, and that is the one that counts.
  kEncrypted,
  kUnsupportedMethod,
  kOtherVolume,   ///< In another part of a split archive.
  kBrokenRecord,  ///< The directory contradicts itself.
  kOutOfBounds,   ///< Not within the archive.
  kOverlap,       ///< Shares bytes with another entry, as only bombs and damaged archives do.
  kTooLarge,      ///< Over the limit for one entry.
  kBomb,          ///< Unfolds to more than so many times its size.
  kOverTotal,     ///< Over the limit for all entries together, those before it in the directory.

  kUnreadable,      ///< Of a folder: gone meanwhile, or not ours to read.
  kChanged,         ///< Of a folder: not of the size that was listed.
  kHeaderMismatch,  ///< The header before the bytes says something else than the directory.
  kBrokenData,
  kWrongChecksum,
};
inline constexpr std::size_t kNumEntryVerdicts = 22;

/// In snake case, for JSON and columns.
std::string_view to_string(EntryVerdict verdict);
/// For a message, behind the path of the entry: `leads out of the archive`.
std::string_view to_text(EntryVerdict verdict);

/// What an archive may make us do: a small file can say that it holds any amount.
struct EntryLimits {
  /// Of one entry, unfolded. Images of 100 megapixels without compression are a third of that.
  ByteCount max_entry_size{std::uint64_t{1} << 30};
  /// Of all entries together, unfolded.
  ByteCount max_total_size{std::uint64_t{16} << 40};
  /// Unfolded size for each byte in the archive, looked at once the entry is over `ratio_floor`.
  /// Deflate reaches 1032; text some 20.
  std::uint64_t max_ratio = 200;
  ByteCount ratio_floor{std::uint64_t{16} << 20};
};

}  // namespace assay::archives
