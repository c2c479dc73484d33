/// \file
/// Sums of doubles without any rounding until the end, as Python's statistics module has them: the
/// result does not depend on the order of the values, nor on how they were shared among workers.

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace assay::history {

/// A whole number in two's complement, lowest limb first: what a sum of doubles is once it is
/// counted in units of the smallest one.
template <std::size_t kNumLimbs>
using WideInteger = std::array<std::uint64_t, kNumLimbs>;

/// The exact sum of up to 2^63 doubles. NaN and infinities are kept apart and decide the result as
/// they would in floating point.
class ExactSum {
 public:
  void add(double value);
  ExactSum& operator+=(const ExactSum& other);

  std::uint64_t count() const { return count_; }
  /// Rounded once, half to even. Pre: count() > 0.
  double mean() const;

 private:
  friend class ExactMoments;
  /// Units of 2^-1074, up to 2^63 times the largest double, and a sign.
  WideInteger<35> units_{};
  std::uint64_t count_ = 0;
  /// What is no number among the values, added up: 0 when there is none.
  double special_ = 0.0;
};

/// The exact sum and sum of squares, for mean and standard deviation.
class ExactMoments {
 public:
  void add(double value);
  ExactMoments& operator+=(const ExactMoments& other);

  std::uint64_t count() const { return sum_.count(); }
  /// Pre: count() > 0.
  double mean() const { return sum_.mean(); }
  /// Of a sample (n - 1), the square root of the exact variance rounded once; NaN when a value is
  /// no number. Pre: count() > 1.
  double standard_deviation() const;

 private:
  ExactSum sum_;
  /// Units of 2^-2148.
  WideInteger<69> squares_{};
};

}  // namespace assay::history
