#include "crypto/merlin.h"

#include "core/bytes.h"
#include "crypto/secret_bytes.h"

#include <array>
#include <cstdint>
#include <cstring>

namespace assay::crypto {
namespace {

std::array<std::byte, 4> encoded_size(std::size_t size) {
  std::array<std::byte, 4> encoded;
  for (std::size_t i = 0; i < encoded.size(); ++i) {
    encoded[i] = static_cast<std::byte>((size >> (8 * i)) & 255U);
  }
  return encoded;
}

}  // namespace

Transcript::Transcript(std::string_view protocol) : strobe_("Merlin v1.0") {
  append("dom-sep", protocol);
}

void Transcript::append(std::string_view label, std::span<const std::byte> message) {
  strobe_.meta_ad(label, StrobePart::kFirst);
  strobe_.meta_ad(encoded_size(message.size()), StrobePart::kMore);
  strobe_.ad(message, StrobePart::kFirst);
}

void Transcript::append(std::string_view label, std::string_view message) {
  append(label, as_bytes(message));
}

void Transcript::challenge(std::string_view label, std::span<std::byte> into) {
  strobe_.meta_ad(label, StrobePart::kFirst);
  strobe_.meta_ad(encoded_size(into.size()), StrobePart::kMore);
  strobe_.prf(into, StrobePart::kFirst);
}

void Transcript::witness(std::string_view label, std::span<const std::byte> secret,
                         RandomSource& random, std::span<std::byte> into) const {
  Strobe128 forked = strobe_;
  forked.meta_ad(label, StrobePart::kFirst);
  forked.meta_ad(encoded_size(secret.size()), StrobePart::kMore);
  forked.key(secret, StrobePart::kFirst);
  SecretBytes<32> fresh;
  for (std::size_t i = 0; i < SecretBytes<32>::kSize; i += sizeof(std::uint64_t)) {
    const std::uint64_t bits = random.next();
    std::memcpy(fresh.fill().data() + i, &bits, sizeof bits);
  }
  forked.meta_ad("rng", StrobePart::kFirst);
  forked.key(fresh.reveal(), StrobePart::kFirst);
  forked.meta_ad(encoded_size(into.size()), StrobePart::kFirst);
  forked.prf(into, StrobePart::kFirst);
}

}  // namespace assay::crypto
