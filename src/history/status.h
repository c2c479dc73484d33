/// \file
/// What takes the space of a data folder, how fast it grows, and what each way to save would free.

#pragma once

#include "core/bytes.h"
#include "core/clock.h"
#include "core/result.h"
#include "files/file_system.h"
#include "history/doctor.h"

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
enum class SpaceKind : std::uint8_t {
  kRecords,          ///< The current file of records and those of months.
  kArchive,          ///< archive/
  kImages,           ///< images/
  kPlyFiles,         ///< ply_files/, but the next two.
  kRejectedSamples,  ///< ply_files/rejected_samples/
  kPendingPly,       ///< ply_files/pending/
  kJournal,          ///< journal/
  kQuarantine,       ///< quarantine/: what a recorder could not read, or restore() set aside.
  kOther,
};
inline constexpr std::size_t kNumSpaceKinds = 9;
std::string_view to_string(SpaceKind kind);

struct SpaceUse {
  ByteCount size;  ///< A file of several names (hard links) counts with the first alone.
  std::uint64_t num_files = 0;
};

/// What was written on one day (UTC), by the times of the files.
struct DayUse {
  std::string day;  ///< `2025-11-15`.
  ByteCount images;
  ByteCount ply_files;  ///< Rejected samples too.
};

struct StatusOptions {
  /// Days of the past, today included, that the rates are taken from.
  int num_days = 30;
  std::optional<DiskSpace> disk = std::nullopt;
};

/// Sizes a day are 0 where nothing was written in those days.
struct StatusReport {
  std::array<SpaceUse, kNumSpaceKinds> kinds{};
  std::vector<DayUse> days;  ///< Days with files. Order: oldest first.
  /// The days that the rates were taken over: fewer when the folder is younger.
  int num_days = 0;
  ByteCount images_a_day;
  ByteCount ply_files_a_day;
  ByteCount records_a_day;
  std::optional<DiskSpace> disk;
  /// Of the journal: a sentence each about what was lost.
  std::vector<std::string> damage;
  /// Nothing when the disk is not known or nothing grows.
  std::optional<std::uint64_t> days_until_full;
  /// Months older than three that are not compressed: how much less they would take, by a sample.
  ByteCount saved_by_compression;
  /// Files of records of months more than twelve ago.
  ByteCount saved_by_deletion;

  ByteCount total() const;
  ByteCount growth_a_day() const;
};

/// Measure `folder`; reads the beginning of files of records only.
/// Errors: kNotFound (no such folder), kDenied, kUnavailable, kCancelled.
Result<StatusReport> measure(files::FileSystem& file_system, const std::filesystem::path& folder,
                             Clock& clock, const StatusOptions& options,
                             const std::stop_token& stop);

std::string to_text(const StatusReport& report);
std::string to_json(const StatusReport& report);

}  // namespace assay::history
