#include "grouping/image_name.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>
#include <utility>

namespace assay::grouping {
namespace {

constexpr std::size_t kTimestampSize = 15;
constexpr std::size_t kDateSize = 8;

/// In the order in which they are looked for: the first one wins.
constexpr std::array<std::pair<std::string_view, Stage>, 4> kStages = {{
    {"stage1_generated", Stage::kGenerated},
    {"stage1.5_face_swapped", Stage::kFaceSwapped},
    {"stage2_upscaled", Stage::kUpscaled},
    {"stage3_enhanced", Stage::kEnhanced},
}};

constexpr auto kImageExtensions =
    std::to_array<std::string_view>({".png", ".jpg", ".jpeg", ".jfif", ".webp", ".gif", ".bmp",
                                     ".tif", ".tiff", ".heic", ".heif", ".avif"});
constexpr std::size_t kMaxExtensionSize = 8;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

char to_lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool equals_ignoring_case(std::string_view text, std::string_view lower) {
  return std::ranges::equal(text, lower, [](char a, char b) { return to_lower(a) == b; });
}

Stage find_stage(std::string_view base_name) {
  // Nearly all of a name is something else: look for what every stage begins with.
  constexpr std::string_view kPrefix = "stage";
  Stage found = Stage::kUnknown;
  std::size_t best = kStages.size();
  for (std::size_t at = 0; at + kPrefix.size() < base_name.size(); ++at) {
    if (to_lower(base_name[at]) != 's') continue;
    for (std::size_t i = 0; i < best; ++i) {
      const auto& [text, stage] = kStages[i];
      if (equals_ignoring_case(base_name.substr(at, text.size()), text)) {
        found = stage;
        best = i;
      }
    }
  }
  return found;
}

std::string_view find_timestamp(std::string_view base_name) {
  if (base_name.size() < kTimestampSize || base_name[kDateSize] != '_') return {};
  for (std::size_t i = 0; i < kTimestampSize; ++i) {
    if (i != kDateSize && !is_digit(base_name[i])) return {};
  }
  return base_name.substr(0, kTimestampSize);
}

int number_at(std::string_view digits, std::size_t begin, std::size_t size) {
  int number = 0;
  for (const char c : digits.substr(begin, size)) number = number * 10 + (c - '0');
  return number;
}

}  // namespace

std::string_view to_string(Stage stage) {
  for (const auto& [text, known] : kStages) {
    if (known == stage) return text;
  }
  return "unknown";
}

ImageName parse_image_name(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  ImageName name;
  if (slash != std::string_view::npos) name.directory = path.substr(0, slash);
  name.base_name = slash == std::string_view::npos ? path : path.substr(slash + 1);
  name.timestamp = find_timestamp(name.base_name);
  name.stage = find_stage(name.base_name);
  return name;
}

std::optional<std::chrono::sys_seconds> instant_of(std::string_view timestamp) {
  if (timestamp.size() != kTimestampSize) return std::nullopt;
  const int year = number_at(timestamp, 0, 4);
  const std::chrono::year_month_day day{
      std::chrono::year(year),
      std::chrono::month(static_cast<unsigned>(number_at(timestamp, 4, 2))),
      std::chrono::day(static_cast<unsigned>(number_at(timestamp, 6, 2)))};
  const int hour = number_at(timestamp, 9, 2);
  const int minute = number_at(timestamp, 11, 2);
  const int second = number_at(timestamp, 13, 2);
  if (year < 1 || !day.ok() || hour > 23 || minute > 59 || second > 59) return std::nullopt;
  return std::chrono::sys_days(day) + std::chrono::hours(hour) + std::chrono::minutes(minute) +
         std::chrono::seconds(second);
}

std::vector<std::string> image_extensions() {
  return {kImageExtensions.begin(), kImageExtensions.end()};
}

std::optional<NotImage> why_not_image(std::string_view path) {
  if (path.ends_with('/')) return NotImage::kFolder;
  std::string_view rest = path;
  while (true) {
    const std::size_t slash = rest.find('/');
    const std::string_view part = rest.substr(0, slash);
    if ((part.starts_with('.') && part != "." && part != "..") || part == "__MACOSX") {
      return NotImage::kHidden;
    }
    if (slash == std::string_view::npos) break;
    rest.remove_prefix(slash + 1);
  }
  const std::size_t dot = rest.rfind('.');
  if (dot == std::string_view::npos) return std::nullopt;
  const std::string_view extension = rest.substr(dot + 1);
  // `.5_face_swapped` at the end of a name is no extension but a part of the stage.
  if (extension.empty() || extension.size() > kMaxExtensionSize || !is_letter(extension.front()) ||
      !std::ranges::all_of(extension, [](char c) { return is_letter(c) || is_digit(c); })) {
    return std::nullopt;
  }
  const bool is_image = std::ranges::any_of(kImageExtensions, [extension](std::string_view known) {
    return equals_ignoring_case(extension, known.substr(1));
  });
  return is_image ? std::nullopt : std::optional(NotImage::kOtherFile);
}

}  // namespace assay::grouping
