/// \file
/// Fuzzes image_uri as a claim of an object: no text leads out of the root, and none becomes a
/// request target with characters that a request line must not hold.

#include "audit/object_address_text.h"
#include "core/check.h"
#include "fuzz_target.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string_view>

namespace fuzz_object_address {
namespace {

using assay::audit::ClaimRules;
using assay::storage::AddressScheme;

bool is_web(AddressScheme scheme) {
  return scheme == AddressScheme::kHttps || scheme == AddressScheme::kHttp;
}

void check_claim(std::string_view text, const ClaimRules& rules) {
  const auto claim = assay::audit::claimed_address(text, rules);
  if (!claim) return;
  CHECK(!claim->name.empty(), "a claim names an object");
  CHECK(claim->scheme == AddressScheme::kFile || !claim->bucket.empty(),
        "what is not a file lies in a bucket or on a host");
  CHECK(claim->scheme != AddressScheme::kHttp || rules.plain_http == ClaimRules::PlainHttp::kAccept,
        "plain HTTP is not taken unasked");
  if (is_web(claim->scheme)) {
    CHECK(claim->name.starts_with('/'), "a target begins with a slash");
    CHECK(std::ranges::all_of(claim->name, [](char c) { return c > 0x20 && c < 0x7f; }),
          "a target fits a request line");
  }
  if (claim->scheme != AddressScheme::kFile) return;
  CHECK(!claim->name.contains('\0'), "a path is whole");
  if (text.contains("://")) return;
  const auto below = std::filesystem::path(claim->name).lexically_relative(rules.root);
  CHECK(!below.empty() && *below.begin() != "..", "a bare path stays below the root");
}

}  // namespace

FUZZ_TARGET(object_address) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  check_claim(text, {});
  check_claim(text, {.root = "/images/today", .plain_http = ClaimRules::PlainHttp::kAccept});
  const std::string_view inner = assay::audit::stripped(text);
  CHECK(inner.size() <= text.size() && assay::audit::stripped(inner) == inner,
        "nothing is left to strip");
  return 0;
}

}  // namespace fuzz_object_address
