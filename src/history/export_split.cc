#include "history/export_split.h"

#include "core/parse_number.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <utility>

namespace assay::history {
namespace {

constexpr double kShareTolerance = 1e-6;

Error bad_split(std::string_view text, std::string_view reason) {
  return invalid_input(fmt::format("--split {}: {}; write it as train=0.9,val=0.1", text, reason));
}

bool is_part_name(std::string_view name) {
  return !name.empty() && std::ranges::all_of(name, [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
           c == '_';
  });
}

}  // namespace

Result<std::vector<SplitPart>> parse_split(std::string_view text) {
  std::vector<SplitPart> parts;
  double total = 0.0;
  for (std::string_view rest = text;;) {
    const std::size_t comma = rest.find(',');
    const std::string_view item = rest.substr(0, comma);
    const std::size_t equals = item.find('=');
    if (equals == std::string_view::npos) return bad_split(text, "a part without a share");
    const std::string_view name = item.substr(0, equals);
    if (!is_part_name(name)) {
      return bad_split(text, "names are made of letters, digits, - and _");
    }
    if (std::ranges::find(parts, name, &SplitPart::name) != parts.end()) {
      return bad_split(text, fmt::format("{} is there twice", name));
    }
    const auto share = parse_real(item.substr(equals + 1));
    if (!share || !(*share > 0.0)) return bad_split(text, "each share is a number over 0");
    total += *share;
    parts.push_back({.name = std::string(name), .share = *share});
    if (comma == std::string_view::npos) break;
    rest.remove_prefix(comma + 1);
  }
  if (std::abs(total - 1.0) > kShareTolerance) {
    return bad_split(text, fmt::format("the shares add up to {:.6g}, not to 1", total));
  }
  return parts;
}

std::size_t part_of(const Sha256& key, std::span<const SplitPart> parts) {
  std::uint64_t number = 0;
  for (const std::byte byte : std::span(key.bytes()).first(sizeof number)) {
    number = (number << 8) | std::to_integer<std::uint64_t>(byte);
  }
  // 53 bits: a double holds them without rounding.
  const double position = static_cast<double>(number >> 11) * 0x1.0p-53;
  double end = 0.0;
  for (std::size_t i = 0; i + 1 < parts.size(); ++i) {
    end += parts[i].share;
    if (position < end) return i;
  }
  return parts.size() - 1;
}

std::filesystem::path part_path(const std::filesystem::path& output, std::string_view part) {
  return output.parent_path() /
         fmt::format("{}.{}{}", output.stem().native(), part, output.extension().native());
}

}  // namespace assay::history
