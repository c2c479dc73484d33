#include "files/journal_format_internal.h"
#include "files/journal_salvage_internal.h"
#include "files/journal_segments_internal.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

// Why no crash loses what was salvaged. A damaged segment stays where it is, and is read anew at
// each opening with the same outcome, until its records are elsewhere: then, where another one is
// removed, it is moved to the quarantine. The note about it is there before the first of its
// records is handed over. When it was the open one, the next is begun behind it, so that nothing is
// ever added to it.

namespace assay::files {
namespace {

namespace fs = std::filesystem;

// Far more than a segment and its last batch.
constexpr ByteCount kMaxSalvaged{std::uint64_t{1} << 30};

bool is_of_later_version(std::span<const std::byte> bytes) {
  using journal_format::kHeaderSize;
  if (bytes.size() < kHeaderSize) return false;
  const auto header = journal_format::header();
  return std::ranges::equal(bytes.first(8), std::span(header).first(8)) &&
         journal_format::load<std::uint32_t>(bytes.data() + 8) > journal_format::kVersion &&
         journal_format::load<std::uint32_t>(bytes.data() + 12) == crc32c(bytes.first(12));
}

}  // namespace

Result<std::vector<std::byte>> read_damaged_segment(FileSystem& file_system, const fs::path& path) {
  ASSIGN_OR_RETURN(const auto file, file_system.open(path, OpenMode::kRead));
  ASSIGN_OR_RETURN(const ByteCount size, file->size());
  if (size > kMaxSalvaged) {
    return exhausted(
        fmt::format("journal {}: it is damaged, and with {} too large to be salvaged; move it away",
                    path.native(), to_string(size)));
  }
  std::vector<std::byte> bytes(static_cast<std::size_t>(size.count()));
  ASSIGN_OR_RETURN(const std::size_t got, file->read_at(0, bytes));
  bytes.resize(got);
  return bytes;
}

Status JournalSegments::salvage(std::uint64_t first, std::optional<std::uint64_t> next_first,
                                const Error& reason, const GroupJournal::OnRecord& on_record) {
  if (options_.when_damaged == WhenDamaged::kRefuse) return reason;
  ASSIGN_OR_RETURN(const std::vector<std::byte> bytes,
                   read_damaged_segment(*file_system_, path_of(first)));
  if (is_of_later_version(bytes)) return reason;
  const SegmentSalvage found = salvage_records(bytes, options_.min_record);
  const NumberedSalvage numbered = number_salvage(found, first, next_first);
  ASSIGN_OR_RETURN(const std::string name, quarantine_name(first));
  damaged_.insert(first);
  RETURN_IF_ERROR(note({.segment = path_of(first).filename().native(),
                        .reason = reason.message,
                        .num_salvaged = numbered.sequences.size(),
                        .lost = numbered.lost},
                       name));
  for (std::size_t i = 0; i < numbered.sequences.size(); ++i) {
    // Those in front of the damage have been handed over.
    if (numbered.sequences[i] <= last_sequence_) continue;
    last_sequence_ = numbered.sequences[i];
    RETURN_IF_ERROR(on_record(last_sequence_, found.records[i]));
    ++recovery_.num_records;
  }
  last_sequence_ = numbered.last_sequence;
  return {};
}

Status JournalSegments::note(JournalDamage damage, std::string_view name) {
  RETURN_IF_ERROR(write_damage_note(*file_system_, folder_, name, damage));
  recovery_.damage.push_back(std::move(damage));
  return {};
}

// Its own name stays its own: the next segment has another number, be it one that nobody had.
Status JournalSegments::seal_damaged() {
  file_.reset();
  last_sequence_ = std::max(last_sequence_, first_sequences_.back());
  return begin_segment();
}

// `<name>.<n>`: numbers may have begun anew since another file of that name was set aside.
Result<std::string> JournalSegments::quarantine_name(std::uint64_t first) const {
  for (int number = 0;; ++number) {
    std::string name = fmt::format("{}.{}", path_of(first).filename().native(), number);
    ASSIGN_OR_RETURN(const auto taken, file_system_->info(folder_ / kJournalQuarantine / name));
    if (!taken) return name;
  }
}

Status JournalSegments::set_aside(std::uint64_t first) {
  const fs::path quarantine = folder_ / kJournalQuarantine;
  RETURN_IF_ERROR(file_system_->create_folders(quarantine));
  ASSIGN_OR_RETURN(const std::string name, quarantine_name(first));
  auto moved = file_system_->rename(path_of(first), quarantine / name);
  // Not there: an earlier call moved it, and failed behind that.
  if (!moved && moved.error().code != ErrorCode::kNotFound) return moved;
  return file_system_->sync_folder(quarantine);
}

}  // namespace assay::files
