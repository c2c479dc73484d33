#include "cache/layout.h"
#include "cache/shell_commands_internal.h"
#include "report/shell_word.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

namespace assay::cache {
namespace {

namespace fs = std::filesystem;
using report::shell_word;

std::string stem_of(const std::string& name) { return fs::path(name).stem().native(); }

}  // namespace

std::string MoveCommands::move(const fs::path& from, const fs::path& to) {
  const auto names_in = [&](const fs::path& folder) {
    auto names = file_system_.list(folder);
    return names ? std::move(*names) : std::vector<std::string>();
  };
  std::set<std::string> stems_to_move;
  std::set<std::string> extensions;
  std::set<std::string> sidecars;
  const std::vector<std::string> names = names_in(from);
  for (const std::string& name : names) {
    if (!is_image_name(name)) continue;
    stems_to_move.insert(stem_of(name));
    extensions.insert(fs::path(name).extension().native());
    const std::string sidecar = sidecar_name(name);
    if (std::ranges::binary_search(names, sidecar)) sidecars.insert(sidecar);
  }
  // Other JSON files are nobody's sidecars, and stay.
  const bool has_others = !sidecars.empty() && std::ranges::any_of(names, [&](const auto& name) {
    return name.ends_with(".json") && !sidecars.contains(name);
  });
  if (!sidecars.empty() && !has_others) extensions.insert(".json");
  std::set<std::string> stems_there;
  for (const std::string& name : names_in(to)) stems_there.insert(stem_of(name));
  const auto is_free = [&](const std::string& prefix) {
    return std::ranges::none_of(stems_to_move, [&](const std::string& stem) {
      return stems_there.contains(prefix + stem) || promised_.contains(to / (prefix + stem));
    });
  };
  std::string prefix;
  for (int i = 1; !is_free(prefix); ++i) prefix = fmt::format("moved{}-", i);
  for (const std::string& stem : stems_to_move) promised_.insert(to / (prefix + stem));
  std::string patterns;
  for (const std::string& extension : extensions) {
    patterns += fmt::format(" {}/*{}", shell_word(from), extension);
  }
  const std::string target = shell_word(to);
  std::string move = fmt::format("mv -n{} {}/", patterns, target);
  if (!prefix.empty()) {
    move = fmt::format(R"(for file in{}; do mv -n "$file" {}/{}"${{file##*/}}"; done)", patterns,
                       target, prefix);
  }
  if (has_others) {
    move = fmt::format(R"(for image in{}; do for file in "$image" "${{image%.*}}.json"; do )"
                       R"([ ! -e "$file" ] || mv -n "$file" {}/{}"${{file##*/}}"; done; done)",
                       patterns, target, prefix);
  }
  return fmt::format("mkdir -p {} && {}", target, move);
}

}  // namespace assay::cache
