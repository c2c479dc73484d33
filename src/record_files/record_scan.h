/// \file
/// What managing a history needs to know of one line.

#pragma once

#include "core/timestamp.h"
#include "json/line_scan.h"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace assay::record_files {

enum class LineKind : std::uint8_t {
  kRecord,
  kBlank,
  kUnreadable,  ///< No JSON object.
};

enum class BlobKind : std::uint8_t { kImage, kPly, kRejectedSample };

/// One file that a record names.
struct NamedBlob {
  BlobKind kind = BlobKind::kImage;
  std::string path;  ///< As it stands in the record; empty when none was stored.
  std::string hash;  ///< `sha256:` and hex, or what stands there; empty when there is none.
};

struct ScannedLine {
  LineKind kind = LineKind::kBlank;
  std::string id;                 ///< Empty when there is none.
  std::optional<Timestamp> time;  ///< Nothing when there is none, or none that can be read.
  std::array<NamedBlob, 3> blobs;
};

/// Reads the fields of records that this desk looks at. Threads: one thread at a time.
class RecordScan {
 public:
  RecordScan();
  ScannedLine scan(std::string_view line);

 private:
  json::LineScan scan_;
  std::string padded_;  // the line with what LineScan wants behind it
};

}  // namespace assay::record_files
