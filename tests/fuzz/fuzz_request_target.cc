/// \file
/// Fuzzes what a server reads of a request's first line and of its Host: targets, routes, hosts.

#include "core/check.h"
#include "fuzz_target.h"
#include "net/http_route.h"
#include "net/percent.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

FUZZ_TARGET(request_target) {
  using assay::net::PathPattern;
  static const PathPattern kEvent("/v1/history/generations/{id}/finish");
  static const PathPattern kAny("/{name}");
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto target = assay::net::parse_request_target(text);
  if (target) {
    CHECK(!target->segments.empty(), "a path has at least one segment");
    std::string rebuilt;
    for (const std::string& segment : target->segments) {
      rebuilt += '/';
      assay::net::append_percent_encoded(rebuilt, segment);
    }
    const auto again = assay::net::parse_request_target(rebuilt);
    // Encoding makes a target longer: it may pass the limit.
    CHECK(again ? again->segments == target->segments : rebuilt.size() > text.size(),
          "what was decoded reads back");
    if (const auto found = kEvent.match(*target)) {
      CHECK(found->size() == 1 && !found->front().second.empty(), "a parameter is never empty");
      CHECK(target->segments.size() == 5, "a pattern matches its own length");
    }
    CHECK(!kAny.match(*target) || target->segments.size() == 1,
          "a segment holds no slash of a path");
  }
  if (const auto host = assay::net::host_of_authority(text)) {
    CHECK(!host->empty() && host->size() <= text.size(), "a host is a part of its authority");
    (void)assay::net::is_loopback_host(*host);
  }
  (void)assay::net::is_loopback_host(text);
  return 0;
}
