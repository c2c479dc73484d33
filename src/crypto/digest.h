/// \file
/// SHA-256 and SHA3-256, and MD5 and SHA-1 for comparing with what others report.

#pragma once

#include "core/bytes.h"
#include "core/sha256.h"

#include <array>
#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

struct evp_md_ctx_st;

namespace assay::crypto {

/// Owns a digest context of the outside library.
struct DigestContextDeleter {
  void operator()(evp_md_ctx_st* context) const;
};
using DigestContext = std::unique_ptr<evp_md_ctx_st, DigestContextDeleter>;

/// Hash a whole message.
/// Threads: safe from any thread; each keeps one context for its lifetime.
Sha256 sha256(std::span<const std::byte> bytes);
inline Sha256 sha256(std::string_view text) { return sha256(as_bytes(text)); }

/// Hashes a message that arrives in pieces. After finish() the next message begins.
/// Threads: one thread at a time.
class Sha256Hasher {
 public:
  Sha256Hasher();

  void update(std::span<const std::byte> bytes);
  void update(std::string_view text) { update(as_bytes(text)); }
  Sha256 finish();

 private:
  DigestContext context_;
};

std::array<std::byte, 32> sha3_256(std::span<const std::byte> bytes);

/// 16 bytes. Broken as a cryptographic hash: never a proof, only an equality with what a store
/// says.
using Md5 = std::array<std::byte, 16>;
Md5 md5(std::span<const std::byte> bytes);

/// 20 bytes. Broken as MD5 is; git names its objects by it.
using Sha1 = std::array<std::byte, 20>;
Sha1 sha1(std::span<const std::byte> bytes);

}  // namespace assay::crypto
