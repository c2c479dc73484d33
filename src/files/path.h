/// \file
/// Paths as text: their normal form, and patterns.

#pragma once

#include "core/result.h"
#include "files/file_system.h"

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace assay::files {

/// Write a path as Python's `str(pathlib.PurePosixPath(path))` does, without asking the file
/// system: `.//./x` is `x`, `a//b/` is `a/b`, nothing is `.`. `..` stays, because what it means
/// depends on links; two leading slashes stay two (POSIX leaves them to the system), three are one.
std::string normal_form(std::string_view path);

/// Whether the text holds `*`, `?` or `[`.
bool is_glob(std::string_view text);

/// The paths that match `pattern`: `*`, `?` and `[a-z]`, `[!a-z]` within one part of the path, `**`
/// as a whole part for any number of folders, none too. Parts that begin with a dot match only a
/// pattern that does. A file whose name holds such a character is not found by that name: try the
/// plain path first.
///
/// Order:  by bytes.
/// Errors: as FileSystem; a folder that cannot be read fails the whole. No match is no error.
Result<std::vector<std::filesystem::path>> glob(FileSystem& file_system, std::string_view pattern);

/// Whether glob() would find `path` by `pattern` if it were there: for names that are no files
/// here.
bool matches_glob(std::string_view pattern, std::string_view path);

}  // namespace assay::files
