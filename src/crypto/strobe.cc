#include "crypto/strobe.h"

#include "core/bytes.h"
#include "core/check.h"
#include "crypto/secret_bytes.h"

#include <algorithm>
#include <functional>
#include <span>

namespace assay::crypto {
namespace {

// 200 bytes less twice the 128 bits of security, less the two bytes that frame a block.
constexpr std::uint8_t kRate = 166;

constexpr std::uint8_t kFlagInbound = 1;
constexpr std::uint8_t kFlagApplication = 2;
constexpr std::uint8_t kFlagCipher = 4;
constexpr std::uint8_t kFlagMeta = 16;
constexpr std::uint8_t kFlagKeyTree = 32;

}  // namespace

Strobe128::Strobe128(std::string_view protocol) {
  constexpr std::array<unsigned char, 6> kFrame = {1, kRate + 2, 1, 0, 1, 12 * 8};
  constexpr std::string_view kVersion = "STROBEv1.0.2";
  auto* const out = std::ranges::transform(kFrame, state_.begin(), [](unsigned char value) {
                      return static_cast<std::byte>(value);
                    }).out;
  std::ranges::copy(as_bytes(kVersion), out);
  keccak_f1600(state_);
  meta_ad(protocol, StrobePart::kFirst);
}

Strobe128::~Strobe128() { wipe(state_); }

void Strobe128::meta_ad(std::span<const std::byte> data, StrobePart part) {
  begin(kFlagMeta | kFlagApplication, part);
  absorb(data);
}

void Strobe128::meta_ad(std::string_view data, StrobePart part) { meta_ad(as_bytes(data), part); }

void Strobe128::ad(std::span<const std::byte> data, StrobePart part) {
  begin(kFlagApplication, part);
  absorb(data);
}

void Strobe128::key(std::span<const std::byte> data, StrobePart part) {
  begin(kFlagApplication | kFlagCipher, part);
  for (const std::byte value : data) {
    state_[position_++] = value;
    if (position_ == kRate) run_permutation();
  }
}

void Strobe128::prf(std::span<std::byte> into, StrobePart part) {
  begin(kFlagInbound | kFlagApplication | kFlagCipher, part);
  for (std::byte& value : into) {
    value = state_[position_];
    state_[position_++] = std::byte{0};
    if (position_ == kRate) run_permutation();
  }
}

void Strobe128::begin(std::uint8_t flags, StrobePart part) {
  if (part == StrobePart::kMore) {
    CHECK(flags_ == flags, "an operation of STROBE is continued by another");
    return;
  }
  const std::array<std::byte, 2> frame = {static_cast<std::byte>(operation_start_),
                                          static_cast<std::byte>(flags)};
  operation_start_ = static_cast<std::uint8_t>(position_ + 1);
  flags_ = flags;
  absorb(frame);
  const bool starts_a_block = (flags & (kFlagCipher | kFlagKeyTree)) != 0;
  if (starts_a_block && position_ != 0) run_permutation();
}

void Strobe128::absorb(std::span<const std::byte> data) {
  while (!data.empty()) {
    const auto taken = data.first(std::min<std::size_t>(data.size(), kRate - position_));
    const auto place = std::span(state_).subspan(position_, taken.size());
    std::ranges::transform(taken, place, place.begin(), std::bit_xor<>());
    position_ += static_cast<std::uint8_t>(taken.size());
    if (position_ == kRate) run_permutation();
    data = data.subspan(taken.size());
  }
}

void Strobe128::run_permutation() {
  state_[position_] ^= static_cast<std::byte>(operation_start_);
  state_[position_ + 1U] ^= std::byte{0x04};
  state_[kRate + 1U] ^= std::byte{0x80};
  keccak_f1600(state_);
  position_ = 0;
  operation_start_ = 0;
}

}  // namespace assay::crypto
