#include "crypto/schnorr_equation.h"

#include "core/check.h"
#include "crypto/field25519_internal.h"

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <tuple>

// libsodium multiplies in constant time, which a check of public values need not, and each of its
// results is encoded only to be decoded again. Here both multiplications share their doublings
// (Straus), scalars are written with few digits other than zero (wNAF), and elements are compared
// without being encoded. Curve, formulas and decoding: RFC 9496 and Hisil, Wong, Carter and Dawson,
// "Twisted Edwards Curves Revisited" (2008), for a = -1.

namespace assay::crypto {

/// A point as an addition takes it.
// NOLINTNEXTLINE(misc-use-internal-linkage): PreparedSigner::Tables is made of them.
struct Addend {
  Field sum;         // Y + X
  Field difference;  // Y - X
  Field twice_z;     // 2 * Z
  Field scaled_t;    // 2 * d * T
};

namespace {

/// x = X/Z, y = Y/Z, x*y = T/Z.
struct Point {
  Field x;
  Field y = kFieldOne;
  Field z = kFieldOne;
  Field t;
};

struct Curve {
  Field d;
  Field twice_d;
};

const Curve& curve() {
  static const Curve kCurve = [] {
    // d = -121665 / 121666; the inverse of v is v^3 * (v^8)^((p-5)/8) ... taken here as
    // v^(p-2) = (v^((p-5)/8))^8 * v^3.
    const Field v{{121'666, 0, 0, 0, 0}};
    const Field inverse = square(square(square(power_to_root(v)))) * (v * square(v));
    const Field d = negated(Field{{121'665, 0, 0, 0, 0}}) * inverse;
    return Curve{.d = d, .twice_d = (d + d) * kFieldOne};
  }();
  return kCurve;
}

std::optional<Point> decode_point(const RistrettoPoint& bytes) {
  const auto s = decode(bytes);
  if (!s || is_negative(*s)) return std::nullopt;
  const Field squared_s = square(*s);
  const Field u1 = kFieldOne - squared_s;
  const Field u2 = kFieldOne + squared_s;
  const Field squared_u2 = square(u2);
  const Field v = (negated(curve().d * square(u1)) - squared_u2) * kFieldOne;
  const auto root = inverse_root(v * squared_u2);
  if (!root) return std::nullopt;
  const Field x_part = *root * u2;
  const Field y_part = *root * x_part * v;
  Field x = (*s + *s) * x_part;
  if (is_negative(x)) x = negated(x) * kFieldOne;
  const Field y = u1 * y_part;
  const Field t = x * y;
  if (is_negative(t) || is_zero(y)) return std::nullopt;
  return Point{.x = x, .y = y, .t = t};
}

// T is needed by additions alone.
enum class NeedsT { kNo, kYes };

inline void double_point(Point& p, NeedsT needs_t) {
  const Field xx = square(p.x);
  const Field yy = square(p.y);
  const Field zz = square(p.z);
  const Field h = xx + yy;
  const Field e = h - square(p.x + p.y);
  const Field g = xx - yy;
  const Field f = zz + zz + g;
  p.x = e * f;
  p.y = g * h;
  p.z = f * g;
  if (needs_t == NeedsT::kYes) p.t = e * h;
}

inline void add_products(Point& p, const Field& a, const Field& b, const Field& c, const Field& d) {
  const Field e = b - a;
  const Field f = d - c;
  const Field g = d + c;
  const Field h = b + a;
  p.x = e * f;
  p.y = g * h;
  p.t = e * h;
  p.z = f * g;
}

inline void add(Point& p, const Addend& q) {
  add_products(p, (p.y - p.x) * q.difference, (p.y + p.x) * q.sum, p.t * q.scaled_t,
               p.z * q.twice_z);
}

inline void subtract(Point& p, const Addend& q) {
  const Field c = p.t * q.scaled_t;
  add_products(p, (p.y - p.x) * q.sum, (p.y + p.x) * q.difference, negated(c) * kFieldOne,
               p.z * q.twice_z);
}

Addend addend_of(const Point& p) {
  return {.sum = p.y + p.x,
          .difference = (p.y - p.x) * kFieldOne,
          .twice_z = p.z + p.z,
          .scaled_t = p.t * curve().twice_d};
}

// P, 3P, 5P, ...
template <std::size_t Count>
std::array<Addend, Count> odd_multiples(const Point& p) {
  Point twice = p;
  double_point(twice, NeedsT::kYes);
  const Addend step = addend_of(twice);
  std::array<Addend, Count> multiples;
  Point multiple = p;
  for (Addend& addend : multiples) {
    addend = addend_of(multiple);
    add(multiple, step);
  }
  return multiples;
}

constexpr std::size_t kNumDigits = 256;
using Digits = std::array<std::int16_t, kNumDigits>;

// Odd digits below 2^(width-1) either way, with at least width-1 zeros between two of them.
Digits wnaf_of(std::span<const std::byte, 32> scalar, unsigned width) {
  std::array<std::uint64_t, 5> words{};  // one more, so that a window may reach beyond
  for (std::size_t i = 0; i < scalar.size(); ++i) {
    words[i / 8] |= std::to_integer<std::uint64_t>(scalar[i]) << (8 * (i % 8));
  }
  Digits digits{};
  const std::uint64_t whole = std::uint64_t{1} << width;
  std::uint64_t carry = 0;
  for (std::size_t bit = 0; bit < kNumDigits;) {
    const std::size_t word = bit / 64;
    const std::size_t shift = bit % 64;
    std::uint64_t window = words[word] >> shift;
    if (shift != 0) window |= words[word + 1] << (64 - shift);
    window = (window & (whole - 1)) + carry;
    if ((window & 1U) == 0) {
      ++bit;
      continue;
    }
    carry = window > whole / 2 ? 1 : 0;
    digits[bit] = static_cast<std::int16_t>(static_cast<std::int64_t>(window) -
                                            static_cast<std::int64_t>(carry << width));
    bit += width;
  }
  CHECK(carry == 0, "a canonical scalar ends below the last digit");
  return digits;
}

inline void add_digit(Point& p, std::int16_t digit, std::span<const Addend> multiples) {
  if (digit > 0) {
    add(p, multiples[static_cast<std::size_t>(digit) / 2]);
  } else if (digit < 0) {
    subtract(p, multiples[static_cast<std::size_t>(-digit) / 2]);
  }
}

constexpr unsigned kGeneratorWidth = 8;
constexpr unsigned kSignerWidth = 5;
constexpr unsigned kPreparedWidth = 7;
template <unsigned Width>
using Multiples = std::array<Addend, std::size_t{1} << (Width - 2)>;

// A scalar in four parts: with the multiples of P, 2^64 P, 2^128 P and 2^192 P at hand the parts
// share a quarter of the doublings.
constexpr std::size_t kNumParts = 4;
constexpr std::size_t kPartSize = kNumDigits / kNumParts;
template <unsigned Width>
using MultiplesByPart = std::array<Multiples<Width>, kNumParts>;

template <unsigned Width>
MultiplesByPart<Width> multiples_by_part(Point point) {
  MultiplesByPart<Width> parts;
  for (Multiples<Width>& part : parts) {
    part = odd_multiples<std::tuple_size_v<Multiples<Width>>>(point);
    for (std::size_t i = 1; i < kPartSize; ++i) double_point(point, NeedsT::kNo);
    double_point(point, NeedsT::kYes);
  }
  return parts;
}

const MultiplesByPart<kGeneratorWidth>& generator_multiples() {
  static const MultiplesByPart<kGeneratorWidth> kMultiples = [] {
    std::array<std::byte, 32> one{};
    one[0] = std::byte{1};
    const auto encoded = multiply_generator(one);
    CHECK(encoded.has_value(), "the generator is not zero");
    const auto generator = decode_point(*encoded);
    CHECK(generator.has_value(), "the generator is an element");
    return multiples_by_part<kGeneratorWidth>(*generator);
  }();
  return kMultiples;
}

// Four points of the curve stand for one element.
bool is_same_element(const Point& p, const Point& q) {
  return is_equal(p.x * q.y, p.y * q.x) || is_equal(p.y * q.y, p.x * q.x);
}

std::optional<Point> decode_negative(const RistrettoPoint& bytes) {
  auto point = decode_point(bytes);
  if (!point) return std::nullopt;
  point->x = negated(point->x) * kFieldOne;
  point->t = negated(point->t) * kFieldOne;
  return point;
}

}  // namespace

struct PreparedSigner::Tables {
  MultiplesByPart<kPreparedWidth> of_negative;
};

std::optional<PreparedSigner> PreparedSigner::prepare(const RistrettoPoint& signer) {
  const auto negative = decode_negative(signer);
  if (!negative) return std::nullopt;
  PreparedSigner prepared;
  prepared.tables_ =
      std::make_shared<const Tables>(Tables{multiples_by_part<kPreparedWidth>(*negative)});
  return prepared;
}

bool schnorr_equation_holds(const RistrettoPoint& commitment, std::span<const std::byte, 32> scalar,
                            std::span<const std::byte, 32> challenge,
                            const PreparedSigner& signer) {
  const auto expected = decode_point(commitment);
  if (!expected) return false;
  const auto& of_generator = generator_multiples();
  const auto& of_negative = signer.tables_->of_negative;
  const Digits generator_digits = wnaf_of(scalar, kGeneratorWidth);
  const Digits signer_digits = wnaf_of(challenge, kPreparedWidth);
  Point sum;
  for (std::size_t i = kPartSize; i-- > 0;) {
    double_point(sum, NeedsT::kYes);
    for (std::size_t part = 0; part < kNumParts; ++part) {
      add_digit(sum, generator_digits[part * kPartSize + i], of_generator[part]);
      add_digit(sum, signer_digits[part * kPartSize + i], of_negative[part]);
    }
  }
  return is_same_element(sum, *expected);
}

bool schnorr_equation_holds(const RistrettoPoint& commitment, std::span<const std::byte, 32> scalar,
                            std::span<const std::byte, 32> challenge,
                            const RistrettoPoint& signer) {
  const auto expected = decode_point(commitment);
  const auto negative = decode_negative(signer);
  if (!expected || !negative) return false;
  const Multiples<kGeneratorWidth>& of_generator = generator_multiples().front();
  const auto of_negative = odd_multiples<std::tuple_size_v<Multiples<kSignerWidth>>>(*negative);
  const Digits generator_digits = wnaf_of(scalar, kGeneratorWidth);
  const Digits signer_digits = wnaf_of(challenge, kSignerWidth);
  Point sum;
  for (std::size_t i = kNumDigits; i-- > 0;) {
    const bool has_digit = generator_digits[i] != 0 || signer_digits[i] != 0;
    double_point(sum, has_digit ? NeedsT::kYes : NeedsT::kNo);
    add_digit(sum, generator_digits[i], of_generator);
    add_digit(sum, signer_digits[i], of_negative);
  }
  return is_same_element(sum, *expected);
}

}  // namespace assay::crypto
