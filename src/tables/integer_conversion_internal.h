/// \file
/// Integers of a column as ours: instants of any unit become microseconds.

#pragma once

#include <arrow/util/checked_cast.h>
#include <parquet/types.h>

#include <algorithm>
#include <cstdint>
#include <limits>

namespace assay::tables {

/// Integers as they are and instants as microseconds since 1970, rounded down.
class IntegerConversion {
 public:
  explicit IntegerConversion(const parquet::LogicalType& logical) {
    if (logical.is_timestamp()) {
      const auto unit =
          arrow::internal::checked_cast<const parquet::TimestampLogicalType&>(logical).time_unit();
      if (unit == parquet::LogicalType::TimeUnit::MILLIS) factor_ = 1000;
      if (unit == parquet::LogicalType::TimeUnit::NANOS) divisor_ = 1000;
    } else if (logical.is_int() &&
               !arrow::internal::checked_cast<const parquet::IntLogicalType&>(logical)
                    .is_signed()) {
      is_unsigned_ = true;
    }
  }

  std::int64_t operator()(std::int32_t value) const {
    return is_unsigned_ ? static_cast<std::int64_t>(static_cast<std::uint32_t>(value)) : value;
  }
  std::int64_t operator()(std::int64_t value) const {
    if (divisor_ != 1) return value / divisor_ - (value % divisor_ < 0 ? 1 : 0);
    if (factor_ == 1) return value;
    // Years beyond 290,000 cannot be told apart; they stay on their side of any filter.
    constexpr auto kMost = std::numeric_limits<std::int64_t>::max();
    return std::clamp(value, -kMost / factor_, kMost / factor_) * factor_;
  }
  // Nanoseconds of the day, then the Julian day.
  std::int64_t operator()(const parquet::Int96& value) const {
    constexpr std::int64_t kJulianDayOf1970 = 2'440'588;
    constexpr std::int64_t kDay = std::int64_t{86'400} * 1'000'000;
    const auto nanoseconds = static_cast<std::int64_t>(
        (static_cast<std::uint64_t>(value.value[1]) << 32) | value.value[0]);
    const std::int64_t days = static_cast<std::int64_t>(value.value[2]) - kJulianDayOf1970;
    constexpr std::int64_t kMostDays = std::numeric_limits<std::int64_t>::max() / kDay - 1;
    return std::clamp(days, -kMostDays, kMostDays) * kDay + nanoseconds / 1000 % kDay;
  }

 private:
  std::int64_t factor_ = 1;
  std::int64_t divisor_ = 1;
  bool is_unsigned_ = false;
};

}  // namespace assay::tables
