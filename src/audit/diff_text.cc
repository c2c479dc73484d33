#include "audit/diff.h"
#include "json/writer.h"
#include "report/number_text.h"
#include "report/visible_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <span>
#include <string_view>

namespace assay::audit {
namespace {

using report::change_text;
using report::count_text;

// Wide enough for what tells one hotkey from another; the JSON form has it whole.
constexpr std::size_t kHotkeyColumns = 24;

// fmt counts characters of some scripts as two columns, and bytes that a terminal shows as one:
// padding is done by our own count.
std::string pad_right(std::string text, std::size_t columns) {
  const std::size_t count = report::count_characters(text);
  if (count < columns) text.append(columns - count, ' ');
  return text;
}

std::string pad_left(std::string text, std::size_t columns) {
  const std::size_t count = report::count_characters(text);
  if (count < columns) text.insert(0, columns - count, ' ');
  return text;
}

std::string change_cell(const Change& change) {
  const std::string difference =
      change.has_changed() ? fmt::format(" ({})", change_text(change.difference())) : "";
  return count_text(change.now) + difference;
}

void append_names(std::string& text, std::string_view what, std::span<const std::string> names,
                  std::size_t max_rows) {
  if (names.empty()) return;
  fmt::format_to(std::back_inserter(text), "{} ({}):\n", what, count_text(names.size()));
  for (const std::string& name : names.first(std::min(names.size(), max_rows))) {
    fmt::format_to(std::back_inserter(text), "  {}\n", report::visible_text(name));
  }
  if (names.size() > max_rows) {
    fmt::format_to(std::back_inserter(text), "  and {} more\n",
                   count_text(names.size() - max_rows));
  }
}

void append_suspects(std::string& text, std::string_view rule, const AuditDiff::Suspects& suspects,
                     std::size_t max_rows) {
  fmt::format_to(std::back_inserter(text),
                 "\nSuspects by the {}: {} new, {} cleared, {} gone, {} still\n", rule,
                 count_text(suspects.added.size()), count_text(suspects.cleared.size()),
                 count_text(suspects.gone.size()), count_text(suspects.still.size()));
  append_names(text, "New", suspects.added, max_rows);
  append_names(text, "Cleared", suspects.cleared, max_rows);
  append_names(text, "Gone", suspects.gone, max_rows);
}

void append_totals(std::string& text, const AuditDiff& diff) {
  fmt::format_to(std::back_inserter(text), "{:<24}{:>14}{:>14}{:>14}\n", "", "before", "now",
                 "change");
  for (const AuditDiff::Total& total : diff.totals) {
    std::string name = total.name;
    std::ranges::replace(name, '_', ' ');
    const std::string change =
        total.change.has_changed() ? change_text(total.change.difference()) : "";
    fmt::format_to(std::back_inserter(text), "{:<24}{:>14}{:>14}{}\n", name,
                   count_text(total.change.before), count_text(total.change.now),
                   change.empty() ? "" : pad_left(change, 14));
  }
}

void append_miners(std::string& text, std::span<const AuditDiff::Miner> miners,
                   std::size_t max_rows) {
  if (miners.empty()) return;
  constexpr std::size_t kColumns = 18;
  fmt::format_to(std::back_inserter(text), "\nLargest changes of {}:\n",
                 report::counted(miners.size(), "miner", "miners"));
  text += pad_right("hotkey", kHotkeyColumns);
  for (const char* header : {"jobs", "missing", "success missing", "false claims"}) {
    text += pad_left(header, kColumns);
  }
  text += '\n';
  for (const AuditDiff::Miner& miner : miners.first(std::min(miners.size(), max_rows))) {
    text += pad_right(report::shorten_middle(report::visible_text(miner.hotkey), kHotkeyColumns),
                      kHotkeyColumns);
    for (const Change& change :
         {miner.jobs, miner.missing, miner.success_missing, miner.claims_without_image}) {
      text += pad_left(change_cell(change), kColumns);
    }
    text += '\n';
  }
  if (miners.size() > max_rows) {
    fmt::format_to(std::back_inserter(text), "and {} more\n", count_text(miners.size() - max_rows));
  }
}

void write_change(json::Writer& writer, std::string_view name, const Change& change) {
  writer.name(name).begin_object();
  writer.name("before").unsigned_integer(change.before);
  writer.name("now").unsigned_integer(change.now);
  writer.end_object();
}

void write_names(json::Writer& writer, std::string_view name, std::span<const std::string> names) {
  writer.name(name).begin_list();
  for (const std::string& hotkey : names) {
    writer.begin_object().name("hotkey").text(hotkey).end_object();
  }
  writer.end_list();
}

void write_suspects(json::Writer& writer, std::string_view name,
                    const AuditDiff::Suspects& suspects) {
  writer.name(name).begin_object();
  write_names(writer, "added", suspects.added);
  write_names(writer, "cleared", suspects.cleared);
  write_names(writer, "gone", suspects.gone);
  write_names(writer, "still", suspects.still);
  writer.end_object();
}

}  // namespace

std::string to_text(const AuditDiff& diff, const DiffTextOptions& options) {
  if (!diff.has_changes()) return "Nothing changed.\n";
  std::string text;
  append_totals(text, diff);
  if (diff.options_differ) {
    text += "\nThe two runs used different options: some changes may come from these.\n";
  }
  append_suspects(text, "ratio rule", diff.by_ratio, options.max_rows);
  append_suspects(text, "exact test", diff.by_claims, options.max_rows);
  if (!diff.appeared.empty() || !diff.gone.empty()) text += '\n';
  append_names(text, "Miners that appeared", diff.appeared, options.max_rows);
  append_names(text, "Miners that are gone", diff.gone, options.max_rows);
  append_miners(text, diff.miners, options.max_rows);
  return text;
}

std::string to_json(const AuditDiff& diff) {
  json::Writer writer(json::Layout::kPretty);
  writer.begin_object();
  writer.name("format").text("assay-audit-diff");
  writer.name("format_version").integer(1);
  writer.name("has_changes").boolean(diff.has_changes());
  writer.name("options_differ").boolean(diff.options_differ);
  writer.name("totals").begin_object();
  for (const AuditDiff::Total& total : diff.totals) write_change(writer, total.name, total.change);
  writer.end_object();
  write_names(writer, "appeared", diff.appeared);
  write_names(writer, "gone", diff.gone);
  writer.name("suspects").begin_object();
  write_suspects(writer, "by_ratio", diff.by_ratio);
  write_suspects(writer, "by_claims", diff.by_claims);
  writer.end_object();
  writer.name("miners").begin_list();
  for (const AuditDiff::Miner& miner : diff.miners) {
    writer.begin_object();
    writer.name("hotkey").text(miner.hotkey);
    write_change(writer, "jobs", miner.jobs);
    write_change(writer, "missing", miner.missing);
    write_change(writer, "success_missing", miner.success_missing);
    write_change(writer, "claims_without_image", miner.claims_without_image);
    writer.end_object();
  }
  writer.end_list();
  writer.end_object();
  return writer.take() + "\n";
}

}  // namespace assay::audit
