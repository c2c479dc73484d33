#include "records/record_time.h"

#include <cstddef>
#include <cstdint>

namespace assay::records {
namespace {

using std::chrono::microseconds;

/// Reads a text from left to right. What is missing is remembered, and asked for once at the end.
class TimeReader {
 public:
  explicit TimeReader(std::string_view text) : rest_(text) {}

  int number(std::size_t width) {
    if (rest_.size() < width) return fail();
    int value = 0;
    for (std::size_t i = 0; i < width; ++i) {
      const int digit = rest_[i] - '0';
      if (digit < 0 || digit > 9) return fail();
      value = value * 10 + digit;
    }
    rest_.remove_prefix(width);
    return value;
  }

  int number_up_to(std::size_t width, int largest) {
    const int value = number(width);
    return value <= largest ? value : fail();
  }

  bool take(char expected) {
    if (!rest_.starts_with(expected)) return false;
    rest_.remove_prefix(1);
    return true;
  }

  /// Both dates and times have their separators everywhere or nowhere.
  void separator(char expected, bool is_needed) {
    if (take(expected) != is_needed) fail();
  }

  microseconds fraction() {
    std::int64_t value = 0;
    std::size_t num_digits = 0;
    while (!rest_.empty() && rest_.front() >= '0' && rest_.front() <= '9') {
      if (num_digits < 6) value = value * 10 + (rest_.front() - '0');
      ++num_digits;
      rest_.remove_prefix(1);
    }
    if (num_digits == 0) fail();
    for (; num_digits < 6; ++num_digits) value *= 10;
    return microseconds(value);
  }

  char peek_at(std::size_t index) const { return index < rest_.size() ? rest_[index] : '\0'; }
  bool at_end() const { return rest_.empty(); }
  bool has_failed() const { return has_failed_; }
  int fail() {
    has_failed_ = true;
    return 0;
  }

 private:
  std::string_view rest_;
  bool has_failed_ = false;
};

std::chrono::sys_days read_date(TimeReader& reader) {
  const bool has_dashes = reader.peek_at(4) == '-';
  const int year = reader.number(4);
  reader.separator('-', has_dashes);
  const int month = reader.number(2);
  reader.separator('-', has_dashes);
  const int day = reader.number(2);
  const std::chrono::year_month_day date(std::chrono::year(year),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day)));
  if (year == 0 || !date.ok()) reader.fail();
  return std::chrono::sys_days(date);
}

microseconds read_time_of_day(TimeReader& reader) {
  const bool has_colons = reader.peek_at(2) == ':';
  microseconds time = std::chrono::hours(reader.number_up_to(2, 23));
  reader.separator(':', has_colons);
  time += std::chrono::minutes(reader.number_up_to(2, 59));
  const char next = reader.peek_at(0);
  const bool has_seconds = has_colons ? next == ':' : next >= '0' && next <= '9';
  if (!has_seconds) return time;
  reader.separator(':', has_colons);
  time += std::chrono::seconds(reader.number_up_to(2, 59));
  if (reader.take('.') || reader.take(',')) time += reader.fraction();
  return time;
}

microseconds read_offset(TimeReader& reader) {
  if (reader.take('Z')) return microseconds(0);
  const bool is_west = reader.take('-');
  if (!is_west && !reader.take('+')) reader.fail();
  const microseconds offset = read_time_of_day(reader);
  return is_west ? -offset : offset;
}

/// Digits of a text of fixed form; a character that is none makes `is_right` false.
struct FixedForm {
  std::string_view text;
  bool is_right = true;

  int number(std::size_t begin, std::size_t width) {
    int value = 0;
    for (std::size_t i = begin; i < begin + width; ++i) {
      const int digit = text[i] - '0';
      is_right = is_right && digit >= 0 && digit <= 9;
      value = value * 10 + digit;
    }
    return value;
  }
};

/// `2025-11-12T21:30:45+00:00`, with six decimals or none: what the loggers write, at a third of
/// the cost. Nothing for any other, also when it is right.
std::optional<RecordTime> read_logged_form(std::string_view text) {
  constexpr std::size_t kSize = 25;
  constexpr std::size_t kSizeWithDecimals = 32;
  const bool has_decimals = text.size() == kSizeWithDecimals && text[19] == '.';
  if (!has_decimals && text.size() != kSize) return std::nullopt;
  if (!text.ends_with("+00:00") || text[4] != '-' || text[7] != '-' || text[10] != 'T' ||
      text[13] != ':' || text[16] != ':') {
    return std::nullopt;
  }
  FixedForm form{.text = text};
  const std::chrono::year_month_day date(
      std::chrono::year(form.number(0, 4)),
      std::chrono::month(static_cast<unsigned>(form.number(5, 2))),
      std::chrono::day(static_cast<unsigned>(form.number(8, 2))));
  const int hour = form.number(11, 2);
  const int minute = form.number(14, 2);
  const int second = form.number(17, 2);
  const int micros = has_decimals ? form.number(20, 6) : 0;
  if (!form.is_right || date.year() == std::chrono::year(0) || !date.ok() || hour > 23 ||
      minute > 59 || second > 59) {
    return std::nullopt;
  }
  return RecordTime{.instant = Timestamp(std::chrono::sys_days(date)) + std::chrono::hours(hour) +
                               std::chrono::minutes(minute) + std::chrono::seconds(second) +
                               microseconds(micros)};
}

}  // namespace

std::optional<RecordTime> parse_record_time(std::string_view text) {
  if (const auto time = read_logged_form(text)) return time;
  TimeReader reader(text);
  RecordTime time;
  time.instant = Timestamp(read_date(reader));
  time.has_offset = false;
  if (!reader.at_end()) {
    if (!reader.take('T') && !reader.take(' ')) return std::nullopt;
    time.instant += read_time_of_day(reader);
    time.has_offset = !reader.at_end();
    if (time.has_offset) time.instant -= read_offset(reader);
  }
  if (reader.has_failed() || !reader.at_end()) return std::nullopt;
  return time;
}

}  // namespace assay::records
