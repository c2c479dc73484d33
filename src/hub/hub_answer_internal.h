/// \file
/// The texts that a hub answers with, taken apart.

#pragma once

#include "core/result.h"
#include "hub/hub_client.h"
#include "net/url.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace assay::hub {

/// Pages have 1,000 files or so.
inline constexpr std::size_t kMaxListingPage = 16U << 20;

/// One page. Folders are left out; so are entries of kinds that are not known.
/// Errors: kCorrupt, which names the entry.
Result<std::vector<HubFile>> parse_listing(std::string_view json);

/// The address with `rel="next"` of a Link header; none: the last page.
std::optional<std::string> next_page(std::string_view link);

/// An address as a header gives it: absolute, or a path on the host of `base`.
/// Errors: kInvalidInput.
Result<net::Url> resolve_reference(const net::Url& base, std::string_view reference);

/// Without quotes and the mark of a weak one.
std::string plain_etag(std::string_view etag);

/// Whether a Content-Range is of bytes from `offset` on.
bool begins_at(std::string_view content_range, std::uint64_t offset);

}  // namespace assay::hub
