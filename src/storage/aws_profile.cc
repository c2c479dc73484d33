#include "storage/aws_profile_internal.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

namespace assay::storage {
namespace {

std::string_view trim(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r";
  const std::size_t first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

// A comment after a value begins with a blank.
std::string_view without_comment(std::string_view value) {
  return trim(value.substr(0, std::min({value.find(" #"), value.find(" ;"), value.find("\t#"),
                                        value.find("\t;"), value.size()})));
}

}  // namespace

Result<std::map<std::string, AwsProfile, std::less<>>> parse_aws_profiles(std::string_view text) {
  std::map<std::string, AwsProfile, std::less<>> profiles;
  AwsProfile* current = nullptr;
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  for (int number = 1; !text.empty(); ++number) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const std::string_view content = trim(line);
    if (content.empty() || content.front() == '#' || content.front() == ';') continue;
    if (content.front() == '[') {
      const std::size_t close = content.find(']');
      if (close == std::string_view::npos) {
        return invalid_input(fmt::format("line {}: a section without its closing bracket", number));
      }
      std::string_view name = trim(content.substr(1, close - 1));
      if (name.starts_with("profile ")) name = trim(name.substr(8));
      current = &profiles[std::string(name)];
      continue;
    }
    // Settings below a setting (`s3 =`, then indented lines) are none of ours.
    if (line.front() == ' ' || line.front() == '\t') continue;
    const std::size_t equals = content.find('=');
    if (equals == std::string_view::npos) {
      return invalid_input(fmt::format("line {}: neither `name = value` nor a section", number));
    }
    if (current == nullptr) {
      return invalid_input(fmt::format("line {}: a setting before the first section", number));
    }
    std::string name(trim(content.substr(0, equals)));
    std::ranges::transform(name, name.begin(), [](unsigned char c) { return std::tolower(c); });
    (*current)[name] = crypto::Secret(without_comment(content.substr(equals + 1)));
  }
  return profiles;
}

}  // namespace assay::storage
