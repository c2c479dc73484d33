/// \file
/// The command line: from arguments to an exit code.

#pragma once

#include <span>

namespace assay::cli {

/// Run the program. `arguments` starts with the program's name. Results go to stdout, messages to
/// stderr; the return value is one of docs/exit-codes.md.
int run_command_line(std::span<const char* const> arguments);

}  // namespace assay::cli
