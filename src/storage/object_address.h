/// \file
/// Where a claimed object is said to lie.

#pragma once

#include <cstdint>
#include <string_view>

namespace assay::storage {

/// Persisted by the audit desk's verdict journal: do not change the values of existing entries.
enum class AddressScheme : std::uint8_t {
  kGcs = 0,
  kS3 = 1,
  kHttps = 2,
  kHttp = 3,
  kFile = 4,
};

/// Lifetime: views; whoever gives the address keeps the text.
struct ObjectAddress {
  AddressScheme scheme = AddressScheme::kGcs;
  /// The bucket; the host, with its port if any, of kHttps and kHttp; empty for kFile.
  std::string_view bucket;
  /// The object's name; path and query, with the leading slash, of kHttps and kHttp; the path of
  /// kFile.
  std::string_view name;
};

}  // namespace assay::storage
