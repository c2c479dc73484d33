/// \file
/// From an image_uri to the object it claims.

#pragma once

#include "storage/object_address.h"

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace assay::audit {

/// Which addresses count as claims of an object.
struct ClaimRules {
  /// Where bare paths (`images/1.png`) are looked up; empty: they are no claims.
  std::filesystem::path root = {};
  /// Whether `http://` counts beside `https://`.
  enum class PlainHttp { kIgnore, kAccept } plain_http = PlainHttp::kIgnore;
};

/// An address with its own text.
struct ClaimedAddress {
  storage::AddressScheme scheme = storage::AddressScheme::kGcs;
  std::string bucket;
  std::string name;

  storage::ObjectAddress view() const { return {scheme, bucket, name}; }
};

/// The object that an image_uri claims; nothing when it claims none.
///
/// `gs://` and `s3://` (in lower case) with a bucket and a name, each stripped of blanks as
/// Python's str.strip() does and not empty. `https://` with a host and a path; the fragment goes.
/// `file://` with an absolute path. With a root every text without a scheme is a path below it; one
/// that leads out of it claims nothing.
std::optional<ClaimedAddress> claimed_address(std::string_view image_uri, const ClaimRules& rules);

/// The text without the blanks at its ends, as Python's str.strip() sees them.
std::string_view stripped(std::string_view text);

}  // namespace assay::audit
