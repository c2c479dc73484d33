/// \file
/// Small data folders for the tests of this desk.

#pragma once

#include "core/bytes.h"
#include "files/file_system.h"

#include <cstdint>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <string_view>

namespace assay::record_files::testing {

/// A line like those a miner writes, without LF.
std::string record_line(std::string_view id, std::string_view timestamp,
                        std::string_view members = {});

/// Write `content` to a file and sync it and its folder. Pre: nothing fails.
void put_file(files::FileSystem& file_system, const std::filesystem::path& path,
              std::string_view content);

/// The content of a file, decompressed by its name; `error: ...` when it cannot be read.
std::string file_content(files::FileSystem& file_system, const std::filesystem::path& path);

/// How often each line stands in all files of records below `folder`.
std::map<std::string, int> all_lines(files::FileSystem& file_system,
                                     const std::filesystem::path& folder);
/// The lines alone.
std::set<std::string> line_set(files::FileSystem& file_system, const std::filesystem::path& folder);

}  // namespace assay::record_files::testing
