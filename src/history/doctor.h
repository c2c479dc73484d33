/// \file
/// What is wrong with a data folder, and what to do about it.

#pragma once

#include "core/bytes.h"
#include "core/result.h"
#include "files/file_system.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace assay::history {

/// Order: that of the report.
enum class FindingKind : std::uint8_t {
  kDamagedJournal,  ///< The journal was damaged, and events are lost or were salvaged.
  kWaitingEvents,   ///< Events of a killed recorder that its files may lack.
  kMissingFile,     ///< A record, or the journal of what waits, names a file that is not there.
  kWrongContent,    ///< It is there with another hash than the record says.
  kUnreadable,      ///< A file of records that cannot be read, or is compressed and broken.
  kBadLine,         ///< A line that is no JSON object.
  kWrongMonth,      ///< A record in the file of another month.
  kRepeatedId,      ///< A record whose id another one had before.
  kUnsafePath,      ///< A record names a file outside of the folder.
  kUnnamedFile,     ///< An image or PLY file that no record names.
  kSetAside,        ///< In quarantine/: what a recorder could not read, or restore() set aside.
  kLeftover,        ///< A temporary file.
  kNotWritable,     ///< A folder that a recorder could not write.
  kLowSpace,        ///< Less of the disk is free than there should be.
};
inline constexpr std::size_t kNumFindingKinds = 14;

/// `missing_file` and so on, as the JSON form has it.
std::string_view to_string(FindingKind kind);
/// One sentence: what to do about findings of this kind.
std::string_view advice_for(FindingKind kind);

struct Finding {
  FindingKind kind = FindingKind::kMissingFile;
  std::string path;    ///< Relative to the data folder.
  std::string detail;  ///< The record's id, the line, the reason; perhaps empty.
};

struct DiskSpace {
  ByteCount capacity;
  ByteCount available;
};

struct DoctorOptions {
  /// Whether contents are compared with the hashes of the records: all files are read.
  enum class Contents : std::uint8_t { kHash, kTrust } contents = Contents::kHash;
  /// Of the disk that holds the folder; nothing when it is not known.
  std::optional<DiskSpace> disk = std::nullopt;
  /// Below it the disk is a finding.
  double min_free_share = 0.2;
  /// Findings of one kind that are kept with their facts; the rest is only counted.
  std::size_t max_listed = 1000;
};

struct DoctorReport {
  std::uint64_t num_records = 0;
  std::uint64_t num_files = 0;  ///< Images and PLY files that records, or the journal, name.
  std::uint64_t num_hashed = 0;
  /// Hashes without a file: the miner stores none, or it was removed after a rejection. Not those
  /// of PLY files that wait for their validator.
  std::uint64_t num_not_stored = 0;
  std::uint64_t num_pruned = 0;  ///< Files that prune deleted.
  /// Finished generations, the newest, of which the recorder remembers whether their PLY bytes
  /// wait.
  std::uint64_t num_remembered = 0;
  /// Those before them, where records have hashes of PLY files that are not stored: whether one of
  /// these waited and is lost cannot be told.
  std::uint64_t num_not_remembered = 0;
  std::array<std::uint64_t, kNumFindingKinds> counts{};
  std::vector<Finding> findings;  ///< Order: by kind, path, detail.
  std::optional<DiskSpace> disk;

  std::uint64_t num_findings() const;
};

/// Look through everything below `folder`, and change nothing but a probe that is removed at once.
/// Errors: kNotFound (no such folder), kDenied (it cannot be listed), kUnavailable, kCancelled.
Result<DoctorReport> examine(files::FileSystem& file_system, const std::filesystem::path& folder,
                             const DoctorOptions& options, const std::stop_token& stop);

/// For people: each kind with its count, the first of them, and what to do.
std::string to_text(const DoctorReport& report);
std::string to_json(const DoctorReport& report);

}  // namespace assay::history
