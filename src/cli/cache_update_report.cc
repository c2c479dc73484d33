#include "cli/cache_update_report_internal.h"
#include "core/timestamp.h"
#include "json/writer.h"
#include "report/number_text.h"
#include "report/visible_text.h"

#include <fmt/format.h>

#include <array>
#include <string_view>
#include <utility>

namespace assay::cli {
namespace {

using cache::ImportOutcome;
using report::counted;
using report::visible_text;
using updater::UpdateOutcome;
using updater::UpdateReport;
using updater::UsedTable;

constexpr std::size_t kMaxProblemsShown = 10;

std::string intake_text(const cache::ImportReport& intake) {
  constexpr std::array<std::pair<ImportOutcome, std::string_view>, 9> kTold = {{
      {ImportOutcome::kAlreadyThere, "there already"},
      {ImportOutcome::kNearDuplicate, "left out: look like another of this source"},
      {ImportOutcome::kUnknownFormat, "left out: no image, or of an unknown format"},
      {ImportOutcome::kUnsupported, "left out: of a kind that is not supported"},
      {ImportOutcome::kTruncated, "left out: cut short"},
      {ImportOutcome::kCorrupt, "left out: damaged"},
      {ImportOutcome::kOverLimit, "left out: too large"},
      {ImportOutcome::kUnreadable, "left out: rows without an image"},
      {ImportOutcome::kDoubtful,
       "left out: do not look like their label; copied to the quarantine"},
  }};
  std::string text =
      fmt::format("{} added\n", counted(intake.count(ImportOutcome::kAdded), "photo", "photos"));
  for (const auto& [outcome, words] : kTold) {
    if (intake.count(outcome) == 0) continue;
    text += fmt::format("{} {}\n", report::count_text(intake.count(outcome)), words);
  }
  const std::array<std::pair<std::uint64_t, std::string_view>, 3> there = {{
      {intake.num_labelled, "of those there already had no label, and have it now"},
      {intake.num_otherwise_labelled,
       "of those there already have another label, which stays: assay cache label changes it"},
      {intake.num_elsewhere,
       "of those there already are in another of the three caches, and stay there alone"},
  }};
  for (const auto& [number, words] : there) {
    if (number > 0) text += fmt::format("{} {}\n", report::count_text(number), words);
  }
  if (intake.num_unlabelled > 0) {
    text += fmt::format("{} of those added without a label: assay cache label --unlabelled\n",
                        report::count_text(intake.num_unlabelled));
  }
  if (intake.num_unseen_by_others > 0) {
    text += fmt::format("{} of those added are of a format that the validator does not look at\n",
                        report::count_text(intake.num_unseen_by_others));
  }
  std::size_t num_shown = 0;
  for (const cache::ImportProblem& problem : intake.problems) {
    if (++num_shown > kMaxProblemsShown) break;
    text += fmt::format("  {}: {}\n", visible_text(problem.path), visible_text(problem.reason));
  }
  return text;
}

void write_table(json::Writer& writer, const UsedTable& table) {
  writer.begin_object();
  writer.name("table").text(table.path);
  writer.name("looked_at").unsigned_integer(table.num_looked_at);
  writer.name("added").unsigned_integer(table.num_added);
  writer.name("downloaded_bytes").unsigned_integer(table.downloaded.count());
  writer.name("problem");
  table.problem.empty() ? writer.null() : writer.text(table.problem);
  writer.end_object();
}

void write_outcome(json::Writer& writer, const UpdateOutcome& outcome) {
  const UpdateReport& report = outcome.report;
  writer.begin_object();
  writer.name("source").text(report.source);
  writer.name("commit");
  report.commit.empty() ? writer.null() : writer.text(report.commit);
  writer.name("wanted").unsigned_integer(report.num_wanted);
  for (std::size_t i = 0; i < cache::kNumImportOutcomes; ++i) {
    writer.name(to_string(static_cast<ImportOutcome>(i))).unsigned_integer(report.intake.counts[i]);
  }
  writer.name("missing").unsigned_integer(report.num_missing);
  writer.name("no_room");
  report.no_room.empty() ? writer.null() : writer.text(report.no_room);
  writer.name("labelled").unsigned_integer(report.intake.num_labelled);
  writer.name("otherwise_labelled").unsigned_integer(report.intake.num_otherwise_labelled);
  writer.name("in_another_cache").unsigned_integer(report.intake.num_elsewhere);
  writer.name("unlabelled").unsigned_integer(report.intake.num_unlabelled);
  writer.name("bytes_added").unsigned_integer(report.intake.bytes_added.count());
  writer.name("evicted").unsigned_integer(report.intake.made_room.num_items);
  writer.name("bytes_evicted").unsigned_integer(report.intake.made_room.bytes.count());
  writer.name("quarantine_removed").unsigned_integer(report.intake.from_quarantine.num_images);
  writer.name("quarantine_bytes_removed")
      .unsigned_integer(report.intake.from_quarantine.bytes.count());
  writer.name("tables_listed").unsigned_integer(report.num_tables);
  writer.name("looked_at_before").unsigned_integer(report.num_taken_before);
  writer.name("tables").begin_list();
  for (const UsedTable& table : report.tables) write_table(writer, table);
  writer.end_list();
  writer.name("problems").begin_list();
  for (const cache::ImportProblem& problem : report.intake.problems) {
    writer.begin_object();
    writer.name("origin").text(problem.path);
    writer.name("outcome").text(to_string(problem.outcome));
    writer.name("reason").text(problem.reason);
    writer.end_object();
  }
  writer.end_list();
  writer.name("error");
  if (outcome.status) {
    writer.null();
  } else {
    writer.begin_object();
    writer.name("cause").text(outcome.cause);
    writer.name("message").text(outcome.status.error().message);
    writer.end_object();
  }
  writer.name("next_due").text(to_rfc3339(outcome.next_due));
  writer.end_object();
}

}  // namespace

std::string update_text(const UpdateOutcome& outcome) {
  const UpdateReport& report = outcome.report;
  if (outcome.status && report.num_wanted == 0) {
    return fmt::format("{}: stocked, nothing to do\n", visible_text(report.source));
  }
  std::string text = fmt::format("{}: {}", visible_text(report.source), intake_text(report.intake));
  for (const UsedTable& table : report.tables) {
    if (!table.problem.empty()) {
      text += fmt::format("a table could not be used: {}\n", visible_text(table.problem));
    }
  }
  if (!report.no_room.empty()) {
    text += fmt::format("{} still missing: {}\n", report::count_text(report.num_missing),
                        visible_text(report.no_room));
  } else if (report.num_missing > 0 && outcome.status) {
    text += fmt::format("{} still missing: {}\n", report::count_text(report.num_missing),
                        "no more rows that fit were found in the tables of this round");
    // Else a cache that somebody emptied could not be filled again, and nothing would say why.
    if (report.num_taken_before > 0) {
      text += fmt::format(
          "{} looked at before, and not again: where their images are gone from the cache, "
          "remove {} to begin anew\n",
          counted(report.num_taken_before, "row was", "rows were"),
          visible_text(report.state_file.native()));
    }
  }
  return text;
}

std::string update_json(const UpdateOutcome& outcome) {
  json::Writer writer(json::Layout::kPretty);
  write_outcome(writer, outcome);
  return writer.take() + "\n";
}

std::string sources_text(const updater::SourcesOutcome& outcome) {
  if (outcome.num_wanted == 0) return "all caches: stocked, nothing to do\n";
  std::string text;
  for (const UpdateOutcome& done : outcome.outcomes) {
    if (done.status) text += update_text(done);
  }
  if (outcome.num_missing > 0) {
    text += fmt::format("{} of {} still missing, when all sources were asked\n",
                        report::count_text(outcome.num_missing),
                        report::count_text(outcome.num_wanted));
  }
  return text;
}

std::string sources_json(const updater::SourcesOutcome& outcome) {
  json::Writer writer(json::Layout::kPretty);
  writer.begin_object();
  writer.name("wanted").unsigned_integer(outcome.num_wanted);
  writer.name("missing").unsigned_integer(outcome.num_missing);
  writer.name("next_due").text(to_rfc3339(outcome.next_due));
  writer.name("sources").begin_list();
  for (const UpdateOutcome& done : outcome.outcomes) write_outcome(writer, done);
  writer.end_list();
  writer.end_object();
  return writer.take() + "\n";
}

}  // namespace assay::cli
