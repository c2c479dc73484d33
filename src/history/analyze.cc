#include "history/analyze.h"

#include "history/tally_internal.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace assay::history {

void AnalyzeReports::add_all(const AnalyzeReports& other) {
  for (std::size_t i = 0; i < wanted_.size(); ++i) wanted_.at(i) |= other.wanted_.at(i);
}

Result<Analysis> analyze_history(files::FileSystem& file_system,
                                 const std::filesystem::path& folder, const AnalyzeOptions& options,
                                 const std::stop_token& stop) {
  record_reading::ReadOptions reading;
  reading.num_threads = std::max(1U, options.num_threads);
  reading.since = options.since;
  if (options.reports.has(AnalyzeReport::kComparison) && reading.since) {
    reading.since = std::min(*reading.since, options.earlier_since);
  }
  reading.fields = needed_fields(options);
  std::vector<Tally> tallies(reading.num_threads, Tally(options));
  reading.start_over = [&] { tallies.assign(reading.num_threads, Tally(options)); };
  ASSIGN_OR_RETURN(const record_reading::LineCounts lines,
                   record_reading::read_history(
                       file_system, folder, reading,
                       [&tallies](const records::RecordView& record, unsigned worker,
                                  std::uint64_t ordinal) -> Status {
                         tallies[worker].add(record, ordinal);
                         return {};
                       },
                       stop));
  for (std::size_t i = 1; i < tallies.size(); ++i) tallies[0].merge(std::move(tallies[i]));
  Analysis analysis = tallies[0].finish();
  analysis.lines = lines;
  return analysis;
}

}  // namespace assay::history
