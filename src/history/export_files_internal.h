/// \file
/// The images and PLY files that an export takes along.

#pragma once

#include "core/result.h"
#include "history/export_sink_internal.h"

#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace assay::history {

/// The paths of the image and the PLY file of a record as it names them, those that are there.
std::vector<std::string_view> named_files(const records::RecordView& record);

/// A path that a record names, made safe: relative, without `..`. Nothing when it leads elsewhere.
std::optional<std::filesystem::path> inner_path(std::string_view named);

/// Copy files that a record names below `target`; counts in `context`. One that cannot be found is
/// counted and costs nothing else. Errors: kNoSpace, kDenied, kUnavailable.
Status copy_files(ExportContext& context, std::span<const std::string> named_files,
                  const std::filesystem::path& target);

}  // namespace assay::history
