/// \file
/// The exit codes of the whole program: one table, documented in docs/exit-codes.md.

#pragma once

#include "core/error.h"

namespace assay {

/// What the process tells its caller. Scripts depend on these: do not change the values.
enum class ExitCode : int {
  kOk = 0,
  kFailed = 1,    ///< Bad input, an unreachable service, or our own bug: the message says which.
  kUsage = 2,     ///< The command line is wrong.
  kFindings = 3,  ///< Something was found, and --fail-on-findings was given.
  kPartial = 4,   ///< Done, but some answers are unknown.
  kDenied = 5,    ///< Access denied.
  kNoSpace = 6,   ///< No space left.
  kMissing = 7,   ///< A model, credential or device that the work needs is absent.
  kCancelled = 130,
};

/// The exit code of a run that ended with this error.
ExitCode exit_code_of(ErrorCode code);

}  // namespace assay
