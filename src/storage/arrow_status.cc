#include "storage/arrow_status_internal.h"

#include <arrow/util/io_util.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>
#include <string>

namespace assay::storage {
namespace {

// The stores' failures reach us as text, with an errno beside it at best. These are the names that
// the S3 and GCS libraries give to kinds of failure; they stand in every message of that kind.
struct NamedFailure {
  std::string_view name;
  ErrorCode code;
  std::string_view advice;
};

constexpr std::string_view kCheckKey = "check the credentials and what they may read";
constexpr std::string_view kCheckNetwork = "check the network and the endpoint";

constexpr std::array kNamedFailures = {
    NamedFailure{"ACCESS_DENIED", ErrorCode::kDenied, kCheckKey},
    NamedFailure{"PERMISSION_DENIED", ErrorCode::kDenied, kCheckKey},
    NamedFailure{"UNAUTHENTICATED", ErrorCode::kDenied, kCheckKey},
    NamedFailure{"INVALID_ACCESS_KEY_ID", ErrorCode::kDenied, kCheckKey},
    NamedFailure{"INVALID_CLIENT_TOKEN_ID", ErrorCode::kDenied, kCheckKey},
    NamedFailure{"UNRECOGNIZED_CLIENT", ErrorCode::kDenied, kCheckKey},
    NamedFailure{"SIGNATURE_DOES_NOT_MATCH", ErrorCode::kDenied, kCheckKey},
    NamedFailure{"REQUEST_EXPIRED", ErrorCode::kDenied, "check the clock of this machine"},
    NamedFailure{"REQUEST_TIME_TOO_SKEWED", ErrorCode::kDenied, "check the clock of this machine"},
    NamedFailure{"NO_SUCH_BUCKET", ErrorCode::kNotFound, "check the bucket's name"},
    NamedFailure{"NO_SUCH_KEY", ErrorCode::kNotFound, ""},
    NamedFailure{"NOT_FOUND", ErrorCode::kNotFound, ""},
    NamedFailure{"DEADLINE_EXCEEDED", ErrorCode::kTimeout, kCheckNetwork},
    NamedFailure{"REQUEST_TIMEOUT", ErrorCode::kTimeout, kCheckNetwork},
    NamedFailure{"curlCode: 28", ErrorCode::kTimeout, kCheckNetwork},
    NamedFailure{"NETWORK_CONNECTION", ErrorCode::kUnavailable, kCheckNetwork},
    NamedFailure{"CURL error", ErrorCode::kUnavailable, kCheckNetwork},
};

std::optional<ErrorCode> code_of_errno(const arrow::Status& status) {
  if (status.detail() == nullptr) return std::nullopt;
  const auto number = arrow::internal::ErrnoFromStatusDetail(*status.detail());
  if (number == ENOENT) return ErrorCode::kNotFound;
  if (number == EACCES || number == EPERM) return ErrorCode::kDenied;
  if (number == ENOSPC || number == EDQUOT) return ErrorCode::kNoSpace;
  if (number == ETIMEDOUT) return ErrorCode::kTimeout;
  return std::nullopt;
}

// Of Google's `google::cloud::Status(CODE: ... with a last message of TEXT error_info={...})` the
// code and the text, in one line.
std::string short_text(std::string text) {
  text = text.substr(0, text.find(" error_info="));
  constexpr std::string_view kGoogle = "google::cloud::Status(";
  constexpr std::string_view kLast = "with a last message of ";
  if (text.starts_with(kGoogle)) {
    const std::string code =
        text.substr(kGoogle.size(), text.find(':', kGoogle.size()) - kGoogle.size());
    const std::size_t last = text.find(kLast);
    if (last != std::string::npos)
      text = fmt::format("{}: {}", code, text.substr(last + kLast.size()));
  }
  // The server wrote part of this.
  std::ranges::replace_if(text, [](unsigned char c) { return c < 0x20 || c == 0x7F; }, ' ');
  constexpr std::size_t kMaxText = 400;
  if (text.size() > kMaxText) text = text.substr(0, kMaxText) + "...";
  return text;
}

}  // namespace

Error from_arrow(const arrow::Status& status, std::string_view what) {
  Error error = unavailable("");
  std::string_view advice;
  const auto errno_code = code_of_errno(status);
  const auto* const named = std::ranges::find_if(kNamedFailures, [&](const NamedFailure& failure) {
    return status.message().contains(failure.name);
  });
  if (errno_code) {
    error.code = *errno_code;
    if (error.code == ErrorCode::kDenied) advice = kCheckKey;
  } else if (named != kNamedFailures.end()) {
    error.code = named->code;
    advice = named->advice;
  } else if (status.IsInvalid()) {
    error.code = ErrorCode::kInvalidInput;
  }
  error.message = fmt::format("{}: {}", what, short_text(status.message()));
  if (!advice.empty()) error.message += fmt::format("; {}", advice);
  return error;
}

}  // namespace assay::storage
