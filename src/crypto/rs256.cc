#include "crypto/rs256.h"

#include <fmt/format.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <limits>
#include <utility>

namespace assay::crypto {
namespace {

constexpr int kMinKeyBits = 1024;

struct BioDeleter {
  void operator()(BIO* bio) const { BIO_free(bio); }
};

struct DigestContextFree {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

// Without a callback the library would ask for the password on the terminal.
int refuse_password(char* /*into*/, int /*size*/, int /*writes*/, void* /*context*/) { return -1; }

// Leaves the thread's queue of library errors as we found it: empty.
class ErrorQueueGuard {
 public:
  ErrorQueueGuard() { ERR_clear_error(); }
  ~ErrorQueueGuard() { ERR_clear_error(); }
  ErrorQueueGuard(const ErrorQueueGuard&) = delete;
  ErrorQueueGuard& operator=(const ErrorQueueGuard&) = delete;
};

}  // namespace

void RsaPrivateKey::Deleter::operator()(evp_pkey_st* key) const { EVP_PKEY_free(key); }

RsaPrivateKey::RsaPrivateKey(Key key) : key_(std::move(key)) {}

Result<RsaPrivateKey> RsaPrivateKey::parse_pem(std::string_view pem) {
  const ErrorQueueGuard guard;
  if (pem.size() > static_cast<std::size_t>(std::numeric_limits<int>::max())) {
    return invalid_input("not a private key in PEM form: too long");
  }
  const std::unique_ptr<BIO, BioDeleter> bio(
      BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  if (bio == nullptr) return internal("no memory to read a private key");
  Key key(PEM_read_bio_PrivateKey(bio.get(), nullptr, &refuse_password, nullptr));
  if (key == nullptr) {
    if (pem.contains("ENCRYPTED")) {
      return invalid_input("the private key is encrypted: give one without a password");
    }
    return invalid_input(
        "not a private key in PEM form (it begins with \"-----BEGIN PRIVATE KEY-----\")");
  }
  if (EVP_PKEY_get_base_id(key.get()) != EVP_PKEY_RSA) {
    return invalid_input("the private key is not an RSA key");
  }
  const int bits = EVP_PKEY_get_bits(key.get());
  if (bits < kMinKeyBits) {
    return invalid_input(
        fmt::format("the RSA key has {} bits; at least {} are needed", bits, kMinKeyBits));
  }
  return RsaPrivateKey(std::move(key));
}

Result<std::vector<std::byte>> RsaPrivateKey::sign_rs256(std::span<const std::byte> message) const {
  const ErrorQueueGuard guard;
  const std::unique_ptr<EVP_MD_CTX, DigestContextFree> context(EVP_MD_CTX_new());
  const auto* data = reinterpret_cast<const unsigned char*>(message.data());
  std::size_t size = 0;
  if (context == nullptr ||
      EVP_DigestSignInit_ex(context.get(), nullptr, "SHA256", nullptr, nullptr, key_.get(),
                            nullptr) != 1 ||
      EVP_DigestSign(context.get(), nullptr, &size, data, message.size()) != 1) {
    return internal("the crypto library cannot sign with this RSA key");
  }
  std::vector<std::byte> signature(size);
  if (EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size, data,
                     message.size()) != 1) {
    return internal("the crypto library cannot sign with this RSA key");
  }
  signature.resize(size);
  return signature;
}

}  // namespace assay::crypto
