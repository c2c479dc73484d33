/// \file
/// Which handler a request reaches: targets taken apart, patterns matched, browsers kept out.

#pragma once

#include "core/result.h"
#include "net/http_message.h"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace assay::net {

/// A target, such as `/v1/jobs/a%20b?limit=5`, with everything decoded.
struct RequestTarget {
  /// Of the path, between its slashes: `/` has one, which is empty.
  std::vector<std::string> segments;
  /// Order: as sent. A name without `=` has an empty value; `+` is a blank, as forms send it.
  std::vector<std::pair<std::string, std::string>> query;
};

/// Errors: kInvalidInput (does not begin with `/`, a `%` without two digits, a control character, a
///         fragment, over kMaxUrlBytes).
Result<RequestTarget> parse_request_target(std::string_view target);

/// The decoded parts of a path that a pattern names.
using PathParameters = std::vector<std::pair<std::string, std::string>>;

/// `/v1/jobs/{id}`: segments that are equal, or named in braces and then anything but empty.
class PathPattern {
 public:
  /// Pre: begins with `/`; patterns are ours, a wrong one is a bug.
  explicit PathPattern(std::string_view pattern);
  /// Nothing when the path is another.
  std::optional<PathParameters> match(const RequestTarget& target) const;
  const std::string& text() const { return text_; }

 private:
  std::string text_;
  std::vector<std::string> segments_;
};

/// What a Host header, or the part behind `//` of an origin, names: without port and brackets, in
/// lower case. Nothing when it is no host.
std::optional<std::string> host_of_authority(std::string_view authority);

/// localhost, 127.0.0.0/8 in full dotted form, or ::1.
bool is_loopback_host(std::string_view host);

}  // namespace assay::net
