#include "validator/courier.h"

#include "core/shown_text.h"

#include <fmt/format.h>

namespace assay::validator {

std::string_view to_string(ReplyKind kind) {
  switch (kind) {
    case ReplyKind::kPrediction:
      return "prediction";
    case ReplyKind::kDeclined:
      return "declined";
    case ReplyKind::kUnreadable:
      return "unreadable";
    case ReplyKind::kWrongType:
      return "wrong_type";
    case ReplyKind::kNotFinite:
      return "not_finite";
    case ReplyKind::kOutOfRange:
      return "out_of_range";
    case ReplyKind::kTimeout:
      return "timeout";
    case ReplyKind::kUnreachable:
      return "unreachable";
    case ReplyKind::kRefused:
      return "refused";
    case ReplyKind::kTooLarge:
      return "too_large";
    case ReplyKind::kNotAwaited:
      return "not_awaited";
  }
  return "unknown";
}

Result<ReplyKind> parse_reply_kind(std::string_view text) {
  for (std::size_t i = 0; i < kNumReplyKinds; ++i) {
    const auto kind = static_cast<ReplyKind>(i);
    if (text == to_string(kind)) return kind;
  }
  return invalid_input(fmt::format("{} is no kind of reply", shown_text(text)));
}

}  // namespace assay::validator
