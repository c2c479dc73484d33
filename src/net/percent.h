/// \file
/// Percent-encoding (RFC 3986, 2.1).

#pragma once

#include "core/result.h"

#include <string>
#include <string_view>

namespace assay::net {

enum class PercentKeep {
  kUnreserved,          ///< Letters, digits and `-._~`: one path segment, or a query name or value.
  kUnreservedAndSlash,  ///< `/` too: a whole path.
};

/// Encode every byte that is not kept as `%XX` with upper-case digits.
std::string percent_encode(std::string_view text, PercentKeep keep = PercentKeep::kUnreserved);

/// As percent_encode(), at the end of `to`, for building an address in one allocation.
void append_percent_encoded(std::string& to, std::string_view text,
                            PercentKeep keep = PercentKeep::kUnreserved);

/// Read `%XX` back; `+` stays as it is. Errors: kInvalidInput (a `%` without two digits).
Result<std::string> percent_decode(std::string_view text);

}  // namespace assay::net
