/// \file
/// Parquet files in object stores: adapts storage to what tables asks for.

#pragma once

#include "files/file_system.h"
#include "storage/credentials.h"
#include "tables/dataset.h"

#include <memory>

namespace assay::app {

/// Reads from any store that `s3://` and `gs://` addresses name: without credentials for it, what
/// is public. Lifetime: both outlive the result.
std::unique_ptr<tables::RemoteSources> make_remote_sources(files::FileSystem& file_system,
                                                           const storage::Credentials& credentials);

}  // namespace assay::app
