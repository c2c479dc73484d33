/// \file
/// Arrow's S3 file system: a library of its own, loaded when the first S3 store is opened.

#pragma once

#include "core/result.h"

#include <arrow/filesystem/s3fs.h>

namespace assay::storage {

/// What is called of the library, typed by Arrow's own header.
struct S3Library {
  decltype(&arrow::fs::S3Options::Anonymous) anonymous = nullptr;
  decltype(&arrow::fs::S3Options::FromAccessKey) from_access_key = nullptr;
  decltype(&arrow::fs::S3FileSystem::Make) make = nullptr;
};

/// Load and start it, once.
/// Errors: kMissing (it is not beside the Arrow library), kUnavailable (it cannot be started, or
///         was shut down).
Result<const S3Library*> load_s3_library();

/// Stop it, if it was loaded.
void shut_down_s3_library();

}  // namespace assay::storage
