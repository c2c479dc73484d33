#include "crypto/testing/rsa_key_pair.h"

#include "core/check.h"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

namespace assay::crypto::testing {
namespace {

std::string pem_of(EVP_PKEY* key, const EVP_CIPHER* cipher) {
  const std::unique_ptr<BIO, decltype(&BIO_free)> bio(BIO_new(BIO_s_mem()), &BIO_free);
  char password[] = "word";
  CHECK(PEM_write_bio_PKCS8PrivateKey(bio.get(), key, cipher, cipher ? password : nullptr,
                                      cipher ? 4 : 0, nullptr, nullptr) == 1,
        "a test key cannot be written");
  char* data = nullptr;
  const auto size = static_cast<std::size_t>(BIO_get_mem_data(bio.get(), &data));
  return {data, size};
}

const unsigned char* as_unsigned(std::span<const std::byte> bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}

}  // namespace

RsaKeyPair::RsaKeyPair(unsigned bits) : key_(EVP_RSA_gen(bits), &EVP_PKEY_free) {
  CHECK(key_ != nullptr, "a test key cannot be made");
}

std::string RsaKeyPair::private_pem() const { return pem_of(key_.get(), nullptr); }

std::string RsaKeyPair::encrypted_pem() const { return pem_of(key_.get(), EVP_aes_128_cbc()); }

bool RsaKeyPair::accepts(std::span<const std::byte> message,
                         std::span<const std::byte> signature) const {
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(),
                                                                        &EVP_MD_CTX_free);
  return EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, key_.get()) == 1 &&
         EVP_DigestVerify(context.get(), as_unsigned(signature), signature.size(),
                          as_unsigned(message), message.size()) == 1;
}

const RsaKeyPair& shared_rsa_key_pair() {
  static const RsaKeyPair pair(2048);
  return pair;
}

std::string elliptic_curve_pem() {
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(EVP_EC_gen("P-256"),
                                                                &EVP_PKEY_free);
  CHECK(key != nullptr, "a test key cannot be made");
  return pem_of(key.get(), nullptr);
}

}  // namespace assay::crypto::testing
