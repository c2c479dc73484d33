#include "core/sha256.h"

#include "core/hex.h"

#include <fmt/format.h>

#include <algorithm>

namespace assay {

Result<Sha256> Sha256::parse(std::string_view hex) {
  if (hex.size() != kSize * 2) {
    return invalid_input(
        fmt::format("a SHA-256 has {} hexadecimal digits, not {}", kSize * 2, hex.size()));
  }
  ASSIGN_OR_RETURN(const auto parsed, parse_hex(hex));
  Bytes bytes{};
  std::ranges::copy(parsed, bytes.begin());
  return Sha256(bytes);
}

std::string Sha256::to_hex() const { return assay::to_hex(bytes_); }

}  // namespace assay
