/// \file
/// An object store over one of Arrow's file systems.

#pragma once

#include "storage/object_store.h"

#include <arrow/filesystem/filesystem.h>

#include <memory>
#include <string>

namespace assay::storage {

/// What to do with an upload that failed half-way.
enum class HalfUpload {
  kAbort,  ///< S3: abort() takes the parts back.
  kDrop,   ///< GCS: only a close publishes; abort() would be one.
};

/// `name` is the address of the bucket, for messages.
std::unique_ptr<ObjectStore> make_arrow_store(std::shared_ptr<arrow::fs::FileSystem> file_system,
                                              std::string name, std::string bucket,
                                              HalfUpload half_upload);

}  // namespace assay::storage
