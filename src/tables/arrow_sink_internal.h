/// \file
/// An atomic file as a stream that Arrow writes to.

#pragma once

#include "files/atomic_file.h"

#include <arrow/io/interfaces.h>

#include <memory>

namespace assay::tables {

/// Does not own or commit `file`.
std::shared_ptr<arrow::io::OutputStream> atomic_file_sink(files::AtomicFile& file);

}  // namespace assay::tables
