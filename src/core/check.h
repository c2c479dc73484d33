/// \file
/// CHECK: a condition that only a bug of ours can break. Always on; never fed by input.

#pragma once

#include <source_location>
#include <string_view>

namespace assay {

/// Print where and why to stderr, then abort.
[[noreturn]] void fail_check(std::string_view condition, std::string_view why,
                             std::source_location where = std::source_location::current());

}  // namespace assay

#define CHECK(condition, why)                                 \
  do {                                                        \
    if (!(condition)) ::assay::fail_check(#condition, (why)); \
  } while (false)
