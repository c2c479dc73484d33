/// \file
/// What one worker counts, and how the counts of several become an Analysis.

#pragma once

#include "history/analyze.h"
#include "records/record_fields.h"

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace assay::history {

/// Texts with their counts and where each stood first.
class TextCounter {
 public:
  void add(std::string_view text, std::uint64_t ordinal);
  void merge(const TextCounter& other);
  std::vector<TextCount> sorted() const;

 private:
  struct Entry {
    std::uint64_t count = 0;
    std::uint64_t first = 0;
  };
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>()(text);
    }
  };
  std::unordered_map<std::string, Entry, Hash, std::equal_to<>> entries_;
};

/// The values of a record that reports count, read from its fields once.
struct Observed {
  Counts counts;  ///< Of this record: each 0 or 1.
  std::optional<double> clip;
  std::optional<double> score;
  std::optional<double> total_time_seconds;
  std::optional<double> num_gaussians;
};

/// Sums over the records of a group.
class GroupTally {
 public:
  void add(const Observed& observed, std::uint64_t ordinal);
  void merge(const GroupTally& other);
  GroupFigures figures(std::string label) const;
  std::uint64_t num_records() const { return counts_.generations; }
  /// The ordinal of its first record.
  std::uint64_t first() const { return first_; }

 private:
  Counts counts_;
  ExactSum clip_;
  ExactSum score_;
  ExactSum time_;
  std::uint64_t first_ = 0;
};

using Groups = std::map<std::string, GroupTally, std::less<>>;

/// One record as the reports count it.
struct CountedRecord {
  const records::RecordView& record;
  const Observed& observed;
  std::uint64_t ordinal = 0;
  /// Of the task type that was asked for: in the list of failures.
  bool is_of_type = true;
  /// In all else.
  bool is_counted = true;
};

/// What ReportFigures are made of.
class ReportTally {
 public:
  void add(const CountedRecord& counted, const AnalyzeOptions& options);
  void merge(ReportTally&& other);
  void finish(ReportFigures& figures);

 private:
  struct ClipTally {
    ValueList values;
    std::array<std::uint64_t, kClipBins.size()> histogram{};
    void add(double clip);
    void merge(ClipTally&& other);
    ClipFigures finish();
  };

  void add_validator(const CountedRecord& counted, const AnalyzeOptions& options);

  Counts all_;
  Counts text_to_3d_;
  Counts image_to_3d_;
  ValueList total_time_;
  /// Values of text, image and other tasks; those of all are their union.
  std::array<ClipTally, 3> clip_;
  std::uint64_t num_listed_failures_ = 0;
  TextCounter error_types_;
  TextCounter rejection_reasons_;
  Counts validator_;
  ValueList validator_clip_;
  ValueList validator_gaussians_;
  ValueList validator_scores_;
};

/// One worker's share of an analysis. Threads: one at a time.
class Tally {
 public:
  /// Lifetime: `options` outlives it.
  explicit Tally(const AnalyzeOptions& options) : options_(&options) {}

  void add(const records::RecordView& record, std::uint64_t ordinal);
  void merge(Tally&& other);
  Analysis finish();

 private:
  void add_to_groups(const CountedRecord& counted);
  void add_to_comparison(const CountedRecord& counted, Timestamp time);
  void add_charts(const records::RecordView& record, const Observed& observed,
                  std::optional<Timestamp> time);

  const AnalyzeOptions* options_;
  std::uint64_t num_in_window_ = 0;
  ReportTally whole_;
  Groups validators_;
  Groups groups_;
  std::map<std::string, ReportTally, std::less<>> group_reports_;
  GroupTally recent_;
  GroupTally earlier_;
  Groups recent_groups_;
  Groups earlier_groups_;
  std::map<std::chrono::sys_days, Counts> days_;
  std::map<std::string, ExactSum, std::less<>> stages_;
};

/// The fields that the reports of `options` need.
std::vector<records::RecordField> needed_fields(const AnalyzeOptions& options);

/// Whether Python would take the value for true.
bool is_true(const json::Field& field);
/// Nothing when it is no number.
std::optional<double> number_in(const json::Field& field);

}  // namespace assay::history
