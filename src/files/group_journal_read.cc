#include "files/group_journal.h"
#include "files/journal_reader_internal.h"
#include "files/journal_salvage_internal.h"
#include "files/journal_segments_internal.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

namespace assay::files {
namespace {

namespace fs = std::filesystem;

// One reading of a journal that stays as it is.
class Reading {
 public:
  Reading(FileSystem& file_system, const fs::path& folder, ByteCount min_record,
          const GroupJournal::OnRecord& on_record)
      : file_system_(file_system),
        folder_(folder),
        min_record_(min_record),
        on_record_(on_record) {}

  Result<GroupJournalRecovery> run() {
    ASSIGN_OR_RETURN(const std::vector<std::string> names, file_system_.list(folder_));
    std::vector<std::uint64_t> firsts;
    for (const std::string& name : names) {
      if (const auto first = first_sequence_of(name); first && *first > 0) {
        firsts.push_back(*first);
      }
    }
    std::ranges::sort(firsts);
    found_.num_segments = firsts.size();
    if (!firsts.empty()) {
      found_.first_sequence = firsts.front();
      last_sequence_ = firsts.front() - 1;
    }
    for (std::size_t i = 0; i < firsts.size(); ++i) {
      const bool is_last = i + 1 == firsts.size();
      RETURN_IF_ERROR(read_segment(
          firsts[i], is_last ? std::nullopt : std::optional<std::uint64_t>(firsts[i + 1])));
    }
    return std::move(found_);
  }

 private:
  Status read_segment(std::uint64_t first, std::optional<std::uint64_t> next_first) {
    const fs::path path = folder_ / segment_name(first);
    const auto file = file_system_.open(path, OpenMode::kRead);
    if (!file && file.error().code == ErrorCode::kNotFound) {
      return unavailable(
          fmt::format("journal {}: it was removed while the journal was read", path.native()));
    }
    if (!file) return file.error();
    ASSIGN_OR_RETURN(const auto damage, read_good(**file, path, next_first));
    return damage ? salvage(first, next_first, *damage) : Status();
  }

  // Hand over what is good, to the first that is not; what that is, or nothing.
  Result<std::optional<Error>> read_good(const File& file, const fs::path& path,
                                         std::optional<std::uint64_t> next_first) {
    JournalReader reader(file, path.native());
    const auto header = reader.read_header();
    if (!header) return damage_or_failure(header.error());
    if (*header == JournalHeader::kUnfinished) {
      if (!next_first) return std::optional<Error>();
      return std::optional(corrupt(fmt::format("journal {}: it has no header", path.native())));
    }
    while (!next_first || last_sequence_ + 1 < *next_first) {
      ASSIGN_OR_RETURN(const JournalEntry entry, reader.next());
      if (entry.kind == JournalEntry::Kind::kBad) {
        if (next_first) return std::optional(reader.damage());
        const auto is_torn = reader.check_that_the_tail_is_torn();
        if (!is_torn) return damage_or_failure(is_torn.error());
        ASSIGN_OR_RETURN(const ByteCount size, file.size());
        found_.torn_tail = size - ByteCount(reader.position());
        break;
      }
      if (entry.kind == JournalEntry::Kind::kEnd) {
        if (!next_first) break;
        return std::optional(
            corrupt(fmt::format("journal {}: it ends with record {}, but the next file is {}",
                                path.native(), last_sequence_, segment_name(*next_first))));
      }
      if (entry.kind == JournalEntry::Kind::kRecord) {
        RETURN_IF_ERROR(hand_over(last_sequence_ + 1, entry.payload));
      }
    }
    return std::optional<Error>();
  }

  Status salvage(std::uint64_t first, std::optional<std::uint64_t> next_first,
                 const Error& reason) {
    ASSIGN_OR_RETURN(const auto bytes,
                     read_damaged_segment(file_system_, folder_ / segment_name(first)));
    const SegmentSalvage found = salvage_records(bytes, min_record_);
    const NumberedSalvage numbered = number_salvage(found, first, next_first);
    for (std::size_t i = 0; i < numbered.sequences.size(); ++i) {
      // Those in front of the damage have been handed over.
      if (numbered.sequences[i] <= last_sequence_) continue;
      RETURN_IF_ERROR(hand_over(numbered.sequences[i], found.records[i]));
    }
    last_sequence_ = numbered.last_sequence;
    found_.damage.push_back({.segment = segment_name(first),
                             .reason = reason.message,
                             .num_salvaged = numbered.sequences.size(),
                             .lost = numbered.lost});
    return {};
  }

  Status hand_over(std::uint64_t sequence, std::span<const std::byte> record) {
    last_sequence_ = sequence;
    ++found_.num_records;
    return on_record_(sequence, record);
  }

  FileSystem& file_system_;
  const fs::path& folder_;
  const ByteCount min_record_;
  const GroupJournal::OnRecord& on_record_;
  GroupJournalRecovery found_;
  std::uint64_t last_sequence_ = 0;
};

}  // namespace

Result<GroupJournalRecovery> read_group_journal(FileSystem& file_system, const fs::path& folder,
                                                ByteCount min_record,
                                                const GroupJournal::OnRecord& on_record) {
  return Reading(file_system, folder, min_record, on_record).run();
}

}  // namespace assay::files
