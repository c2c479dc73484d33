/// \file
/// What the tests of the schemes share: a request to be changed, and what became of it.

#pragma once

#include "net/http_message.h"
#include "protocol/scheme.h"

#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace assay::protocol::testing {

/// "accept", or why not.
inline std::string told(const Verdict& verdict) {
  const auto* refusal = std::get_if<Refusal>(&verdict);
  return refusal == nullptr ? "accept" : std::string(to_string(refusal->reason));
}

/// That of the HTTP response: 200, or that of the refusal.
inline int status_of(const Verdict& verdict) {
  const auto* refusal = std::get_if<Refusal>(&verdict);
  return refusal == nullptr ? 200 : refusal->status;
}

/// The headers of a request, for a test to change.
struct RequestHeaders {
  std::vector<net::HttpHeader> headers = {};

  /// The value of the header of this name; of a new one, where there is none.
  std::string& header(std::string_view name) {
    for (net::HttpHeader& header : headers) {
      if (header.name == name) return header.value;
    }
    return headers.emplace_back(std::string(name), "").value;
  }
};

}  // namespace assay::protocol::testing
