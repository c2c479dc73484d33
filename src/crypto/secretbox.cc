#include "crypto/secretbox.h"

#include "crypto/sodium_internal.h"

#include <fmt/format.h>

namespace assay::crypto {

static_assert(kSecretboxNonceSize == crypto_secretbox_NONCEBYTES);
static_assert(kSecretboxOverhead == crypto_secretbox_MACBYTES);
static_assert(kArgon2SaltSize == crypto_pwhash_argon2i_SALTBYTES);
static_assert(SecretBytes<32>::kSize == crypto_secretbox_KEYBYTES);

Result<SecretBytes<32>> key_of_password(const Secret& password,
                                        std::span<const std::byte, kArgon2SaltSize> salt,
                                        const Argon2Cost& cost) {
  ensure_sodium();
  SecretBytes<32> key;
  if (crypto_pwhash_argon2i(sodium_output(key.fill()), SecretBytes<32>::kSize,
                            password.reveal().data(), password.reveal().size(), sodium_input(salt),
                            cost.num_passes, static_cast<std::size_t>(cost.memory.count()),
                            crypto_pwhash_argon2i_ALG_ARGON2I13) != 0) {
    return exhausted(fmt::format("a key from a password needs {} of memory, which is not free",
                                 to_string(cost.memory)));
  }
  return key;
}

Result<Secret> open_secretbox(std::span<const std::byte> box,
                              std::span<const std::byte, kSecretboxNonceSize> nonce,
                              const SecretBytes<32>& key) {
  ensure_sodium();
  if (box.size() < kSecretboxOverhead) return corrupt("a locked box that is cut short");
  std::string text(box.size() - kSecretboxOverhead, '\0');
  if (crypto_secretbox_open_easy(reinterpret_cast<unsigned char*>(text.data()), sodium_input(box),
                                 box.size(), sodium_input(nonce),
                                 sodium_input(key.reveal())) != 0) {
    return denied("the password is wrong, or the locked bytes were changed");
  }
  return Secret(std::move(text));
}

std::string make_secretbox(const Secret& text,
                           std::span<const std::byte, kSecretboxNonceSize> nonce,
                           const SecretBytes<32>& key) {
  ensure_sodium();
  const std::string_view plain = text.reveal();
  std::string box(plain.size() + kSecretboxOverhead, '\0');
  CHECK(crypto_secretbox_easy(reinterpret_cast<unsigned char*>(box.data()),
                              reinterpret_cast<const unsigned char*>(plain.data()), plain.size(),
                              sodium_input(nonce), sodium_input(key.reveal())) == 0,
        "a box did not close");
  return box;
}

}  // namespace assay::crypto
