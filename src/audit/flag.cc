#include "audit/flag.h"

#include "json/python_repr.h"
#include "tables/csv.h"
#include "tables/csv_reader.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <optional>
#include <utility>

namespace assay::audit {
namespace {

constexpr std::string_view kHotkey = "miner_hotkey";
constexpr std::string_view kMissingJobs = "missing_jobs";
constexpr std::string_view kSuccessMissing = "success_missing";

/// Reads the cells of one summary and says where a bad one is.
class SummaryRows {
 public:
  SummaryRows(const files::ByteSource& source, tables::CsvReader reader)
      : source_(&source),
        reader_(std::move(reader)),
        hotkey_(reader_.find_column(kHotkey)),
        missing_jobs_(reader_.find_column(kMissingJobs)),
        success_missing_(reader_.find_column(kSuccessMissing)) {}

  Result<bool> next() { return reader_.next_row(); }

  Result<python_form::PythonInteger> missing_jobs() const {
    return integer(missing_jobs_, kMissingJobs);
  }
  Result<python_form::PythonInteger> success_missing() const {
    return integer(success_missing_, kSuccessMissing);
  }
  /// A cell that a short row lacks is empty.
  Result<std::string> hotkey() const {
    if (!hotkey_) return no_column(kHotkey);
    return std::string(reader_.cell(*hotkey_).value_or(""));
  }
  Error at(std::string_view column, Error error) const {
    return std::move(error).within(
        fmt::format("{}: {}: {}", source_->name(), reader_.row_position(), column));
  }

 private:
  Result<python_form::PythonInteger> integer(std::optional<std::size_t> column,
                                             std::string_view name) const {
    if (!column) return no_column(name);
    const std::optional<std::string_view> cell = reader_.cell(*column);
    if (!cell) return at(name, invalid_input("the row is too short: an integer is expected here"));
    Result<python_form::PythonInteger> value = python_form::PythonInteger::parse(*cell);
    if (!value) return at(name, std::move(value.error()));
    return value;
  }
  Error no_column(std::string_view name) const {
    return at(name, invalid_input("the header has no such column; is this the CSV that `assay "
                                  "audit missing` writes?"));
  }

  const files::ByteSource* source_;
  tables::CsvReader reader_;
  std::optional<std::size_t> hotkey_;
  std::optional<std::size_t> missing_jobs_;
  std::optional<std::size_t> success_missing_;
};

}  // namespace

bool is_suspect(double ratio, const python_form::PythonInteger& missing_jobs,
                const FlagOptions& options) {
  return ratio >= options.success_ratio && missing_jobs >= options.min_missing;
}

Result<FlaggedMiners> flag_miners(const files::ByteSource& summary, const FlagOptions& options,
                                  std::stop_token stop) {
  ASSIGN_OR_RETURN(auto reader, tables::CsvReader::open(summary));
  SummaryRows rows(summary, std::move(reader));
  FlaggedMiners flagged;
  while (true) {
    ASSIGN_OR_RETURN(const bool has_row, rows.next());
    if (!has_row) return flagged;
    if (stop.stop_requested()) return cancelled(fmt::format("{}: stopped", summary.name()));
    ++flagged.num_rows;
    ASSIGN_OR_RETURN(auto missing_jobs, rows.missing_jobs());
    ASSIGN_OR_RETURN(auto success_missing, rows.success_missing());
    double ratio = 0;
    if (!missing_jobs.is_zero()) {
      Result<double> quotient = python_form::true_divide(success_missing, missing_jobs);
      if (!quotient) return rows.at(kSuccessMissing, std::move(quotient.error()));
      ratio = *quotient;
    }
    if (!is_suspect(ratio, missing_jobs, options)) continue;
    ASSIGN_OR_RETURN(auto hotkey, rows.hotkey());
    flagged.miners.push_back({.hotkey = std::move(hotkey),
                              .missing_jobs = std::move(missing_jobs),
                              .success_missing = std::move(success_missing),
                              .ratio = ratio});
  }
}

std::string format_ratio(double ratio) {
  // The largest double has 309 digits before the point.
  std::array<char, 320> text;
  const auto written =
      std::to_chars(text.data(), text.data() + text.size(), ratio, std::chars_format::fixed, 4);
  return {text.data(), written.ptr};
}

std::string to_csv(const FlaggedMiners& flagged) {
  std::string csv;
  tables::append_csv_row(csv, std::array<std::string_view, 4>{
                                  kHotkey, kMissingJobs, kSuccessMissing, "success_missing_ratio"});
  for (const FlaggedMiner& miner : flagged.miners) {
    const std::string missing_jobs = miner.missing_jobs.to_string();
    const std::string success_missing = miner.success_missing.to_string();
    const std::string ratio = format_ratio(miner.ratio);
    tables::append_csv_row(
        csv, std::array<std::string_view, 4>{miner.hotkey, missing_jobs, success_missing, ratio});
  }
  return csv;
}

std::string describe(const FlaggedMiners& flagged, const FlagOptions& options,
                     std::string_view output) {
  return fmt::format("Flagged {} miners (ratio>= {}, missing>= {}) -> {}", flagged.miners.size(),
                     json::python_repr(options.success_ratio), options.min_missing.to_string(),
                     output);
}

}  // namespace assay::audit
