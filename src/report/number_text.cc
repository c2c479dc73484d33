#include "report/number_text.h"

#include <fmt/format.h>

#include <cmath>

namespace assay::report {
namespace {

constexpr const char* kNoNumber = "–";
constexpr const char* kNoBreakSpace = "\xc2\xa0";

std::string share_text_with(const char* space, double share) {
  if (!std::isfinite(share)) return kNoNumber;
  if (share > 0 && share < 0.0005) return fmt::format("<0.1{}%", space);
  if (share < 1 && share >= 0.9995) return fmt::format(">99.9{}%", space);
  return fmt::format("{:.1f}{}%", 100 * share, space);
}

}  // namespace

std::string count_text(std::uint64_t count) {
  std::string text = std::to_string(count);
  for (std::size_t i = text.size(); i > 3; i -= 3) text.insert(i - 3, 1, ',');
  return text;
}

std::string change_text(std::int64_t change) {
  if (change == 0) return "±0";
  // Through the unsigned type: the smallest value has no positive counterpart.
  const auto bits = static_cast<std::uint64_t>(change);
  return change > 0 ? "+" + count_text(bits) : "-" + count_text(0 - bits);
}

std::string share_text(double share) { return share_text_with(kNoBreakSpace, share); }

std::string plain_share_text(double share) { return share_text_with(" ", share); }

std::string p_value_text(double p_value) {
  if (!std::isfinite(p_value)) return kNoNumber;
  if (p_value < 1e-300) return "<1e-300";
  if (p_value < 0.001) return fmt::format("{:.1e}", p_value);
  return fmt::format("{:.3f}", p_value);
}

std::string ratio_text(double ratio) {
  if (!std::isfinite(ratio)) return kNoNumber;
  return fmt::format("{:.4f}", ratio);
}

std::string counted(std::uint64_t count, const char* singular, const char* plural) {
  return count_text(count) + " " + (count == 1 ? singular : plural);
}

}  // namespace assay::report
