/// \file
/// An analysis as text and as JSON.

#pragma once

#include "history/analyze.h"

#include <cstdint>
#include <optional>
#include <string>

namespace assay::history {

/// In what words.
enum class TextForm : std::uint8_t {
  /// The words of the program before, and right.
  kOurs,
  /// As the program before printed it: what is left after rejections and failures as submitted.
  kAsBefore,
};

/// What was asked for, as far as headings and JSON name it.
struct AnalyzeHeading {
  std::string data_folder;
  AnalyzeReports reports;
  std::optional<std::int64_t> last_days;
  std::optional<Timestamp> since;
  Timestamp now;
  std::string task_type;
  std::string validator;
  GroupKey group_key;
  AnalyzeReports group_reports;   ///< Side by side, after the groups.
  std::int64_t recent_days = 0;   ///< Of a comparison.
  std::int64_t earlier_days = 0;  ///< Of a comparison.
};

/// The reports that were asked for, one below the other, in the order of AnalyzeReport.
std::string analysis_text(const Analysis& analysis, const AnalyzeHeading& heading, TextForm form);

/// One JSON object. Format: docs/formats/history-analysis.md.
std::string analysis_json(const Analysis& analysis, const AnalyzeHeading& heading);

/// What was wrong with lines, on one line; empty when nothing was.
std::string line_problems_text(const record_reading::LineCounts& lines);

/// Lines that gave no record, or one with something unusual in it. A second record of one id is as
/// good as the first, and a time without offset has a meaning: neither counts.
std::uint64_t count_line_problems(const record_reading::LineCounts& lines);

}  // namespace assay::history
