#include "records/python_time.h"

#include <fmt/format.h>

#include <chrono>
#include <iterator>

namespace assay::records {

std::string python_isoformat(Timestamp instant) {
  const auto day = std::chrono::floor<std::chrono::days>(instant);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss<std::chrono::microseconds> time(instant - day);
  std::string text =
      fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", static_cast<int>(date.year()),
                  static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                  time.hours().count(), time.minutes().count(), time.seconds().count());
  if (const auto fraction = time.subseconds().count(); fraction != 0) {
    fmt::format_to(std::back_inserter(text), ".{:06}", fraction);
  }
  text += "+00:00";
  return text;
}

}  // namespace assay::records
