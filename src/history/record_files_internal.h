/// \file
/// The files that a record names.

#pragma once

#include "core/timestamp.h"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace assay::history {

enum class BlobKind : std::uint8_t { kImage, kPly, kRejectedSample };

/// One file that a record names.
struct NamedBlob {
  BlobKind kind = BlobKind::kImage;
  std::string path;  ///< As it stands in the record; empty when none was stored.
  std::string hash;  ///< `sha256:` and hex, or what stands there; empty when there is none.
};

struct RecordFiles {
  std::string id;  ///< Empty when there is none.
  std::optional<Timestamp> time;
  std::array<NamedBlob, 3> blobs;
};

/// Nothing for a line that is no JSON object.
std::optional<RecordFiles> read_record_files(std::string_view line);

}  // namespace assay::history
