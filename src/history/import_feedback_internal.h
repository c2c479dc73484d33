/// \file
/// Late feedback on its way from one folder to another.

#pragma once

#include "json/line_scan.h"
#include "record_files/line_hash.h"

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace assay::history {

/// Late feedback of one generation, a digest a line.
using FeedbackLines = std::vector<record_files::LineHash>;
using FeedbackById =
    std::unordered_map<record_files::LineHash, FeedbackLines, record_files::LineHashHash>;

/// The fields of a line of late feedback.
class FeedbackScan {
 public:
  FeedbackScan() : scan_(kPaths) {}

  /// Pre for the accessors: true. False when the line is no JSON object.
  bool scan(std::string_view line);
  bool is_blank() const { return is_blank_; }
  std::string text(std::size_t at) const;
  std::string id() const { return text(0); }
  /// Whether it says what became of PLY bytes that waited.
  bool has_outcome() const { return !text(5).empty(); }

 private:
  static constexpr std::array<std::string_view, 6> kPaths = {
      "generation_id",        "ply_file_path",        "ply_file_hash",
      "rejected_sample_path", "rejected_sample_hash", "ply"};
  json::LineScan scan_;
  std::string padded_;  // the line with what LineScan wants behind it
  bool is_blank_ = false;
};

/// Put `lines`, which a journal has, behind what a file has of the same ids, and return those that
/// the file has not got yet: what came last in the file may be what the journal begins with.
std::vector<std::string> add_newer_feedback(const std::vector<std::string>& lines,
                                            FeedbackById& in_file);

}  // namespace assay::history
