/// \file
/// `validator.env`: the settings that start scripts of the old validator read.

#pragma once

#include "core/config.h"
#include "core/result.h"

#include <string_view>

namespace assay::cli {

/// Read lines of `NAME=VALUE`, as a shell would source them: `export` in front, quotes around the
/// value, comments and blank lines are fine; nothing is expanded. Order: as in the file.
/// Errors: kInvalidInput (a line that is none of these; gives its number, never the value, which
/// may
///         be a token).
Result<NamedTexts> parse_env_file(std::string_view text);

}  // namespace assay::cli
