#include "history/doctor.h"
#include "history/kind_listing_internal.h"
#include "json/writer.h"
#include "report/number_text.h"

#include <fmt/format.h>

#include <iterator>

namespace assay::history {
namespace {

using report::count_text;

// Order: that of FindingKind.
constexpr std::array<KindText, kNumFindingKinds> kFindingKinds = {{
    {.name = "damaged_journal",
     .title = "Damage to the journal",
     .advice = "What could be read was salvaged. Events of the time of the loss may be missing in "
               "the records. Test the disk; then move these files and those beside them away."},
    {.name = "waiting_events",
     .title = "Events that the files of records may lack",
     .advice = "Opening the folder once, as a miner or assay history append does, completes them."},
    {.name = "missing_file",
     .title = "Files that the history names and that are not there",
     .advice = "Bring them back with assay history restore; if no backup has them they are lost, "
               "and the records stay good."},
    {.name = "wrong_content",
     .title = "Files with another content than their record says",
     .advice = "Move them away and run assay history restore; if it happens again, test the disk."},
    {.name = "unreadable",
     .title = "Files that cannot be read",
     .advice = "Check their permissions; a broken archive comes back with assay history restore."},
    {.name = "bad_line",
     .title = "Lines that are no JSON",
     .advice = "They are skipped by every reader; most are lines cut by a crash of the old logger. "
               "Nothing needs to be done."},
    {.name = "wrong_month",
     .title = "Records in the file of another month",
     .advice = "Move the file out of the data folder and give it to assay history import, which "
               "adds each record to the file of its month; keep it until that told of no problem."},
    {.name = "repeated_id",
     .title = "Records whose id another record had before",
     .advice = "Readers take the last. Run assay history rotate to drop those that are the same."},
    {.name = "unsafe_path",
     .title = "Records that name files outside of the data folder",
     .advice = "Nothing there was touched. Find out which program wrote these records."},
    {.name = "unnamed_file",
     .title = "Files that no record names",
     .advice = "Keep them, or move them away if space is short: no report or export uses them."},
    {.name = "set_aside",
     .title = "Files in quarantine/ that a recorder could not read, or a restore set aside",
     .advice = "Look at them: events, a checkpoint or open generations that were damaged, or the "
               "journal from before a restore. Nothing reads them; move them away, or remove them, "
               "when they are of no more use."},
    {.name = "leftover",
     .title = "Temporary files",
     .advice = "A program was killed while it wrote them. Remove them when no miner is running."},
    {.name = "not_writable",
     .title = "Folders that cannot be written",
     .advice = "Run chown or chmod so that the miner's user may write them."},
    {.name = "low_space",
     .title = "Little space",
     .advice = "assay history status shows what takes it, and what each way to save would free."},
}};

const KindText& finding_text(std::size_t kind) { return kFindingKinds.at(kind); }

}  // namespace

std::string_view to_string(FindingKind kind) {
  return finding_text(static_cast<std::size_t>(kind)).name;
}

std::string_view advice_for(FindingKind kind) {
  return finding_text(static_cast<std::size_t>(kind)).advice;
}

std::string to_text(const DoctorReport& report) {
  std::string text =
      fmt::format("Looked at {} and {}, {} of them by hash; {} kept without a file.\n",
                  report::counted(report.num_records, "record", "records"),
                  report::counted(report.num_files, "file", "files"), count_text(report.num_hashed),
                  report::counted(report.num_not_stored, "hash was", "hashes were"));
  if (report.num_not_remembered > 0) {
    text += fmt::format(
        "PLY files that waited for feedback and are gone were looked for in the newest {}; of {} "
        "it cannot be told.\n",
        report::counted(report.num_remembered, "finished generation", "finished generations"),
        report::counted(report.num_not_remembered, "older one", "older ones"));
  }
  if (report.num_findings() == 0) return text + "Nothing is wrong.\n";
  for (std::size_t kind = 0; kind < kNumFindingKinds; ++kind) {
    const std::uint64_t count = report.counts.at(kind);
    if (count == 0) continue;
    fmt::format_to(std::back_inserter(text), "\n{} ({}):\n", finding_text(kind).title,
                   count_text(count));
    text += listing_text(finding_text(kind), count,
                         listed_of(report.findings, static_cast<FindingKind>(kind)));
  }
  return text;
}

std::string to_json(const DoctorReport& report) {
  json::Writer writer(json::Layout::kPretty);
  writer.begin_object();
  writer.name("records").unsigned_integer(report.num_records);
  writer.name("files").unsigned_integer(report.num_files);
  writer.name("hashed").unsigned_integer(report.num_hashed);
  writer.name("not_stored").unsigned_integer(report.num_not_stored);
  writer.name("pruned").unsigned_integer(report.num_pruned);
  writer.name("remembered").unsigned_integer(report.num_remembered);
  writer.name("not_remembered").unsigned_integer(report.num_not_remembered);
  writer.name("counts").begin_object();
  for (std::size_t kind = 0; kind < kNumFindingKinds; ++kind) {
    writer.name(finding_text(kind).name).unsigned_integer(report.counts.at(kind));
  }
  writer.end_object();
  writer.name("disk");
  if (report.disk) {
    writer.begin_object().name("bytes").unsigned_integer(report.disk->capacity.count());
    writer.name("available").unsigned_integer(report.disk->available.count()).end_object();
  } else {
    writer.null();
  }
  writer.name("findings").begin_list();
  for (const Finding& finding : report.findings) {
    writer.begin_object().name("kind").text(to_string(finding.kind));
    writer.name("path").text(finding.path).name("detail").text(finding.detail);
    writer.name("advice").text(advice_for(finding.kind)).end_object();
  }
  writer.end_list().end_object();
  return writer.take() + "\n";
}

}  // namespace assay::history
