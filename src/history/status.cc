#include "history/status.h"

#include "compress/stream.h"
#include "history/folder_walk_internal.h"
#include "record_files/damage_notes.h"
#include "record_files/data_folder.h"
#include "record_files/record_scan.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

namespace assay::history {
namespace {

using record_files::kCurrentFile;
using record_files::month_of;
using record_files::month_of_file_name;
using record_files::RecordScan;
using record_files::require_folder;
using record_files::ScannedLine;

namespace fs = std::filesystem;
using std::chrono::days;
using std::chrono::sys_days;

// Enough lines that their ratio is that of the file.
constexpr std::size_t kSampleSize = std::size_t{1} << 20;
constexpr int kCompressAfterMonths = 3;
constexpr int kDeleteAfterMonths = 12;

SpaceKind space_kind_of(std::string_view path) {
  if (path.starts_with("archive/")) return SpaceKind::kArchive;
  if (path.starts_with("images/")) return SpaceKind::kImages;
  if (path.starts_with("ply_files/rejected_samples/")) return SpaceKind::kRejectedSamples;
  if (path.starts_with("ply_files/pending/")) return SpaceKind::kPendingPly;
  if (path.starts_with("ply_files/")) return SpaceKind::kPlyFiles;
  if (path.starts_with("journal/")) return SpaceKind::kJournal;
  if (path.starts_with("quarantine/")) return SpaceKind::kQuarantine;
  return path.starts_with("generation_") ? SpaceKind::kRecords : SpaceKind::kOther;
}

/// The first bytes of a file.
Result<std::string> read_sample(files::FileSystem& file_system, const fs::path& path) {
  ASSIGN_OR_RETURN(const auto file, file_system.open(path, files::OpenMode::kRead));
  std::string sample(kSampleSize, '\0');
  ASSIGN_OR_RETURN(const std::size_t got,
                   file->read_at(0, std::as_writable_bytes(std::span(sample))));
  sample.resize(got);
  return sample;
}

class Measurement {
 public:
  Measurement(files::FileSystem& file_system, const fs::path& folder, Timestamp now,
              const StatusOptions& options)
      : file_system_(file_system), folder_(folder), now_(now), options_(options) {}

  Result<StatusReport> run(const std::stop_token& stop) {
    ASSIGN_OR_RETURN(const auto found, walk_folder(file_system_, folder_, stop));
    for (const FolderFile& file : found) {
      RETURN_IF_ERROR(add(file));
    }
    RETURN_IF_ERROR(measure_growth());
    ASSIGN_OR_RETURN(const auto notes, record_files::read_damage_notes(file_system_, folder_));
    for (const record_files::DamageNote& note : notes) report_.damage.push_back(note.to_text());
    report_.disk = options_.disk;
    const std::uint64_t growth = report_.growth_a_day().count();
    if (report_.disk && growth > 0) {
      report_.days_until_full = report_.disk->available.count() / growth;
    }
    return std::move(report_);
  }

 private:
  Status add(const FolderFile& file) {
    const SpaceKind kind = space_kind_of(file.path);
    SpaceUse& use = report_.kinds.at(static_cast<std::size_t>(kind));
    ++use.num_files;
    // Names of one file take its space once.
    if (!seen_.insert(file.identity).second) return {};
    use.size += file.size;
    const bool is_image = kind == SpaceKind::kImages;
    if (is_image || kind == SpaceKind::kPlyFiles || kind == SpaceKind::kRejectedSamples) {
      const sys_days day = std::chrono::floor<days>(file.modified);
      DayUse& on_day = by_day_[day];
      (is_image ? on_day.images : on_day.ply_files) += file.size;
    }
    const auto month = month_of_file_name(fs::path(file.path).filename().native());
    if (!month) return {};
    const auto age = (month_of(now_) - *month).count();
    if (age > kDeleteAfterMonths) report_.saved_by_deletion += file.size;
    const bool is_plain = !compress::format_of_name(file.path);
    if (age <= kCompressAfterMonths || !is_plain) return {};
    ASSIGN_OR_RETURN(const std::string sample, read_sample(file_system_, folder_ / file.path));
    if (sample.empty()) return {};
    ASSIGN_OR_RETURN(const std::string packed, compress::compress(compress::Format::kGzip, sample));
    const double share = std::max(
        0.0, 1.0 - static_cast<double>(packed.size()) / static_cast<double>(sample.size()));
    report_.saved_by_compression +=
        ByteCount(static_cast<std::uint64_t>(share * static_cast<double>(file.size.count())));
    return {};
  }

  /// Days from `first` to today, both included, as far as the rates look back.
  int days_since(sys_days first) const {
    const auto count = (std::chrono::floor<days>(now_) - first).count() + 1;
    return static_cast<int>(std::clamp<std::int64_t>(count, 1, std::max(options_.num_days, 1)));
  }

  Status measure_growth() {
    const sys_days today = std::chrono::floor<days>(now_);
    for (auto& [day, use] : by_day_) {
      const std::chrono::year_month_day date(day);
      use.day = fmt::format("{:04}-{:02}-{:02}", static_cast<int>(date.year()),
                            static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
      if (today - day >= days(options_.num_days) || day > today) continue;
      report_.images_a_day += use.images;
      report_.ply_files_a_day += use.ply_files;
    }
    for (const auto& [day, use] : by_day_) report_.days.push_back(use);
    report_.num_days = by_day_.empty() ? 0 : days_since(by_day_.begin()->first);
    const auto divisor = static_cast<std::uint64_t>(std::max(report_.num_days, 1));
    report_.images_a_day = ByteCount(report_.images_a_day.count() / divisor);
    report_.ply_files_a_day = ByteCount(report_.ply_files_a_day.count() / divisor);
    return measure_records();
  }

  /// The current file has grown since the time of its first record.
  Status measure_records() {
    ASSIGN_OR_RETURN(const auto info, file_system_.info(folder_ / kCurrentFile));
    if (!info) return {};
    ASSIGN_OR_RETURN(const std::string sample, read_sample(file_system_, folder_ / kCurrentFile));
    RecordScan scan;
    for (std::string_view rest = sample; !rest.empty();) {
      const std::size_t end = std::min(rest.find('\n'), rest.size());
      const ScannedLine line = scan.scan(rest.substr(0, end));
      rest.remove_prefix(std::min(end + 1, rest.size()));
      if (!line.time || *line.time > now_) continue;
      const auto age =
          (std::chrono::floor<days>(now_) - std::chrono::floor<days>(*line.time)).count() + 1;
      report_.records_a_day = ByteCount(info->size.count() / static_cast<std::uint64_t>(age));
      return {};
    }
    return {};
  }

  files::FileSystem& file_system_;
  const fs::path& folder_;
  const Timestamp now_;
  const StatusOptions& options_;
  StatusReport report_;
  std::map<sys_days, DayUse> by_day_;
  std::set<files::FileInfo::Identity> seen_;
};

}  // namespace

ByteCount StatusReport::total() const {
  ByteCount sum;
  for (const SpaceUse& use : kinds) sum += use.size;
  return sum;
}

ByteCount StatusReport::growth_a_day() const {
  return images_a_day + ply_files_a_day + records_a_day;
}

Result<StatusReport> measure(files::FileSystem& file_system, const fs::path& folder, Clock& clock,
                             const StatusOptions& options, const std::stop_token& stop) {
  RETURN_IF_ERROR(require_folder(file_system, folder));
  return Measurement(file_system, folder, clock.now(), options).run(stop);
}

}  // namespace assay::history
