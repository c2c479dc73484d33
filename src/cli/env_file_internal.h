/// \file
/// `validator.env`: the settings that start scripts of the old validator read.

#pragma once

#include "core/config.h"
#include "core/result.h"

#include <string>
#include <string_view>

namespace assay::cli {

/// Read lines of `NAME=VALUE`, as a shell would source them: `export` in front, quotes around the
/// value, comments and blank lines are fine; nothing is expanded. Order: as in the file.
/// Errors: kInvalidInput (a line that is none of these; gives its number, never the value, which
///         may be a token).
Result<NamedTexts> parse_env_file(std::string_view text);

/// The same of a file. Errors: also those of reading it; each names it.
Result<NamedTexts> read_env_file(const std::string& path);

/// Whether a name in such a file is that of a setting of ours: ASSAY_...
bool is_own_setting(std::string_view name);

}  // namespace assay::cli
