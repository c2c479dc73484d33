#include "crypto/hmac.h"

#include "core/check.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include <array>
#include <string>

namespace assay::crypto {
namespace {

EVP_MAC* hmac_algorithm() {
  static EVP_MAC* const algorithm = EVP_MAC_fetch(nullptr, "HMAC", nullptr);
  CHECK(algorithm != nullptr, "the crypto library lacks HMAC");
  return algorithm;
}

const unsigned char* as_unsigned(std::span<const std::byte> bytes) {
  // The library takes a null pointer for "keep the old key", so an empty key needs an address.
  static constexpr unsigned char kEmpty = 0;
  return bytes.empty() ? &kEmpty : reinterpret_cast<const unsigned char*>(bytes.data());
}

}  // namespace

void HmacSha256::Deleter::operator()(evp_mac_ctx_st* context) const { EVP_MAC_CTX_free(context); }

HmacSha256::HmacSha256(std::span<const std::byte> key)
    : context_(EVP_MAC_CTX_new(hmac_algorithm())) {
  CHECK(context_ != nullptr, "no memory for a message authentication context");
  std::string digest = "SHA256";
  const std::array<OSSL_PARAM, 2> parameters = {
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest.data(), 0),
      OSSL_PARAM_construct_end()};
  CHECK(EVP_MAC_init(context_.get(), as_unsigned(key), key.size(), parameters.data()) == 1,
        "HMAC took no key");
}

Sha256 HmacSha256::code(std::span<const std::byte> message) {
  Sha256::Bytes bytes;
  std::size_t size = 0;
  CHECK(EVP_MAC_update(context_.get(), as_unsigned(message), message.size()) == 1,
        "HMAC took no bytes");
  CHECK(EVP_MAC_final(context_.get(), reinterpret_cast<unsigned char*>(bytes.data()), &size,
                      bytes.size()) == 1,
        "HMAC did not finish");
  CHECK(EVP_MAC_init(context_.get(), nullptr, 0, nullptr) == 1, "HMAC did not start again");
  return Sha256(bytes);
}

Sha256 hmac_sha256(std::span<const std::byte> key, std::span<const std::byte> message) {
  return HmacSha256(key).code(message);
}

}  // namespace assay::crypto
