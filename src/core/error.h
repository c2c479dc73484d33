/// \file
/// Errors as values: what failed, in words for a person, and a code for the caller to act on.

#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace assay {

/// What a caller can do about a failure. A closed list: a new code needs a caller that acts on it.
enum class ErrorCode {
  kInvalidInput,  ///< The input, not the world, is wrong; trying again changes nothing.
  kNotFound,      ///< A named thing that had to exist does not.
  kMissing,       ///< A model, credential or device that the work needs is absent.
  kDenied,        ///< The other side knows us and refuses (401, 403, EACCES).
  kCorrupt,       ///< A known format, broken.
  kUnavailable,   ///< A service did not answer usefully; a later try may succeed.
  kTimeout,       ///< A deadline passed.
  kCancelled,     ///< A stop was asked for.
  kExhausted,     ///< A limit of ours was reached.
  kNoSpace,       ///< The disk or quota is full.
  kInternal,      ///< Our own bug, or a system call that should not fail.
};

/// The code's name in snake case, as JSON output and logs show it.
std::string_view to_string(ErrorCode code);

/// Whether the same call may succeed later: kUnavailable and kTimeout only.
bool is_retryable(ErrorCode code);

/// A failure. The message reads outermost first, facts last:
/// `audit export.parquet: row group 3: corrupt page`.
struct [[nodiscard]] Error {
  ErrorCode code = ErrorCode::kInternal;
  std::string message;
  /// How long the other side asked us to wait before the next try, when it said so.
  std::optional<std::chrono::milliseconds> retry_after = std::nullopt;

  /// Put `context` and ": " in front of the message.
  Error within(std::string_view context) &&;
};

Error invalid_input(std::string message);
Error not_found(std::string message);
Error missing(std::string message);
Error denied(std::string message);
Error corrupt(std::string message);
Error unavailable(std::string message);
Error timed_out(std::string message);
Error cancelled(std::string message);
Error exhausted(std::string message);
Error no_space(std::string message);
Error internal(std::string message);

}  // namespace assay
