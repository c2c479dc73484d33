/// \file
/// HMAC-SHA-256 (RFC 2104).

#pragma once

#include "core/bytes.h"
#include "core/sha256.h"

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

struct evp_mac_ctx_st;

namespace assay::crypto {

/// A key made ready, for many messages. The key is wiped with the object.
/// Threads: one thread at a time.
class HmacSha256 {
 public:
  explicit HmacSha256(std::span<const std::byte> key);
  explicit HmacSha256(std::string_view key) : HmacSha256(as_bytes(key)) {}

  Sha256 code(std::span<const std::byte> message);
  Sha256 code(std::string_view message) { return code(as_bytes(message)); }

 private:
  struct Deleter {
    void operator()(evp_mac_ctx_st* context) const;
  };
  std::unique_ptr<evp_mac_ctx_st, Deleter> context_;
};

/// The code of one message.
Sha256 hmac_sha256(std::span<const std::byte> key, std::span<const std::byte> message);
inline Sha256 hmac_sha256(std::span<const std::byte> key, std::string_view message) {
  return hmac_sha256(key, as_bytes(message));
}

}  // namespace assay::crypto
