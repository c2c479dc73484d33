#include "cli/env_file_internal.h"
#include "files/atomic_file.h"
#include "files/file_system.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>

namespace assay::cli {
namespace {

/// Larger ones are some other file.
constexpr ByteCount kMaxEnvFile{std::uint64_t{1} << 20};

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t' || text.back() == '\r')) {
    text.remove_suffix(1);
  }
  return text;
}

bool is_name(std::string_view text) {
  return !text.empty() && (text.front() < '0' || text.front() > '9') &&
         std::ranges::all_of(text, [](char c) {
           return c == '_' || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
                  (c >= '0' && c <= '9');
         });
}

/// Without its quotes, or without the comment behind it.
std::string_view value_of(std::string_view text) {
  if (text.size() >= 2 && (text.front() == '"' || text.front() == '\'')) {
    const std::size_t end = text.find(text.front(), 1);
    if (end != std::string_view::npos) return text.substr(1, end - 1);
  }
  return trimmed(text.substr(0, text.find(" #")));
}

}  // namespace

Result<NamedTexts> parse_env_file(std::string_view text) {
  NamedTexts settings;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = trimmed(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.empty() || line.starts_with('#')) continue;
    if (line.starts_with("export ")) line = trimmed(line.substr(7));
    const std::size_t equals = line.find('=');
    if (equals == std::string_view::npos || !is_name(line.substr(0, equals))) {
      return invalid_input(fmt::format("line {}: expected NAME=VALUE", number));
    }
    settings.emplace_back(line.substr(0, equals), value_of(trimmed(line.substr(equals + 1))));
  }
  return settings;
}

Result<NamedTexts> read_env_file(const std::string& path) {
  ASSIGN_OR_RETURN(const std::string text,
                   files::read_file(files::posix_file_system(), path, kMaxEnvFile));
  return with_context(parse_env_file(text), path);
}

bool is_own_setting(std::string_view name) { return name.starts_with("ASSAY_"); }

}  // namespace assay::cli
