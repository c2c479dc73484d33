#include "core/parse_number.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>
#include <system_error>

namespace assay {
namespace {

/// As much of a person's text as a message shows.
std::string_view shown(std::string_view text) { return text.substr(0, 64); }

struct Unit {
  std::string_view suffix;
  std::chrono::milliseconds length;
};

// Longest suffix first: `ms` ends in `s`.
constexpr std::array kUnits = {
    Unit{"ms", std::chrono::milliseconds(1)}, Unit{"s", std::chrono::seconds(1)},
    Unit{"m", std::chrono::minutes(1)},       Unit{"h", std::chrono::hours(1)},
    Unit{"d", std::chrono::days(1)},
};

constexpr std::chrono::milliseconds kLongestDuration = std::chrono::days(3653);

}  // namespace

Result<std::int64_t> parse_integer(std::string_view text) {
  std::int64_t value = 0;
  const char* end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, value);
  if (error == std::errc::result_out_of_range) {
    return invalid_input(fmt::format("'{}' is too large for a whole number", shown(text)));
  }
  if (error != std::errc() || stopped != end) {
    return invalid_input(fmt::format("'{}' is not a whole number", shown(text)));
  }
  return value;
}

Result<double> parse_real(std::string_view text) {
  double value = 0;
  const char* end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, value);
  if (error == std::errc::result_out_of_range) {
    return invalid_input(fmt::format("'{}' is too large or too small a number", shown(text)));
  }
  if (error != std::errc() || stopped != end || !std::isfinite(value)) {
    return invalid_input(fmt::format("'{}' is not a number", shown(text)));
  }
  return value;
}

Result<std::chrono::milliseconds> parse_duration(std::string_view text) {
  for (const Unit& unit : kUnits) {
    if (!text.ends_with(unit.suffix)) continue;
    const auto number = parse_real(text.substr(0, text.size() - unit.suffix.size()));
    if (!number) break;
    const double length = *number * static_cast<double>(unit.length.count());
    if (length < 0 || length > static_cast<double>(kLongestDuration.count())) {
      return invalid_input(fmt::format("'{}' is not between nothing and ten years", shown(text)));
    }
    return std::chrono::milliseconds(std::llround(length));
  }
  return invalid_input(fmt::format(
      "'{}' is not a span of time: expected a number and a unit (ms, s, m, h or d), like 30s",
      shown(text)));
}

std::string to_string(std::chrono::milliseconds duration) {
  if (duration.count() == 0) return "0s";
  // Days are left to the reader's hours: 24h, not 1d.
  for (const Unit& unit : {kUnits[3], kUnits[2], kUnits[1]}) {
    if (duration % unit.length == std::chrono::milliseconds(0)) {
      return fmt::format("{}{}", duration / unit.length, unit.suffix);
    }
  }
  return fmt::format("{}ms", duration.count());
}

}  // namespace assay
