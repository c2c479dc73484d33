/// \file
/// What can be read of the bytes of a damaged segment, and which numbers it has.

#pragma once

#include "core/bytes.h"
#include "core/result.h"
#include "files/file_system.h"
#include "files/journal_damage.h"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <vector>

namespace assay::files {

/// Bytes between good records that are none.
struct DamagedStretch {
  std::size_t num_records_before = 0;
  /// How many records it held.
  std::uint64_t num_at_least = 0;
  std::uint64_t num_at_most = 0;
};

struct SegmentSalvage {
  /// The payloads that check. Order: as in the file. Lifetime: that of the bytes.
  std::vector<std::span<const std::byte>> records;
  std::vector<DamagedStretch> stretches;
};

/// The bytes of a segment that is to be salvaged.
/// Errors: kExhausted (too large), those of reading a file.
Result<std::vector<std::byte>> read_damaged_segment(FileSystem& file_system,
                                                    const std::filesystem::path& path);

/// Find every record in the bytes of a segment, its header too, wherever it stands. A record of
/// which only the length is damaged is put right. No record is shorter than `min_record`, which
/// bounds what a damaged stretch can have held.
/// Cost: linear for text; bounded for any bytes (see the .cc).
SegmentSalvage salvage_records(std::span<const std::byte> bytes, ByteCount min_record);

struct NumberedSalvage {
  std::vector<std::uint64_t> sequences;  ///< Of the records; fewer when the rest is not wanted.
  std::vector<LostRecords> lost;
  std::uint64_t last_sequence = 0;  ///< The highest that may have been given.
};

/// Number what was found in a segment that begins with `first`. With `next_first`, the first number
/// of the segment behind it, how many it held is known. Where a number is not certain it is the
/// highest possible one: a record that is taken for newer than it is is applied again, which
/// changes nothing; one that is taken for older would be passed over. What is lost is stated by the
/// numbers that it may have had. With its own `last_sequence`
/// + 1 as `next_first` the answer has the same numbers.
NumberedSalvage number_salvage(const SegmentSalvage& found, std::uint64_t first,
                               std::optional<std::uint64_t> next_first);

}  // namespace assay::files
