#include "core/exit_code.h"

namespace assay {

ExitCode exit_code_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::kDenied:
      return ExitCode::kDenied;
    case ErrorCode::kNoSpace:
      return ExitCode::kNoSpace;
    case ErrorCode::kMissing:
      return ExitCode::kMissing;
    case ErrorCode::kCancelled:
      return ExitCode::kCancelled;
    default:
      return ExitCode::kFailed;
  }
}

}  // namespace assay
