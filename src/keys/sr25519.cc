#include "keys/sr25519.h"

#include "core/check.h"
#include "core/hex.h"
#include "crypto/merlin.h"
#include "crypto/ristretto.h"
#include "crypto/sha512.h"

#include <algorithm>
#include <utility>

// The scheme is that of schnorrkel (github.com/w3f/schnorrkel): with key pair (x, A = x*B) and a
// transcript of context and message, a signature is (R, s) with a secret r, R = r*B,
// k = challenge(transcript, A, R) and s = k*x + r. It holds if R = s*B - k*A.

namespace assay::keys {
namespace {

using crypto::RistrettoPoint;
using crypto::RistrettoScalar;
using crypto::SecretBytes;
using crypto::Transcript;

constexpr std::byte kSchnorrkelMark{0x80};

Transcript transcript_of(std::span<const std::byte> message, const Hotkey& signer) {
  static const Transcript kContext = [] {
    Transcript context("SigningContext");
    context.append("", "substrate");
    return context;
  }();
  Transcript transcript = kContext;
  transcript.append("sign-bytes", message);
  transcript.append("proto-name", "Schnorr-sig");
  transcript.append("sign:pk", signer.account());
  return transcript;
}

RistrettoScalar challenge_of(Transcript& transcript, const RistrettoPoint& commitment) {
  transcript.append("sign:R", commitment);
  std::array<std::byte, 64> wide;
  transcript.challenge("sign:c", wide);
  RistrettoScalar challenge;
  crypto::reduce_scalar(wide, challenge);
  return challenge;
}

// ed25519 clears the lowest three bits of a scalar and keeps them as zeros; here they go.
void divide_by_eight(std::span<std::byte, 32> scalar) {
  unsigned carried = 0;
  for (std::size_t i = scalar.size(); i-- > 0;) {
    const auto byte = std::to_integer<unsigned>(scalar[i]);
    scalar[i] = static_cast<std::byte>((byte >> 3) | carried);
    carried = (byte & 7U) << 5;
  }
}

bool is_zero(std::span<const std::byte> bytes) {
  std::byte any{0};
  for (const std::byte byte : bytes) any |= byte;
  return any == std::byte{0};
}

// `key` is the signer's, as it stands or prepared.
template <typename Key>
bool verify_by(const Key& key, const Hotkey& signer, std::span<const std::byte> message,
               std::span<const std::byte, 64> signature) {
  if ((signature.back() & kSchnorrkelMark) == std::byte{0}) return false;
  // The neutral element is the key of everybody.
  if (is_zero(signer.account())) return false;
  RistrettoPoint commitment;
  std::ranges::copy(signature.first<32>(), commitment.begin());
  RistrettoScalar scalar;
  std::ranges::copy(signature.last<32>(), scalar.begin());
  scalar.back() &= ~kSchnorrkelMark;
  if (!crypto::is_canonical_scalar(scalar)) return false;

  Transcript transcript = transcript_of(message, signer);
  const RistrettoScalar challenge = challenge_of(transcript, commitment);
  // All of these bytes are public: an early end tells nothing.
  return crypto::schnorr_equation_holds(commitment, scalar, challenge, key);
}

constexpr unsigned kNoHexDigit = 16;

// The value of a digit of hexadecimal in lower case.
constexpr unsigned digit_value(char digit) {
  if (digit >= '0' && digit <= '9') return static_cast<unsigned>(digit - '0');
  if (digit >= 'a' && digit <= 'f') return static_cast<unsigned>(digit - 'a') + 10;
  return kNoHexDigit;
}

}  // namespace

KeyPair::KeyPair(SecretBytes<32> scalar, SecretBytes<32> nonce, const Hotkey& hotkey)
    : scalar_(std::move(scalar)), nonce_(std::move(nonce)), hotkey_(hotkey) {}

KeyPair KeyPair::from_seed(const Seed& seed) {
  SecretBytes<64> expanded;
  crypto::sha512(seed.reveal(), expanded.fill());
  SecretBytes<32> scalar(expanded.reveal().first<32>());
  SecretBytes<32> nonce(expanded.reveal().last<32>());
  const auto bytes = scalar.fill();
  bytes[0] &= std::byte{248};
  bytes[31] &= std::byte{63};
  bytes[31] |= std::byte{64};
  divide_by_eight(bytes);
  const auto account = crypto::multiply_generator(scalar.reveal());
  CHECK(account.has_value(), "a clamped scalar is never zero");
  return {std::move(scalar), std::move(nonce), Hotkey(*account)};
}

Result<KeyPair> KeyPair::from_secret(const SecretBytes<64>& secret) {
  SecretBytes<32> scalar(secret.reveal().first<32>());
  // Both checks end alike for every valid key, so their time tells nothing of it.
  if (!crypto::is_canonical_scalar(scalar.reveal()) || is_zero(scalar.reveal())) {
    return invalid_input("the private key is no sr25519 key: its first half is no scalar");
  }
  const auto account = crypto::multiply_generator(scalar.reveal());
  CHECK(account.has_value(), "a scalar other than zero gives a point");
  return KeyPair(std::move(scalar), SecretBytes<32>(secret.reveal().last<32>()), Hotkey(*account));
}

SecretBytes<64> KeyPair::secret() const {
  SecretBytes<64> both;
  std::ranges::copy(nonce_.reveal(), std::ranges::copy(scalar_.reveal(), both.fill().begin()).out);
  return both;
}

Signature KeyPair::sign(std::span<const std::byte> message, RandomSource& random) const {
  Transcript transcript = transcript_of(message, hotkey_);
  SecretBytes<64> wide;
  transcript.witness("signing", nonce_.reveal(), random, wide.fill());
  SecretBytes<32> secret_scalar;
  crypto::reduce_scalar(wide.reveal(), secret_scalar.fill());
  const auto commitment = crypto::multiply_generator(secret_scalar.reveal());
  CHECK(commitment.has_value(), "a pseudorandom scalar was zero");
  const RistrettoScalar challenge = challenge_of(transcript, *commitment);

  Signature signature;
  std::ranges::copy(*commitment, signature.begin());
  crypto::multiply_add_scalar(challenge, scalar_.reveal(), secret_scalar.reveal(),
                              std::span(signature).last<32>());
  signature.back() |= kSchnorrkelMark;
  return signature;
}

bool verify(const Hotkey& signer, std::span<const std::byte> message,
            std::span<const std::byte, 64> signature) {
  return verify_by(signer.account(), signer, message, signature);
}

bool verify(const Hotkey& signer, const crypto::PreparedSigner& prepared,
            std::span<const std::byte> message, std::span<const std::byte, 64> signature) {
  return verify_by(prepared, signer, message, signature);
}

std::string to_text(const Signature& signature) { return "0x" + to_hex(signature); }

Result<Signature> parse_signature(std::string_view text) {
  constexpr std::string_view kPrefix = "0x";
  Signature signature{};
  const auto refusal = [] {
    return invalid_input("a signature is 0x and 128 digits of lower-case hexadecimal");
  };
  if (text.size() != kPrefix.size() + 2 * signature.size() || !text.starts_with(kPrefix)) {
    return refusal();
  }
  text.remove_prefix(kPrefix.size());
  for (std::size_t i = 0; i < signature.size(); ++i) {
    const unsigned high = digit_value(text[2 * i]);
    const unsigned low = digit_value(text[2 * i + 1]);
    if (high == kNoHexDigit || low == kNoHexDigit) return refusal();
    signature[i] = static_cast<std::byte>(high << 4U | low);
  }
  return signature;
}

}  // namespace assay::keys
