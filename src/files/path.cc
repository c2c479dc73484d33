#include "files/path.h"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

namespace assay::files {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> split_into_parts(std::string_view path) {
  std::vector<std::string> parts;
  while (!path.empty()) {
    const std::size_t slash = std::min(path.find('/'), path.size());
    const std::string_view part = path.substr(0, slash);
    if (!part.empty() && part != ".") parts.emplace_back(part);
    path.remove_prefix(std::min(slash + 1, path.size()));
  }
  return parts;
}

std::string_view root_of(std::string_view path) {
  if (!path.starts_with('/')) return "";
  return path.starts_with("//") && !path.starts_with("///") ? "//" : "/";
}

// What `[...]` at the start of `pattern` says of `character`; `length` 0 when no bracket closes it,
// and then it stands for itself.
struct SetMatch {
  bool matches = false;
  std::size_t length = 0;
};

SetMatch match_set(std::string_view pattern, char character) {
  std::size_t i = 1;
  const bool is_negated = i < pattern.size() && (pattern[i] == '!' || pattern[i] == '^');
  if (is_negated) ++i;
  const std::size_t first = i;
  bool found = false;
  while (i < pattern.size() && (pattern[i] != ']' || i == first)) {
    const auto low = static_cast<unsigned char>(pattern[i]);
    auto high = low;
    if (i + 2 < pattern.size() && pattern[i + 1] == '-' && pattern[i + 2] != ']') {
      high = static_cast<unsigned char>(pattern[i + 2]);
      i += 2;
    }
    const auto value = static_cast<unsigned char>(character);
    found = found || (low <= value && value <= high);
    ++i;
  }
  if (i >= pattern.size()) return {};
  return {.matches = found != is_negated, .length = i + 1};
}

// Goes back to the last star only, so that the cost is at most pattern times name.
bool matches_part(std::string_view pattern, std::string_view name) {
  if (name.starts_with('.') && !pattern.starts_with('.')) return false;
  std::size_t p = 0;
  std::size_t n = 0;
  std::size_t after_star = std::string_view::npos;
  std::size_t star_name = 0;
  while (n < name.size()) {
    std::size_t step = 0;
    if (p < pattern.size()) {
      if (pattern[p] == '*') {
        after_star = ++p;
        star_name = n;
        continue;
      }
      const SetMatch set = pattern[p] == '[' ? match_set(pattern.substr(p), name[n]) : SetMatch{};
      if (set.length > 0) {
        step = set.matches ? set.length : 0;
      } else if (pattern[p] == '?' || pattern[p] == name[n]) {
        step = 1;
      }
    }
    if (step > 0) {
      p += step;
      ++n;
    } else if (after_star != std::string_view::npos) {
      p = after_star;
      n = ++star_name;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', p) == std::string_view::npos;
}

class Expansion {
 public:
  explicit Expansion(FileSystem& file_system) : file_system_(&file_system) {}

  Status expand(const fs::path& folder, std::span<const std::string> parts) {
    if (parts.empty()) {
      found_.insert(folder.native());
      return {};
    }
    if (parts.front() == "**") {
      std::set<std::string> above;
      return descend(folder, parts.subspan(1), above);
    }
    if (!is_glob(parts.front())) {
      const fs::path next = folder / parts.front();
      ASSIGN_OR_RETURN(const auto info, file_system_->info(next));
      if (!info || (parts.size() > 1 && info->kind != FileKind::kFolder)) return {};
      return expand(next, parts.subspan(1));
    }
    ASSIGN_OR_RETURN(const auto names, names_in(folder));
    for (const std::string& name : names) {
      if (!matches_part(parts.front(), name)) continue;
      const fs::path next = folder / name;
      if (parts.size() > 1) {
        ASSIGN_OR_RETURN(const bool is_folder, leads_on(next));
        if (!is_folder) continue;
      }
      RETURN_IF_ERROR(expand(next, parts.subspan(1)));
    }
    return {};
  }

  std::vector<fs::path> take() { return {found_.begin(), found_.end()}; }

 private:
  Result<bool> leads_on(const fs::path& path) {
    ASSIGN_OR_RETURN(const auto info, file_system_->info(path));
    return info && info->kind == FileKind::kFolder;
  }

  Result<std::vector<std::string>> names_in(const fs::path& folder) {
    if (!folder.empty()) {
      ASSIGN_OR_RETURN(const bool is_folder, leads_on(folder));
      if (!is_folder) return std::vector<std::string>();
    }
    return file_system_->list(folder.empty() ? fs::path(".") : folder);
  }

  // `above` holds the folders on the way here, links followed: a link to one of them is a circle.
  Status descend(const fs::path& folder, std::span<const std::string> rest,
                 std::set<std::string>& above) {
    ASSIGN_OR_RETURN(const fs::path real, file_system_->resolve(folder.empty() ? "." : folder));
    const auto [self, is_new] = above.insert(real.native());
    if (!is_new) return {};
    // A last `**` finds the folders' files, as `**/*` does.
    static const std::vector<std::string> kAnything = {"*"};
    RETURN_IF_ERROR(expand(folder, rest.empty() ? std::span<const std::string>(kAnything) : rest));
    ASSIGN_OR_RETURN(const auto names, names_in(folder));
    for (const std::string& name : names) {
      if (name.starts_with('.')) continue;
      ASSIGN_OR_RETURN(const bool is_folder, leads_on(folder / name));
      if (is_folder) RETURN_IF_ERROR(descend(folder / name, rest, above));
    }
    above.erase(self);
    return {};
  }

  FileSystem* file_system_;
  std::set<std::string> found_;
};

}  // namespace

std::string normal_form(std::string_view path) {
  std::string text(root_of(path));
  const std::size_t root_size = text.size();
  for (const std::string& part : split_into_parts(path)) {
    if (text.size() > root_size) text += '/';
    text += part;
  }
  return text.empty() ? "." : text;
}

bool is_glob(std::string_view text) { return text.find_first_of("*?[") != std::string_view::npos; }

bool matches_glob(std::string_view pattern, std::string_view path) {
  if (root_of(pattern) != root_of(path)) return false;
  auto parts = split_into_parts(pattern);
  if (!parts.empty() && parts.back() == "**") parts.emplace_back("*");
  const auto names = split_into_parts(path);
  // As in matches_part(), with parts in place of characters.
  std::size_t p = 0;
  std::size_t n = 0;
  std::optional<std::size_t> after_stars;
  std::size_t stars_name = 0;
  while (n < names.size()) {
    if (p < parts.size() && parts[p] == "**") {
      after_stars = ++p;
      stars_name = n;
    } else if (p < parts.size() && matches_part(parts[p], names[n])) {
      ++p;
      ++n;
    } else if (after_stars && !names[stars_name].starts_with('.')) {
      p = *after_stars;
      n = ++stars_name;
    } else {
      return false;
    }
  }
  return p == parts.size();
}

Result<std::vector<fs::path>> glob(FileSystem& file_system, std::string_view pattern) {
  const auto parts = split_into_parts(pattern);
  Expansion expansion(file_system);
  RETURN_IF_ERROR(expansion.expand(fs::path(root_of(pattern)), parts));
  return expansion.take();
}

}  // namespace assay::files
