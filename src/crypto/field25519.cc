#include "crypto/field25519_internal.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace assay::crypto {
namespace {

constexpr std::uint64_t kMask = (std::uint64_t{1} << 51) - 1;
constexpr std::size_t kLimbBits = 51;

// Each square waits for the one before: several numbers go side by side in little more than the
// time of one.
template <std::size_t Count>
using Fields = std::array<Field, Count>;

template <std::size_t Count>
Fields<Count> operator*(const Fields<Count>& a, const Fields<Count>& b) {
  Fields<Count> products;
  for (std::size_t i = 0; i < Count; ++i) products[i] = a[i] * b[i];
  return products;
}

template <std::size_t Count>
Fields<Count> squared(Fields<Count> fields, int times) {
  for (int i = 0; i < times; ++i) {
    for (Field& field : fields) field = square(field);
  }
  return fields;
}

// 2^252 - 3 = (2^250 - 1) * 4 + 1, by the exponents 2^n - 1.
template <std::size_t Count>
Fields<Count> powers_to_root(const Fields<Count>& fields) {
  const auto two = fields * squared(fields, 1);       // 2^2 - 1
  const auto four = two * squared(two, 2);            // 2^4 - 1
  const auto five = fields * squared(four, 1);        // 2^5 - 1
  const auto ten = five * squared(five, 5);           // 2^10 - 1
  const auto twenty = ten * squared(ten, 10);         // 2^20 - 1
  const auto forty = twenty * squared(twenty, 20);    // 2^40 - 1
  const auto fifty = ten * squared(forty, 10);        // 2^50 - 1
  const auto hundred = fifty * squared(fifty, 50);    // 2^100 - 1
  const auto more = hundred * squared(hundred, 100);  // 2^200 - 1
  const auto all = fifty * squared(more, 50);         // 2^250 - 1
  return fields * squared(all, 2);
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

Field power_to_root(const Field& field) { return powers_to_root(Fields<1>{field}).front(); }

const Field& root_of_minus_one() {
  // 2 is no square, so 2^((p-1)/4) is a root; (p - 1) / 4 = 2 * (2^252 - 3) + 1.
  static const Field kRoot = [] {
    const Field two{{2, 0, 0, 0, 0}};
    return two * square(power_to_root(two));
  }();
  return kRoot;
}

template <std::size_t Count>
std::array<std::optional<Field>, Count> inverse_roots(const std::array<Field, Count>& fields) {
  // With v the field: v^3 * (v^7)^((p-5)/8) is a root of 1/v times a fourth root of one.
  const auto cubed = fields * squared(fields, 1);
  const auto roots = cubed * powers_to_root(cubed * cubed * fields);
  std::array<std::optional<Field>, Count> inverse;
  for (std::size_t i = 0; i < Count; ++i) {
    Field root = roots[i];
    const Field check = fields[i] * square(root);
    if (is_equal(check, negated(kFieldOne))) {
      root = root * root_of_minus_one();
    } else if (!is_equal(check, kFieldOne)) {
      continue;
    }
    inverse[i] = is_negative(root) ? reduced(negated(root)) : root;
  }
  return inverse;
}

template std::array<std::optional<Field>, 1> inverse_roots(const std::array<Field, 1>& fields);
template std::array<std::optional<Field>, 2> inverse_roots(const std::array<Field, 2>& fields);

}  // namespace assay::crypto
