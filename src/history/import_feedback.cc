#include "history/import_feedback_internal.h"

#include <algorithm>

namespace assay::history {
namespace {

using record_files::hash_of_line;

/// With how many lines, the most, both the one ends and the other begins.
std::size_t overlap(const FeedbackLines& file, const FeedbackLines& journal) {
  for (std::size_t size = std::min(file.size(), journal.size()); size > 0; --size) {
    const auto end = file.end() - static_cast<std::ptrdiff_t>(size);
    if (std::equal(end, file.end(), journal.begin())) return size;
  }
  return 0;
}

}  // namespace

bool FeedbackScan::scan(std::string_view line) {
  padded_.assign(line);
  padded_.append(json::LineScan::kPadding, '\0');
  const auto verdict = scan_.scan(std::string_view(padded_).substr(0, line.size()));
  is_blank_ = verdict == json::LineVerdict::kBlank;
  return verdict < json::LineVerdict::kBlank;
}

std::string FeedbackScan::text(std::size_t at) const {
  const json::Field& field = scan_.fields()[at];
  return field.kind == json::FieldKind::kText ? std::string(field.text) : std::string();
}

std::vector<std::string> add_newer_feedback(const std::vector<std::string>& lines,
                                            FeedbackById& in_file) {
  FeedbackScan scan;
  FeedbackById in_journal;
  for (const std::string& line : lines) {
    if (scan.scan(line)) in_journal[hash_of_line(scan.id())].push_back(hash_of_line(line));
  }
  std::unordered_map<record_files::LineHash, std::size_t, record_files::LineHashHash> num_known;
  for (const auto& [id, newer] : in_journal) num_known[id] = overlap(in_file[id], newer);
  std::vector<std::string> added;
  for (const std::string& line : lines) {
    if (!scan.scan(line)) continue;
    const auto id = hash_of_line(scan.id());
    if (num_known[id] > 0) {
      --num_known[id];
      continue;
    }
    in_file[id].push_back(hash_of_line(line));
    added.push_back(line);
  }
  return added;
}

}  // namespace assay::history
