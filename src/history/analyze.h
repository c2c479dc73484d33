/// \file
/// The figures of a history: all that are asked for from one pass over its records.

#pragma once

#include "core/result.h"
#include "core/timestamp.h"
#include "files/file_system.h"
#include "history/value_summary.h"
#include "record_reading/history_reader.h"
#include "statistics/binomial.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace assay::history {

inline constexpr std::string_view kTextTo3d = "TEXT-TO-3D";
inline constexpr std::string_view kImageTo3d = "IMAGE-TO-3D";

/// Where the bins of the CLIP histogram begin; each ends where the next begins, the last at 1.
inline constexpr std::array<double, 5> kClipBins = {0.0, 0.15, 0.20, 0.25, 0.30};
/// Validators' acceptance rates come with an interval of this confidence.
inline constexpr double kAcceptanceConfidence = 0.95;

/// What the task type takes out.
enum class TaskScope : std::uint8_t {
  kEveryReport,
  /// Only the list of failures, as the program before had it.
  kFailureListOnly,
};

/// One report of several.
enum class AnalyzeReport : std::uint8_t {
  kSummary,
  kAcceptance,
  kFailures,
  kClip,
  kValidator,
  kValidators,
  kGroups,
  kComparison,
  kCharts,  ///< What a page draws besides: days, stages.
};
inline constexpr std::size_t kNumAnalyzeReports = 9;

class AnalyzeReports {
 public:
  void add(AnalyzeReport report) { wanted_.at(static_cast<std::size_t>(report)) = true; }
  bool has(AnalyzeReport report) const { return wanted_.at(static_cast<std::size_t>(report)); }
  bool is_empty() const { return *this == AnalyzeReports(); }
  void add_all(const AnalyzeReports& other);
  bool operator==(const AnalyzeReports&) const = default;

 private:
  std::array<bool, kNumAnalyzeReports> wanted_{};
};

/// By what kGroups groups.
struct GroupKey {
  enum class Kind : std::uint8_t { kMinerVersion, kValidator, kTaskType, kConfig };
  Kind kind = Kind::kMinerVersion;
  std::string config_key;  ///< Of kConfig: a name in `miner_config`.

  /// Read `miner_version`, `validator`, `task_type` or `config.KEY`. Errors: kInvalidInput.
  static Result<GroupKey> parse(std::string_view text);
  std::string text() const;
};

struct AnalyzeOptions {
  AnalyzeReports reports;
  /// Only records from this instant on; nothing for all.
  std::optional<Timestamp> since;
  /// Only this task type; empty for all.
  std::string task_type;
  TaskScope task_scope = TaskScope::kEveryReport;
  /// Of kValidator: a uid in decimal digits, or a hotkey.
  std::string validator;
  GroupKey group_key;
  /// Which of the first five reports, and kComparison, kGroups makes of each group.
  AnalyzeReports group_reports;
  /// Of kComparison: the time from `recent_since` to `recent_until`, both included, against that
  /// from `earlier_since` to it.
  Timestamp recent_until = Timestamp::max();
  Timestamp recent_since = {};
  Timestamp earlier_since = {};
  unsigned num_threads = 1;
};

/// Generations and what became of them.
struct Counts {
  std::uint64_t generations = 0;
  std::uint64_t submitted = 0;
  std::uint64_t accepted = 0;
  std::uint64_t rejected_before = 0;  ///< By the miner itself, before submission.
  std::uint64_t failed = 0;

  /// Those a validator could accept: what was accepted was submitted, whatever its record says.
  std::uint64_t num_offered() const { return std::max(submitted, accepted); }
  Counts& operator+=(const Counts& other);
};

/// A text that records gave and how many did. Order in lists: most first, then as they appeared.
struct TextCount {
  std::string text;
  std::uint64_t count = 0;
};

struct ClipFigures {
  ValueSummary values;
  std::array<std::uint64_t, kClipBins.size()> histogram{};
};

struct ValidatorFigures {
  Counts counts;
  ValueSummary clip;
  ValueSummary accepted_gaussians;
  ValueSummary scores;
};

/// Records that have something in common.
struct GroupFigures {
  std::string label;
  Counts counts;
  /// Accepted of submitted, with kAcceptanceConfidence.
  statistics::RateInterval acceptance;
  std::optional<double> mean_clip;
  std::optional<double> mean_score;
  std::optional<double> mean_time_seconds;
};

struct DayFigures {
  std::chrono::sys_days day;
  Counts counts;
};

/// A member of `timing` but total_time.
struct StageFigures {
  std::string name;
  std::uint64_t count = 0;
  double mean_seconds = 0.0;
};

/// What kSummary, kAcceptance, kFailures, kClip and kValidator say.
struct ReportFigures {
  Counts all;
  Counts text_to_3d;
  Counts image_to_3d;
  ValueSummary total_time_seconds;
  ClipFigures clip;
  ClipFigures clip_text_to_3d;
  ClipFigures clip_image_to_3d;
  /// Failures of the task type that was asked for, whatever its scope.
  std::uint64_t num_listed_failures = 0;
  std::vector<TextCount> error_types;
  std::vector<TextCount> rejection_reasons;
  ValidatorFigures validator;
};

/// Two spans of time of the same records.
struct ComparisonFigures {
  GroupFigures recent;
  GroupFigures earlier;
};

/// Figures that no report asked for are empty.
struct Analysis : ReportFigures {
  record_reading::LineCounts lines;
  /// Records in the window of time, of any task type.
  std::uint64_t num_in_window = 0;
  /// By uid; by hotkey where there is none.
  std::vector<GroupFigures> validators;
  std::vector<GroupFigures> groups;
  /// Of each of `groups`, in their order, what `group_reports` asked for; else empty.
  std::vector<ReportFigures> group_figures;
  /// The same of kComparison.
  std::vector<ComparisonFigures> group_comparisons;
  GroupFigures recent;
  GroupFigures earlier;
  std::vector<DayFigures> days;
  std::vector<StageFigures> stages;
};

/// Read the history in `folder` once and count.
/// Memory: 16 bytes a record for the medians, and what the groups take.
/// Errors: those of records::read_history().
Result<Analysis> analyze_history(files::FileSystem& file_system,
                                 const std::filesystem::path& folder, const AnalyzeOptions& options,
                                 const std::stop_token& stop);

}  // namespace assay::history
