#include "core/error.h"

#include "core/check.h"

#include <utility>

namespace assay {

std::string_view to_string(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalidInput:
      return "invalid_input";
    case ErrorCode::kNotFound:
      return "not_found";
    case ErrorCode::kMissing:
      return "missing";
    case ErrorCode::kDenied:
      return "denied";
    case ErrorCode::kCorrupt:
      return "corrupt";
    case ErrorCode::kUnavailable:
      return "unavailable";
    case ErrorCode::kTimeout:
      return "timeout";
    case ErrorCode::kCancelled:
      return "cancelled";
    case ErrorCode::kExhausted:
      return "exhausted";
    case ErrorCode::kNoSpace:
      return "no_space";
    case ErrorCode::kInternal:
      return "internal";
  }
  CHECK(false, "an ErrorCode outside its enumerators");
}

bool is_retryable(ErrorCode code) {
  return code == ErrorCode::kUnavailable || code == ErrorCode::kTimeout;
}

Error Error::within(std::string_view context) && {
  message.insert(0, ": ");
  message.insert(0, context);
  return std::move(*this);
}

Error invalid_input(std::string message) { return {ErrorCode::kInvalidInput, std::move(message)}; }
Error not_found(std::string message) { return {ErrorCode::kNotFound, std::move(message)}; }
Error missing(std::string message) { return {ErrorCode::kMissing, std::move(message)}; }
Error denied(std::string message) { return {ErrorCode::kDenied, std::move(message)}; }
Error corrupt(std::string message) { return {ErrorCode::kCorrupt, std::move(message)}; }
Error unavailable(std::string message) { return {ErrorCode::kUnavailable, std::move(message)}; }
Error timed_out(std::string message) { return {ErrorCode::kTimeout, std::move(message)}; }
Error cancelled(std::string message) { return {ErrorCode::kCancelled, std::move(message)}; }
Error exhausted(std::string message) { return {ErrorCode::kExhausted, std::move(message)}; }
Error no_space(std::string message) { return {ErrorCode::kNoSpace, std::move(message)}; }
Error internal(std::string message) { return {ErrorCode::kInternal, std::move(message)}; }

}  // namespace assay
