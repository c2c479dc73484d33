#include "crypto/schnorr_equation.h"

#include "core/check.h"
#include "crypto/field25519_internal.h"
#include "crypto/half_size_internal.h"

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <tuple>

// libsodium multiplies in constant time, which a check of public values need not, and each of its
// results is encoded only to be decoded again. Here all multiplications share their doublings
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
    return Curve{.d = d, .twice_d = reduced(d + d)};
  }();
  return kCurve;
}

// All of them, or nothing.
template <std::size_t Count>
std::optional<std::array<Point, Count>> decode_points(
    const std::array<RistrettoPoint, Count>& encoded) {
  struct Parts {
    Field s;
    Field u1;
    Field u2;
    Field v;
  };
  std::array<Parts, Count> parts;
  std::array<Field, Count> inverse_squares;
  for (std::size_t i = 0; i < Count; ++i) {
    const auto s = decode(encoded[i]);
    if (!s || is_negative(*s)) return std::nullopt;
    const Field squared_s = square(*s);
    const Field u1 = kFieldOne - squared_s;
    const Field u2 = kFieldOne + squared_s;
    const Field squared_u2 = square(u2);
    const Field v = reduced(negated(curve().d * square(u1)) - squared_u2);
    parts[i] = {.s = *s, .u1 = u1, .u2 = u2, .v = v};
    inverse_squares[i] = v * squared_u2;
  }
  const auto roots = inverse_roots(inverse_squares);
  std::array<Point, Count> points;
  for (std::size_t i = 0; i < Count; ++i) {
    if (!roots[i]) return std::nullopt;
    const auto& [s, u1, u2, v] = parts[i];
    const Field x_part = *roots[i] * u2;
    const Field y_part = *roots[i] * x_part * v;
    Field x = (s + s) * x_part;
    if (is_negative(x)) x = reduced(negated(x));
    const Field y = u1 * y_part;
    const Field t = x * y;
    if (is_negative(t) || is_zero(y)) return std::nullopt;
    points[i] = {.x = x, .y = y, .t = t};
  }
  return points;
}

std::optional<Point> decode_point(const RistrettoPoint& encoded) {
  const auto points = decode_points(std::array<RistrettoPoint, 1>{encoded});
  if (!points) return std::nullopt;
  return points->front();
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

inline void finish_addition(Point& p, const Field& e, const Field& f, const Field& g,
                            const Field& h) {
  p.x = e * f;
  p.y = g * h;
  p.t = e * h;
  p.z = f * g;
}

inline void add(Point& p, const Addend& q) {
  const Field a = (p.y - p.x) * q.difference;
  const Field b = (p.y + p.x) * q.sum;
  const Field c = p.t * q.scaled_t;
  const Field d = p.z * q.twice_z;
  finish_addition(p, b - a, d - c, d + c, b + a);
}

// The negative of q has sum and difference exchanged, and T with the other sign.
inline void subtract(Point& p, const Addend& q) {
  const Field a = (p.y - p.x) * q.sum;
  const Field b = (p.y + p.x) * q.difference;
  const Field c = p.t * q.scaled_t;
  const Field d = p.z * q.twice_z;
  finish_addition(p, b - a, d + c, d - c, b + a);
}

Addend addend_of(const Point& p) {
  return {.sum = p.y + p.x,
          .difference = reduced(p.y - p.x),
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
constexpr unsigned kPointWidth = 5;
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

void negate(Point& point) {
  point.x = reduced(negated(point.x));
  point.t = reduced(negated(point.t));
}

}  // namespace

struct PreparedSigner::Tables {
  MultiplesByPart<kPreparedWidth> of_negative;
};

std::optional<PreparedSigner> PreparedSigner::prepare(const RistrettoPoint& signer) {
  auto negative = decode_point(signer);
  if (!negative) return std::nullopt;
  negate(*negative);
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

// With challenge = u / v, both of half the size, the equation times v has half the doublings:
// u * signer + v * commitment = (v * scalar) * generator.
bool schnorr_equation_holds(const RistrettoPoint& commitment, std::span<const std::byte, 32> scalar,
                            std::span<const std::byte, 32> challenge,
                            const RistrettoPoint& signer) {
  auto points = decode_points(std::array<RistrettoPoint, 2>{commitment, signer});
  if (!points) return false;
  auto& [negative_commitment, some_signer] = *points;
  negate(negative_commitment);
  const HalfSizeFraction fraction = half_size_fraction(challenge);
  if (!fraction.is_negative) negate(some_signer);
  RistrettoScalar of_generator;
  multiply_add_scalar(fraction.denominator, scalar, RistrettoScalar{}, of_generator);

  const MultiplesByPart<kGeneratorWidth>& generator = generator_multiples();
  const auto of_signer = odd_multiples<std::tuple_size_v<Multiples<kPointWidth>>>(some_signer);
  const auto of_commitment =
      odd_multiples<std::tuple_size_v<Multiples<kPointWidth>>>(negative_commitment);
  const Digits generator_digits = wnaf_of(of_generator, kGeneratorWidth);
  const Digits signer_digits = wnaf_of(fraction.numerator, kPointWidth);
  const Digits commitment_digits = wnaf_of(fraction.denominator, kPointWidth);
  Point sum;
  constexpr std::size_t kHalf = kNumDigits / 2;
  for (std::size_t i = kHalf; i-- > 0;) {
    const bool has_digit = (generator_digits[i] | generator_digits[kHalf + i] | signer_digits[i] |
                            commitment_digits[i]) != 0;
    double_point(sum, has_digit ? NeedsT::kYes : NeedsT::kNo);
    add_digit(sum, generator_digits[i], generator[0]);
    add_digit(sum, generator_digits[kHalf + i], generator[kNumParts / 2]);
    add_digit(sum, signer_digits[i], of_signer);
    add_digit(sum, commitment_digits[i], of_commitment);
  }
  return is_same_element(sum, Point{});
}

}  // namespace assay::crypto
