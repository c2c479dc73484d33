#include "core/timestamp.h"

#include <fmt/format.h>

#include <cstdint>
#include <optional>

namespace assay {
namespace {

using std::chrono::microseconds;
using std::chrono::minutes;
using std::chrono::seconds;

/// Reads a text of fixed fields from left to right.
class Fields {
 public:
  explicit Fields(std::string_view text) : rest_(text) {}

  /// Exactly `width` digits, or nothing.
  std::optional<int> number(std::size_t width) {
    if (rest_.size() < width) return std::nullopt;
    int value = 0;
    for (const char digit : rest_.substr(0, width)) {
      if (digit < '0' || digit > '9') return std::nullopt;
      value = value * 10 + (digit - '0');
    }
    rest_.remove_prefix(width);
    return value;
  }

  /// Take the next character when it is one of `allowed`.
  char take(std::string_view allowed) {
    if (rest_.empty() || !allowed.contains(rest_.front())) return '\0';
    const char taken = rest_.front();
    rest_.remove_prefix(1);
    return taken;
  }

  /// One digit or more after the decimal point, cut (not rounded) at the microsecond.
  std::optional<microseconds> fraction() {
    std::int64_t value = 0;
    std::size_t digits = 0;
    while (const char digit = take("0123456789")) {
      if (digits < 6) value = value * 10 + (digit - '0');
      ++digits;
    }
    if (digits == 0) return std::nullopt;
    for (std::size_t i = digits; i < 6; ++i) value *= 10;
    return microseconds(value);
  }

  bool at_end() const { return rest_.empty(); }

 private:
  std::string_view rest_;
};

std::optional<std::chrono::sys_days> read_date(Fields& fields) {
  const auto year = fields.number(4);
  if (!year || !fields.take("-")) return std::nullopt;
  const auto month = fields.number(2);
  if (!month || !fields.take("-")) return std::nullopt;
  const auto day = fields.number(2);
  if (!day) return std::nullopt;
  const std::chrono::year_month_day date(std::chrono::year(*year),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day)));
  if (!date.ok()) return std::nullopt;
  return std::chrono::sys_days(date);
}

std::optional<microseconds> read_time_of_day(Fields& fields) {
  const auto hour = fields.number(2);
  if (!hour || *hour > 23 || !fields.take(":")) return std::nullopt;
  const auto minute = fields.number(2);
  if (!minute || *minute > 59 || !fields.take(":")) return std::nullopt;
  const auto second = fields.number(2);
  // A leap second (60) has no place in the system's time scale.
  if (!second || *second > 59) return std::nullopt;
  microseconds time = std::chrono::hours(*hour) + minutes(*minute) + seconds(*second);
  if (fields.take(".")) {
    const auto fraction = fields.fraction();
    if (!fraction) return std::nullopt;
    time += *fraction;
  }
  return time;
}

std::optional<minutes> read_offset(Fields& fields) {
  if (fields.at_end() || fields.take("Zz")) return minutes(0);
  const char sign = fields.take("+-");
  if (!sign) return std::nullopt;
  const auto hour = fields.number(2);
  if (!hour || *hour > 23 || !fields.take(":")) return std::nullopt;
  const auto minute = fields.number(2);
  if (!minute || *minute > 59) return std::nullopt;
  const minutes offset = std::chrono::hours(*hour) + minutes(*minute);
  return sign == '-' ? -offset : offset;
}

std::optional<Timestamp> read_instant(std::string_view text) {
  Fields fields(text);
  const auto date = read_date(fields);
  if (!date) return std::nullopt;
  if (fields.at_end()) return Timestamp(*date);
  if (!fields.take("Tt ")) return std::nullopt;
  const auto time = read_time_of_day(fields);
  if (!time) return std::nullopt;
  const auto offset = read_offset(fields);
  if (!offset || !fields.at_end()) return std::nullopt;
  return Timestamp(*date) + *time - *offset;
}

}  // namespace

std::string to_rfc3339(Timestamp instant) {
  const auto day = std::chrono::floor<std::chrono::days>(instant);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss<microseconds> time(instant - day);
  std::string text =
      fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", static_cast<int>(date.year()),
                  static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                  time.hours().count(), time.minutes().count(), time.seconds().count());
  const auto fraction = time.subseconds().count();
  if (fraction % 1000 != 0) {
    fmt::format_to(std::back_inserter(text), ".{:06}", fraction);
  } else if (fraction != 0) {
    fmt::format_to(std::back_inserter(text), ".{:03}", fraction / 1000);
  }
  text.push_back('Z');
  return text;
}

Result<Timestamp> parse_timestamp(std::string_view text) {
  const auto instant = read_instant(text);
  if (!instant) {
    return invalid_input(
        fmt::format("'{}' is not a time: expected a date like 2025-10-27 or an instant like "
                    "2025-10-27T13:05:00Z",
                    text.substr(0, 64)));
  }
  return *instant;
}

}  // namespace assay
