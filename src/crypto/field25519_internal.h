/// \file
/// Integers modulo 2^255 - 19, for public values: nothing here takes the same time for all of them.

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace assay::crypto {

/// Five limbs of 51 bits, not always reduced: products and what decode() gives have limbs just over
/// 51 bits, a sum or difference of two such has at most 54, and that is what a product takes.
struct Field {
  std::array<std::uint64_t, 5> limb{};
};

inline constexpr Field kFieldOne{{1, 0, 0, 0, 0}};

__extension__ typedef unsigned __int128 Wide;  // NOLINT(modernize-use-using): "using" warns.

inline Field operator+(const Field& a, const Field& b) {
  const auto& x = a.limb;
  const auto& y = b.limb;
  return {{x[0] + y[0], x[1] + y[1], x[2] + y[2], x[3] + y[3], x[4] + y[4]}};
}

/// Four times the modulus is added, so that no limb gets below zero. Pre: limbs of `b` below 2^53.
inline Field operator-(const Field& a, const Field& b) {
  constexpr std::uint64_t kLowest = (std::uint64_t{1} << 53) - 76;
  constexpr std::uint64_t kOther = (std::uint64_t{1} << 53) - 4;
  const auto& x = a.limb;
  const auto& y = b.limb;
  return {{x[0] + kLowest - y[0], x[1] + kOther - y[1], x[2] + kOther - y[2], x[3] + kOther - y[3],
           x[4] + kOther - y[4]}};
}

/// 2^255 is 19: what runs out at the top comes back 19 times at the bottom.
/// Factors of 54 bits make sums below 2^115, and what is carried fits 64 bits, 19 times at the top
/// too, where no product was taken 19 times before.
[[gnu::always_inline]] inline Field carried(Wide w0, Wide w1, Wide w2, Wide w3, Wide w4) {
  constexpr std::uint64_t kMask = (std::uint64_t{1} << 51) - 1;
  const auto low = [](Wide wide) { return static_cast<std::uint64_t>(wide) & kMask; };
  const auto high = [](Wide wide) { return static_cast<std::uint64_t>(wide >> 51); };
  w1 += high(w0);
  w2 += high(w1);
  w3 += high(w2);
  w4 += high(w3);
  const std::uint64_t lowest = low(w0) + high(w4) * 19;
  return {{lowest & kMask, low(w1) + (lowest >> 51), low(w2), low(w3), low(w4)}};
}

/// The same class with limbs of 51 bits and a little, for one more sum before a product.
inline Field reduced(const Field& field) {
  const auto& x = field.limb;
  return carried(x[0], x[1], x[2], x[3], x[4]);
}

[[gnu::always_inline]] inline Field operator*(const Field& a, const Field& b) {
  const auto& x = a.limb;
  const auto& y = b.limb;
  const std::uint64_t y1 = 19 * y[1];
  const std::uint64_t y2 = 19 * y[2];
  const std::uint64_t y3 = 19 * y[3];
  const std::uint64_t y4 = 19 * y[4];
  return carried(
      Wide{x[0]} * y[0] + Wide{x[1]} * y4 + Wide{x[2]} * y3 + Wide{x[3]} * y2 + Wide{x[4]} * y1,
      Wide{x[0]} * y[1] + Wide{x[1]} * y[0] + Wide{x[2]} * y4 + Wide{x[3]} * y3 + Wide{x[4]} * y2,
      Wide{x[0]} * y[2] + Wide{x[1]} * y[1] + Wide{x[2]} * y[0] + Wide{x[3]} * y4 + Wide{x[4]} * y3,
      Wide{x[0]} * y[3] + Wide{x[1]} * y[2] + Wide{x[2]} * y[1] + Wide{x[3]} * y[0] +
          Wide{x[4]} * y4,
      Wide{x[0]} * y[4] + Wide{x[1]} * y[3] + Wide{x[2]} * y[2] + Wide{x[3]} * y[1] +
          Wide{x[4]} * y[0]);
}

[[gnu::always_inline]] inline Field square(const Field& a) {
  const auto& x = a.limb;
  const std::uint64_t x0 = 2 * x[0];
  const std::uint64_t x1 = 2 * x[1];
  const std::uint64_t x2 = 2 * x[2];
  const std::uint64_t twice_x3 = 2 * x[3];
  const std::uint64_t x3 = 19 * x[3];
  const std::uint64_t x4 = 19 * x[4];
  return carried(Wide{x[0]} * x[0] + Wide{x1} * x4 + Wide{x2} * x3,
                 Wide{x0} * x[1] + Wide{x2} * x4 + Wide{x[3]} * x3,
                 Wide{x0} * x[2] + Wide{x[1]} * x[1] + Wide{twice_x3} * x4,
                 Wide{x0} * x[3] + Wide{x1} * x[2] + Wide{x[4]} * x4,
                 Wide{x0} * x[4] + Wide{x1} * x[3] + Wide{x[2]} * x[2]);
}

/// The one encoding of the class, little-endian.
std::array<std::byte, 32> encode(const Field& field);
/// Nothing for an integer that is not below the modulus.
std::optional<Field> decode(std::span<const std::byte, 32> bytes);

bool is_zero(const Field& field);
inline bool is_equal(const Field& a, const Field& b) { return is_zero(a - b); }
/// Whether the smallest integer of the class is odd.
bool is_negative(const Field& field);
inline Field negated(const Field& field) { return Field{} - field; }

/// To the power of 2^252 - 3, the way to square roots.
Field power_to_root(const Field& field);
/// A square root of -1.
const Field& root_of_minus_one();

/// The non-negative root of 1 over each; nothing when there is none, or for zero.
/// Cost: two side by side take less than one after the other.
template <std::size_t Count>
std::array<std::optional<Field>, Count> inverse_roots(const std::array<Field, Count>& fields);

}  // namespace assay::crypto
