/// \file
/// The ratio rule: a miner is suspect when many of its jobs without image claim success.

#pragma once

#include "core/result.h"
#include "files/byte_source.h"
#include "python_form/python_integer.h"

#include <cstdint>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace assay::audit {

struct FlagOptions {
  double success_ratio = 0.5;  ///< Smallest success_missing / missing_jobs of a suspect.
  python_form::PythonInteger min_missing{50};  ///< Smallest missing_jobs of a suspect.
};

/// One suspect by the ratio rule.
struct FlaggedMiner {
  std::string hotkey;
  python_form::PythonInteger missing_jobs;
  python_form::PythonInteger success_missing;
  double ratio = 0;
};

struct FlaggedMiners {
  std::vector<FlaggedMiner> miners;  ///< Order: of the summary.
  std::uint64_t num_rows = 0;        ///< Rows of the summary.
};

/// The rule itself: whether both bounds are reached, inclusive; `success_ratio` may be NaN, which
/// nothing reaches.
bool is_suspect(double ratio, const python_form::PythonInteger& missing_jobs,
                const FlagOptions& options);

/// Read the CSV of the missing-images summary and pick the suspects. A column is needed only by a
/// row that uses it: miner_hotkey by a suspect's, the two counts by every row's.
/// Errors: kInvalidInput (a column or cell is absent, a cell is no integer, a ratio is beyond a
///         double; names row and column), kCancelled, and those of tables::CsvReader.
Result<FlaggedMiners> flag_miners(const files::ByteSource& summary, const FlagOptions& options,
                                  std::stop_token stop);

/// The suspects as CSV, the ratio with four decimals.
std::string to_csv(const FlaggedMiners& flagged);

/// `Flagged 2 miners (ratio>= 0.5, missing>= 50) -> out.csv`.
std::string describe(const FlaggedMiners& flagged, const FlagOptions& options,
                     std::string_view output);

/// A ratio as the summary's files have it: four decimals.
std::string format_ratio(double ratio);

}  // namespace assay::audit
