#include "crypto/digest.h"

#include "core/check.h"

#include <openssl/evp.h>

namespace assay::crypto {
namespace {

// Looking an algorithm up by name takes longer than hashing an address with it: once a process.
const EVP_MD* fetch(const char* name) {
  EVP_MD* algorithm = EVP_MD_fetch(nullptr, name, nullptr);
  CHECK(algorithm != nullptr, "the crypto library lacks a digest that we need");
  return algorithm;
}

const EVP_MD* sha256_algorithm() {
  static const EVP_MD* const algorithm = fetch("SHA256");
  return algorithm;
}

DigestContext new_context(const EVP_MD* algorithm) {
  DigestContext context(EVP_MD_CTX_new());
  CHECK(context != nullptr, "no memory for a digest context");
  CHECK(EVP_DigestInit_ex2(context.get(), algorithm, nullptr) == 1, "a digest did not start");
  return context;
}

template <std::size_t Size>
std::array<std::byte, Size> finish_and_restart(EVP_MD_CTX* context) {
  std::array<std::byte, Size> bytes;
  CHECK(EVP_DigestFinal_ex(context, reinterpret_cast<unsigned char*>(bytes.data()), nullptr) == 1,
        "a digest did not finish");
  CHECK(EVP_DigestInit_ex2(context, nullptr, nullptr) == 1, "a digest did not start again");
  return bytes;
}

}  // namespace

void DigestContextDeleter::operator()(evp_md_ctx_st* context) const { EVP_MD_CTX_free(context); }

Sha256 sha256(std::span<const std::byte> bytes) {
  thread_local Sha256Hasher hasher;
  hasher.update(bytes);
  return hasher.finish();
}

Sha256Hasher::Sha256Hasher() : context_(new_context(sha256_algorithm())) {}

void Sha256Hasher::update(std::span<const std::byte> bytes) {
  CHECK(EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()) == 1,
        "a digest took no bytes");
}

Sha256 Sha256Hasher::finish() { return Sha256(finish_and_restart<Sha256::kSize>(context_.get())); }

std::array<std::byte, 32> sha3_256(std::span<const std::byte> bytes) {
  static const EVP_MD* const algorithm = fetch("SHA3-256");
  thread_local const DigestContext context = new_context(algorithm);
  CHECK(EVP_DigestUpdate(context.get(), bytes.data(), bytes.size()) == 1, "a digest took no bytes");
  return finish_and_restart<32>(context.get());
}

Md5 md5(std::span<const std::byte> bytes) {
  static const EVP_MD* const algorithm = fetch("MD5");
  thread_local const DigestContext context = new_context(algorithm);
  CHECK(EVP_DigestUpdate(context.get(), bytes.data(), bytes.size()) == 1, "a digest took no bytes");
  return finish_and_restart<16>(context.get());
}

Sha1 sha1(std::span<const std::byte> bytes) {
  static const EVP_MD* const algorithm = fetch("SHA1");
  thread_local const DigestContext context = new_context(algorithm);
  CHECK(EVP_DigestUpdate(context.get(), bytes.data(), bytes.size()) == 1, "a digest took no bytes");
  return finish_and_restart<20>(context.get());
}

}  // namespace assay::crypto
