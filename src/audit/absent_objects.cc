#include "audit/absent_objects.h"

#include "core/shown_text.h"
#include "tables/csv_reader.h"

#include <fmt/format.h>

#include <cstddef>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace assay::audit {
namespace {

Result<std::size_t> require_column(const tables::CsvReader& reader, std::string_view source,
                                   std::string_view name) {
  const std::optional<std::size_t> column = reader.find_column(name);
  if (column) return *column;
  return invalid_input(fmt::format(
      "{}: no column {}; is this the CSV that `assay audit verify` writes?", source, name));
}

}  // namespace

Result<AbsentObjects> count_absent_objects(const files::ByteSource& report, std::stop_token stop) {
  ASSIGN_OR_RETURN(auto reader, tables::CsvReader::open(
                                    report, {.quoted_newlines = tables::QuotedNewlines::kKept}));
  ASSIGN_OR_RETURN(const auto hotkey_column, require_column(reader, report.name(), "miner_hotkey"));
  ASSIGN_OR_RETURN(const auto exists_column, require_column(reader, report.name(), "exists"));
  ASSIGN_OR_RETURN(const auto error_column, require_column(reader, report.name(), "error"));
  AbsentObjects absent;
  while (true) {
    ASSIGN_OR_RETURN(const bool has_row, reader.next_row());
    if (!has_row) return absent;
    if (stop.stop_requested()) return cancelled(fmt::format("{}: stopped", report.name()));
    const auto hotkey = reader.cell(hotkey_column);
    const auto exists = reader.cell(exists_column);
    const auto error = reader.cell(error_column);
    const auto at = [&](std::string_view what) {
      return invalid_input(fmt::format("{}: {}: {}", report.name(), reader.row_position(), what));
    };
    if (!hotkey || !exists || !error) {
      return at("the row is cut short; run `assay audit verify` again");
    }
    if (*exists != "True" && *exists != "False" && !exists->empty()) {
      return at(fmt::format("exists: {} is neither True nor False nor empty", shown_text(*exists)));
    }
    if (*exists != "False" || !error->empty()) continue;
    const std::string_view name = hotkey->empty() ? kUnknownHotkey : *hotkey;
    const auto known = absent.find(name);
    if (known == absent.end()) {
      absent.emplace(name, 1);
    } else {
      ++known->second;
    }
  }
}

Result<std::vector<MinerTotals>> with_absent_objects(std::vector<MinerTotals> fleet,
                                                     const AbsentObjects& absent) {
  std::unordered_map<std::string_view, MinerTotals*> by_hotkey;
  by_hotkey.reserve(fleet.size());
  for (MinerTotals& miner : fleet) by_hotkey.emplace(miner.hotkey, &miner);
  for (const auto& [hotkey, count] : absent) {
    const auto found = by_hotkey.find(hotkey);
    if (found == by_hotkey.end()) {
      return invalid_input(
          fmt::format("miner {} has absent objects in the verify report but no job "
                      "in the export; give the report of this export",
                      shown_text(hotkey)));
    }
    MinerTotals& miner = *found->second;
    miner.absent_objects = count;
    if (miner.claims_without_image() > miner.claims) {
      return invalid_input(
          fmt::format("miner {} has {} absent objects in the verify report, more "
                      "than it claims in the export; give the report of this "
                      "export",
                      shown_text(hotkey), count));
    }
  }
  return fleet;
}

}  // namespace assay::audit
