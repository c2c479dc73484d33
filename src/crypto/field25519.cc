#include "crypto/field25519_internal.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace assay::crypto {
namespace {

constexpr std::uint64_t kMask = (std::uint64_t{1} << 51) - 1;
constexpr std::size_t kLimbBits = 51;

Field squared(Field field, int times) {
  for (int i = 0; i < times; ++i) field = square(field);
  return field;
}

// Limbs of 51 bits and an integer below twice the modulus.
Field reduced_once(Field field) {
  for (int pass = 0; pass < 2; ++pass) {
    std::uint64_t carry = 0;
    for (std::uint64_t& limb : field.limb) {
      limb += carry;
      carry = limb >> kLimbBits;
      limb &= kMask;
    }
    field.limb[0] += 19 * carry;
  }
  return field;
}

}  // namespace

std::array<std::byte, 32> encode(const Field& field) {
  Field reduced = reduced_once(field);
  // Whether 19 more would reach 2^255: then the modulus fits in once more.
  std::uint64_t carry = 19;
  for (const std::uint64_t limb : reduced.limb) carry = (limb + carry) >> kLimbBits;
  carry *= 19;
  for (std::uint64_t& limb : reduced.limb) {
    limb += carry;
    carry = limb >> kLimbBits;
    limb &= kMask;
  }
  const auto& limb = reduced.limb;
  const std::array<std::uint64_t, 4> words = {
      limb[0] | (limb[1] << 51), (limb[1] >> 13) | (limb[2] << 38),
      (limb[2] >> 26) | (limb[3] << 25), (limb[3] >> 39) | (limb[4] << 12)};
  std::array<std::byte, 32> bytes;
  static_assert(std::endian::native == std::endian::little, "words are little-endian");
  std::memcpy(bytes.data(), words.data(), bytes.size());
  return bytes;
}

std::optional<Field> decode(std::span<const std::byte, 32> bytes) {
  std::array<std::uint64_t, 4> words;
  std::memcpy(words.data(), bytes.data(), bytes.size());
  const Field field{{words[0] & kMask, ((words[0] >> 51) | (words[1] << 13)) & kMask,
                     ((words[1] >> 38) | (words[2] << 26)) & kMask,
                     ((words[2] >> 25) | (words[3] << 39)) & kMask, (words[3] >> 12) & kMask}};
  // The one encoding, and no bit beyond: what differs from it is not below the modulus.
  if (!std::ranges::equal(encode(field), bytes)) return std::nullopt;
  return field;
}

bool is_zero(const Field& field) {
  return std::ranges::all_of(encode(field), [](std::byte byte) { return byte == std::byte{0}; });
}

bool is_negative(const Field& field) { return (encode(field)[0] & std::byte{1}) != std::byte{0}; }

// 2^252 - 3 = (2^250 - 1) * 4 + 1, by the exponents 2^n - 1.
Field power_to_root(const Field& field) {
  const Field two = field * square(field);             // 2^2 - 1
  const Field four = two * squared(two, 2);            // 2^4 - 1
  const Field five = field * square(four);             // 2^5 - 1
  const Field ten = five * squared(five, 5);           // 2^10 - 1
  const Field twenty = ten * squared(ten, 10);         // 2^20 - 1
  const Field forty = twenty * squared(twenty, 20);    // 2^40 - 1
  const Field fifty = ten * squared(forty, 10);        // 2^50 - 1
  const Field hundred = fifty * squared(fifty, 50);    // 2^100 - 1
  const Field more = hundred * squared(hundred, 100);  // 2^200 - 1
  const Field all = fifty * squared(more, 50);         // 2^250 - 1
  return field * squared(all, 2);
}

const Field& root_of_minus_one() {
  // 2 is no square, so 2^((p-1)/4) is a root; (p - 1) / 4 = 2 * (2^252 - 3) + 1.
  static const Field kRoot = [] {
    const Field two{{2, 0, 0, 0, 0}};
    return two * square(power_to_root(two));
  }();
  return kRoot;
}

std::optional<Field> inverse_root(const Field& field) {
  // With v the field: v^3 * (v^7)^((p-5)/8) is a root of 1/v times a fourth root of one.
  const Field cubed = field * square(field);
  Field root = cubed * power_to_root(cubed * cubed * field);
  const Field check = field * square(root);
  if (is_equal(check, negated(kFieldOne))) {
    root = root * root_of_minus_one();
  } else if (!is_equal(check, kFieldOne)) {
    return std::nullopt;
  }
  return is_negative(root) ? negated(root) * kFieldOne : root;
}

}  // namespace assay::crypto
