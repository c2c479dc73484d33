/// \file
/// What a record's `output` says of a PLY file.

#pragma once

#include "core/bytes.h"
#include "core/sha256.h"
#include "media/gaussian_statistics.h"
#include "records/event.h"

#include <optional>
#include <string_view>

namespace assay::records {

/// Whether `output` lacks a figure that is read from the file.
bool lacks_ply_figures(std::string_view output);

/// `output` with `ply_file_hash`, and with file_size_mb, num_gaussians, gaussian_stats where it
/// lacks them; of a file that does not parse gaussian_stats holds `ply_defect` alone, and
/// num_gaussians is null.
/// Pre: `output` is an object in Python's form.
JsonObjectText with_ply_figures(std::string_view output, const Sha256& hash, ByteCount size,
                                const std::optional<media::GaussianReport>& report);

}  // namespace assay::records
