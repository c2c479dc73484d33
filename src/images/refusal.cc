#include "images/refusal.h"

#include "core/check.h"

#include <fmt/format.h>

namespace assay::images {

std::string_view to_string(RefusalKind kind) {
  switch (kind) {
    case RefusalKind::kUnknownFormat:
      return "unknown_format";
    case RefusalKind::kUnsupported:
      return "unsupported";
    case RefusalKind::kTruncated:
      return "truncated";
    case RefusalKind::kCorrupt:
      return "corrupt";
    case RefusalKind::kOverLimit:
      return "over_limit";
    case RefusalKind::kMissingLibrary:
      return "missing_library";
  }
  CHECK(false, "a kind of the list");
}

std::string to_one_line(std::string_view words) {
  std::string line(words);
  for (char& character : line) {
    if (character < ' ' || character > '~') character = character == '\n' ? ' ' : '?';
  }
  return line;
}

Error Refusal::to_error() const {
  switch (kind) {
    case RefusalKind::kUnknownFormat:
    case RefusalKind::kUnsupported:
      return invalid_input(reason);
    case RefusalKind::kOverLimit:
      return exhausted(reason);
    case RefusalKind::kMissingLibrary:
      return missing(reason);
    case RefusalKind::kTruncated:
    case RefusalKind::kCorrupt:
      return corrupt(fmt::format("{}: {}", to_string(kind), reason));
  }
  CHECK(false, "a kind of the list");
}

}  // namespace assay::images
