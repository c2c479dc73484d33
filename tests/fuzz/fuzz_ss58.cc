/// \file
/// Fuzzes addresses: what is taken is written back as the same text.

#include "core/check.h"
#include "fuzz_target.h"
#include "keys/ss58.h"

#include <cstddef>
#include <cstdint>
#include <string_view>

FUZZ_TARGET(ss58) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto address = assay::keys::parse_ss58(text);
  if (address) CHECK(assay::keys::to_ss58(*address) == text, "an address has one text");
  // Any account has an address.
  assay::keys::Ss58Address made;
  for (std::size_t i = 0; i < size && i < made.account.size(); ++i) {
    made.account[i] = static_cast<std::byte>(data[i]);
  }
  made.network = static_cast<std::uint16_t>(size % (assay::keys::kMaxSs58Network + 1));
  CHECK(assay::keys::parse_ss58(assay::keys::to_ss58(made)).value() == made,
        "an address reads back");
  return 0;
}
