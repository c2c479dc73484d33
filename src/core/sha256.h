/// \file
/// The value of a SHA-256 digest. It is computed in crypto/digest.h.

#pragma once

#include "core/result.h"

#include <array>
#include <compare>
#include <cstddef>
#include <string>
#include <string_view>

namespace assay {

/// A SHA-256 digest: 32 bytes.
class Sha256 {
 public:
  static constexpr std::size_t kSize = 32;
  using Bytes = std::array<std::byte, kSize>;

  explicit Sha256(const Bytes& bytes) : bytes_(bytes) {}

  /// Read 64 hexadecimal digits of either case.
  /// Errors: kInvalidInput.
  static Result<Sha256> parse(std::string_view hex);

  /// 64 lower-case hexadecimal digits.
  std::string to_hex() const;

  const Bytes& bytes() const { return bytes_; }
  auto operator<=>(const Sha256&) const = default;

 private:
  Bytes bytes_;
};

}  // namespace assay
