/// \file
/// Fuzzes addresses and percent-encoding: what was read once reads back as the same.

#include "core/check.h"
#include "fuzz_target.h"
#include "net/percent.h"
#include "net/url.h"

#include <cstddef>
#include <cstdint>
#include <string_view>

FUZZ_TARGET(url) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto url = assay::net::Url::parse(text);
  if (url) {
    const auto again = assay::net::Url::parse(url->text());
    CHECK(again && *again == *url, "an address in its one form stays as it is");
    const auto moved = url->with_target(url->target());
    CHECK(moved && *moved == *url, "an address has its own target");
  }
  const auto decoded = assay::net::percent_decode(assay::net::percent_encode(text));
  CHECK(decoded && *decoded == text, "percent-encoding can be read back");
  (void)assay::net::percent_decode(text);
  return 0;
}
