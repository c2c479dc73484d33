/// \file
/// Ranges and lines of a file.

#pragma once

#include "core/result.h"
#include "files/file_system.h"

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace assay::record_files {

/// `length` bytes from `offset` on, fewer at the end of the file. Errors: as files::File.
Result<std::string> read_range(const files::File& file, std::uint64_t offset, std::uint64_t length);

/// Hand over each line from `offset` on, without its LF, and whether it had one. Errors: as
/// files::File.
Status for_each_line(const files::File& file, std::uint64_t offset,
                     const std::function<void(std::string_view line, bool is_ended)>& on_line);

}  // namespace assay::record_files
