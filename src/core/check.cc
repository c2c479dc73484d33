#include "core/check.h"

#include <cstdio>
#include <cstdlib>

namespace assay {

void fail_check(std::string_view condition, std::string_view why, std::source_location where) {
  // No allocation, no logger: the process may be in any state here.
  std::fprintf(stderr, "assay: bug: %.*s (%.*s), at %s:%u\n", static_cast<int>(why.size()),
               why.data(), static_cast<int>(condition.size()), condition.data(), where.file_name(),
               where.line());
  std::abort();
}

}  // namespace assay
