#include "record_files/record_scan.h"

#include "records/record_fields.h"
#include "records/record_time.h"

#include <cstddef>

namespace assay::record_files {
namespace {

// Order: that of the fields below.
constexpr std::array kFields = {
    records::RecordField::kGenerationId,       records::RecordField::kTimestamp,
    records::RecordField::kImageFilePath,      records::RecordField::kBase64ImageHash,
    records::RecordField::kPlyFilePath,        records::RecordField::kPlyFileHash,
    records::RecordField::kRejectedSamplePath, records::RecordField::kRejectedSampleHash,
};

std::array<std::string_view, kFields.size()> paths() {
  std::array<std::string_view, kFields.size()> result;
  for (std::size_t i = 0; i < kFields.size(); ++i) {
    result.at(i) = records::kRecordFieldPaths.at(static_cast<std::size_t>(kFields.at(i)));
  }
  return result;
}

LineKind kind_of(json::LineVerdict verdict) {
  switch (verdict) {
    case json::LineVerdict::kRead:
    case json::LineVerdict::kReadWithNan:
    case json::LineVerdict::kReadWithBigInteger:
    case json::LineVerdict::kReadWithSurrogate:
      return LineKind::kRecord;
    case json::LineVerdict::kBlank:
      return LineKind::kBlank;
    default:
      return LineKind::kUnreadable;
  }
}

}  // namespace

RecordScan::RecordScan() : scan_(paths()) {}

ScannedLine RecordScan::scan(std::string_view line) {
  padded_.assign(line);
  padded_.append(json::LineScan::kPadding, '\0');
  ScannedLine result;
  result.kind = kind_of(scan_.scan(std::string_view(padded_).substr(0, line.size())));
  if (result.kind != LineKind::kRecord) return result;
  const auto text = [&](std::size_t field) {
    const json::Field& value = scan_.fields()[field];
    return value.kind == json::FieldKind::kText ? value.text : std::string_view();
  };
  result.id = text(0);
  if (const auto time = records::parse_record_time(text(1))) result.time = time->instant;
  for (std::size_t blob = 0; blob < result.blobs.size(); ++blob) {
    result.blobs.at(blob) = {.kind = static_cast<BlobKind>(blob),
                             .path = std::string(text(2 + (2 * blob))),
                             .hash = std::string(text(3 + (2 * blob)))};
  }
  return result;
}

}  // namespace assay::record_files
