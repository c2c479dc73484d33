/// \file
/// A TIFF file in memory, opened with the library.

#pragma once

#include "images/formats_internal.h"

#include <tiffio.h>

#include <cstdint>
#include <memory>
#include <string>

namespace assay::images {

/// A file in memory, as the library reads it, and what it complained of first.
struct TiffInput {
  Bytes encoded;
  std::uint64_t position = 0;
  bool is_read_beyond_end = false;
  std::string complaint = {};
};

struct CloseTiff {
  void operator()(TIFF* tiff) const { TIFFClose(tiff); }
};
using OpenTiff = std::unique_ptr<TIFF, CloseTiff>;

/// Why the library failed: what it complained of, or that the file ends early.
Refusal refusal_of(const TiffInput& input);

/// `input` must outlive the result, and stay where it is.
Readable<OpenTiff> open_tiff(TiffInput& input);

}  // namespace assay::images
