#include "decision_merge/merge.h"

#include "db/backup.h"
#include "db/transaction.h"
#include "decision_merge/merge_internal.h"
#include "decisions/side_tables.h"
#include "json/python_repr.h"
#include "json/writer.h"
#include "report/number_text.h"
#include "report/visible_text.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <chrono>
#include <cstddef>
#include <iterator>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>

namespace assay::decision_merge {
namespace {

namespace fs = std::filesystem;
using decisions::Decision;

std::string shown(const MergeChange& change) {
  struct Show {
    std::string operator()(std::int64_t value) const { return fmt::to_string(value); }
    std::string operator()(double value) const { return json::python_repr(value); }
    std::string operator()(const std::string& value) const { return value; }
  };
  return std::visit(Show{}, change.value);
}

/// Errors: as db::Database.
Status apply_changes(db::Database& database, const MergePlan& plan) {
  std::map<std::string, db::Statement, std::less<>> updates;
  for (const MergeChange& change : plan.changes) {
    auto place = updates.find(change.column);
    if (place == updates.end()) {
      // As planned still: this is the same transaction.
      ASSIGN_OR_RETURN(
          db::Statement update,
          database.prepare(fmt::format("UPDATE ai_decisions SET {} = ?1 WHERE group_id = ?2",
                                       db::quote_identifier(change.column))));
      place = updates.emplace(change.column, std::move(update)).first;
    }
    db::Statement& update = place->second;
    if (const auto* integer = std::get_if<std::int64_t>(&change.value)) {
      update.bind_integer(1, *integer);
    } else if (const auto* real = std::get_if<double>(&change.value)) {
      update.bind_real(1, *real);
    } else {
      update.bind_text(1, std::get<std::string>(change.value));
    }
    RETURN_IF_ERROR(with_context(update.bind_text(2, change.group_id).run(),
                                 fmt::format("group {}", change.group_id)));
  }
  return {};
}

/// The constraint that failed, in words and without what is the same for every row: file and
/// statement.
std::string refusal_of(std::string_view message) {
  const std::size_t constraint = message.find(" constraint failed");
  if (constraint == std::string_view::npos) return std::string(message);
  const std::size_t before = message.rfind(": ", constraint);
  const std::size_t statement = message.find(" (in: ", constraint);
  const std::size_t first = before == std::string_view::npos ? 0 : before + 2;
  const std::string_view refusal = message.substr(0, statement).substr(first);
  constexpr std::string_view kWantsValue = "NOT NULL constraint failed: ai_decisions.";
  if (!refusal.starts_with(kWantsValue)) return fmt::format("the table refuses it: {}", refusal);
  return fmt::format(
      "its table wants a value for {}, which a prediction does not have; let these groups be "
      "reviewed with the tool that made the table, then merge again",
      refusal.substr(kWantsValue.size()));
}

std::set<std::string> projects_of(const decisions::DecisionTable& table) {
  std::set<std::string> projects;
  for (const Decision& decision : table.decisions) {
    if (!decision.project_id.empty()) projects.insert(decision.project_id);
  }
  return projects;
}

/// File names recur from project to project, so they alone do not tell. Errors: kInvalidInput.
Status check_projects(const decisions::DecisionTable& offered,
                      const decisions::DecisionTable& known) {
  const std::set<std::string> there = projects_of(known);
  if (there.empty()) return {};
  for (const std::string& project : projects_of(offered)) {
    if (there.contains(project)) continue;
    return invalid_input(
        fmt::format("the predictions are of the project {}, the database to merge into is of {}: "
                    "nothing was changed",
                    project, fmt::join(there, ", ")));
  }
  return {};
}

/// Rows that the table refuses become conflicts. Errors: as db::Database, without kInvalidInput.
Status apply_additions(db::Database& database, const std::vector<std::string>& columns,
                       MergePlan& plan) {
  ASSIGN_OR_RETURN(decisions::DecisionInserter inserter,
                   decisions::DecisionInserter::prepare(database, columns));
  std::vector<Decision> added;
  for (Decision& addition : plan.additions) {
    const Status inserted = inserter.insert(addition);
    if (inserted) {
      added.push_back(std::move(addition));
    } else if (inserted.error().code == ErrorCode::kInvalidInput) {
      const auto is_it = [&](const decisions::CarriedGroup& group) {
        return group.to == addition.group_id;
      };
      std::erase_if(plan.taken, is_it);
      std::erase_if(plan.same_choice, is_it);
      plan.conflicts.push_back({.kind = ConflictKind::kCannotAdd,
                                .group_id = addition.group_id,
                                .text = refusal_of(inserted.error().message)});
    } else {
      return inserted;
    }
  }
  plan.additions = std::move(added);
  return {};
}

/// Copy the database as it is before the merge: the right to write is held, so nobody changes it.
/// Errors: as merge_decisions().
Result<fs::path> back_up(files::FileSystem& file_system, const fs::path& path, const Clock& clock) {
  const auto now = std::chrono::floor<std::chrono::seconds>(clock.now());
  fs::path backup = path;
  backup += fmt::format(".backup-{:%Y%m%dT%H%M%SZ}", fmt::gmtime(now.time_since_epoch().count()));
  const fs::path first = backup;
  for (int number = 2;; ++number) {
    ASSIGN_OR_RETURN(const auto info, file_system.info(backup));
    if (!info) break;
    backup = first;
    backup += fmt::format("-{}", number);
  }
  // A connection that writes cannot be copied; another one reads what was before.
  ASSIGN_OR_RETURN(db::Database before, db::Database::open(path));
  // Half a copy, of a program that was killed, must not have the name of a whole one.
  fs::path partial = path;
  partial += ".backup.partial";
  for (const std::string_view suffix : {"", "-journal"}) {
    const fs::path left = partial.native() + std::string(suffix);
    ASSIGN_OR_RETURN(const auto info, file_system.info(left));
    if (info) RETURN_IF_ERROR(file_system.remove(left));
  }
  Status copied = db::copy_database(before, partial);
  if (copied) copied = file_system.rename(partial, backup);
  if (!copied) {
    static_cast<void>(file_system.remove(partial));
    return Error(copied.error()).within("backup");
  }
  RETURN_IF_ERROR(file_system.sync_folder(path.has_parent_path() ? path.parent_path() : "."));
  return backup;
}

/// What is to be changed; in a dry run a copy, so that a file that may not be written will do.
/// Errors: as db::Database.
Result<db::Database> open_target(const fs::path& real, MergeMode mode) {
  if (mode == MergeMode::kApply) return db::Database::open(real, {.mode = db::OpenMode::kWrite});
  ASSIGN_OR_RETURN(db::Database original, db::Database::open(real));
  return db::copy_to_memory(original);
}

void write_decision(json::Writer& writer, const Decision& decision) {
  writer.begin_object().name("group_id").text(decision.group_id);
  writer.name("images").begin_list();
  for (const std::string& image : decision.images) writer.text(image);
  writer.end_list().end_object();
}

}  // namespace

Result<MergeReport> merge_offer(files::FileSystem& file_system, const MergeOffer& offer,
                                const fs::path& real, Clock& clock, MergeMode mode) {
  MergeReport report{.mode = mode};
  ASSIGN_OR_RETURN(db::Database target, open_target(real, mode));
  ASSIGN_OR_RETURN(db::Transaction transaction, db::Transaction::begin(target));
  ASSIGN_OR_RETURN(const decisions::DecisionTable known,
                   with_context(decisions::read_decisions(target), "the database to merge into"));
  report.num_predictions = offer.table.decisions.size() + offer.table.bad_rows.size();
  report.num_real = known.decisions.size() + known.bad_rows.size();
  RETURN_IF_ERROR(check_projects(offer.table, known));
  report.plan = plan_merge(offer.table, known);
  if (report.plan.changes.empty() && report.plan.additions.empty()) return report;
  if (mode == MergeMode::kApply) {
    ASSIGN_OR_RETURN(report.backup, back_up(file_system, real, clock));
  }
  RETURN_IF_ERROR(apply_changes(target, report.plan));
  RETURN_IF_ERROR(apply_additions(target, known.columns, report.plan));
  if (report.plan.changes.empty() && report.plan.additions.empty()) {
    // Every row was refused, so nothing has changed.
    if (report.backup) RETURN_IF_ERROR(file_system.remove(*report.backup));
    report.backup.reset();
    return report;
  }
  if (offer.also_write) RETURN_IF_ERROR(offer.also_write(target, report.plan));
  if (mode == MergeMode::kApply) RETURN_IF_ERROR(transaction.commit());
  return report;
}

Result<MergeReport> merge_decisions(files::FileSystem& file_system, const fs::path& predictions,
                                    const fs::path& real, Clock& clock, MergeMode mode) {
  ASSIGN_OR_RETURN(const fs::path from, file_system.resolve(predictions));
  ASSIGN_OR_RETURN(const fs::path to, file_system.resolve(real));
  if (from == to) return invalid_input(fmt::format("{}: this is one database", real.native()));
  ASSIGN_OR_RETURN(db::Database source, db::Database::open(predictions));
  ASSIGN_OR_RETURN(const decisions::DecisionTable offered, decisions::read_decisions(source));
  return merge_offer(file_system,
                     {.table = offered,
                      .also_write = [&](db::Database& target, const MergePlan& plan) -> Status {
                        RETURN_IF_ERROR(decisions::copy_side_tables(source, target, plan.taken));
                        return decisions::copy_final_matches(source, target, plan.same_choice);
                      }},
                     real, clock, mode);
}

std::string to_text(const MergeReport& report) {
  const MergePlan& plan = report.plan;
  std::string text;
  auto out = std::back_inserter(text);
  using report::counted;
  fmt::format_to(out, "{} and {}: {} matched, {} {}, {} {}\n",
                 counted(report.num_predictions, "prediction", "predictions"),
                 counted(report.num_real, "group", "groups"), plan.num_matched,
                 plan.additions.size(),
                 report.mode == MergeMode::kApply ? "added" : "would be added",
                 counted(plan.changes.size(), "value", "values"),
                 report.mode == MergeMode::kApply ? "filled in" : "would be filled in");
  if (plan.num_unchanged > 0) {
    fmt::format_to(out, "{} had nothing to fill in\n",
                   counted(plan.num_unchanged, "matched group", "matched groups"));
  }
  if (plan.num_other_prediction > 0) {
    fmt::format_to(
        out, "{} another prediction\n",
        counted(plan.num_other_prediction, "matched group keeps", "matched groups keep"));
  }
  if (report.mode == MergeMode::kDryRun) {
    for (const MergeChange& change : plan.changes) {
      fmt::format_to(out, "  {}: {} = {}\n", report::visible_text(change.group_id), change.column,
                     report::visible_text(shown(change)));
    }
    for (const Decision& addition : plan.additions) {
      fmt::format_to(out, "  {}: new, {}\n", report::visible_text(addition.group_id),
                     counted(addition.images.size(), "image", "images"));
    }
  }
  if (!plan.conflicts.empty()) {
    fmt::format_to(out, "{} a decision:\n",
                   counted(plan.conflicts.size(), "conflict needs", "conflicts need"));
  }
  // A table that wants a user's choice refuses every group that has none, for one reason.
  std::map<std::string_view, std::size_t> refused;
  for (const MergeConflict& conflict : plan.conflicts) {
    const bool is_refused = conflict.kind == ConflictKind::kCannotAdd;
    if (is_refused && refused[conflict.text]++ > 0) continue;
    fmt::format_to(out, "  {} ({}): {}\n", report::visible_text(conflict.group_id),
                   to_string(conflict.kind), report::visible_text(conflict.text));
  }
  for (const auto& [reason, count] : refused) {
    if (count == 1) continue;
    fmt::format_to(out, "  and {} (cannot_add): {}\n",
                   counted(count - 1, "more group", "more groups"), report::visible_text(reason));
  }
  if (report.backup) {
    fmt::format_to(out, "Backup: {}\n", report::visible_text(report.backup->native()));
  }
  return text;
}

std::string to_json(const MergeReport& report) {
  const MergePlan& plan = report.plan;
  json::Writer writer(json::Layout::kPretty);
  writer.begin_object();
  writer.name("dry_run").boolean(report.mode == MergeMode::kDryRun);
  writer.name("num_predictions").unsigned_integer(report.num_predictions);
  writer.name("num_real").unsigned_integer(report.num_real);
  writer.name("num_matched").unsigned_integer(plan.num_matched);
  writer.name("num_unchanged").unsigned_integer(plan.num_unchanged);
  writer.name("num_other_prediction").unsigned_integer(plan.num_other_prediction);
  writer.name("backup");
  if (report.backup) {
    writer.text(report.backup->native());
  } else {
    writer.null();
  }
  writer.name("changes").begin_list();
  for (const MergeChange& change : plan.changes) {
    writer.begin_object().name("group_id").text(change.group_id);
    writer.name("column").text(change.column);
    writer.name("value").text(shown(change)).end_object();
  }
  writer.end_list();
  writer.name("additions").begin_list();
  for (const Decision& addition : plan.additions) write_decision(writer, addition);
  writer.end_list();
  writer.name("conflicts").begin_list();
  for (const MergeConflict& conflict : plan.conflicts) {
    writer.begin_object().name("group_id").text(conflict.group_id);
    writer.name("kind").text(to_string(conflict.kind));
    writer.name("text").text(conflict.text).end_object();
  }
  writer.end_list().end_object();
  return writer.take() + "\n";
}

}  // namespace assay::decision_merge
