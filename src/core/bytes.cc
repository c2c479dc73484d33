#include "core/bytes.h"

#include <fmt/format.h>

#include <array>

namespace assay {

std::string to_string(ByteCount size) {
  constexpr std::array kUnits = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  auto value = static_cast<double>(size.count());
  std::size_t unit = 0;
  while (value >= 1024.0 && unit + 1 < kUnits.size()) {
    value /= 1024.0;
    ++unit;
  }
  if (unit == 0) return fmt::format("{} B", size.count());
  return fmt::format("{:.1f} {}", value, kUnits[unit]);
}

}  // namespace assay
