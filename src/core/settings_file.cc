#include "core/settings_file_internal.h"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <cstddef>
#include <exception>

namespace assay {
namespace {

/// toml++ bounds how deep values nest, but not how many dots a key has, and both its reader and its
/// destructor recurse into each: a thousand is far more than a file by hand has, and far fewer
/// than the stack holds.
constexpr std::ptrdiff_t kMaxDots = 1024;

/// No setting has a longer name, and flatten() recurses.
constexpr std::ptrdiff_t kMaxDepth = 8;

Status flatten(const toml::table& table, const std::string& prefix,
               std::vector<FileSetting>& found);

/// The tables of a list, by their numbers from 1: `cache.source[2].weight`.
Status flatten_list(const toml::array& list, const std::string& key,
                    std::vector<FileSetting>& found) {
  std::size_t number = 0;
  for (const toml::node& node : list) {
    RETURN_IF_ERROR(flatten(*node.as_table(), fmt::format("{}[{}].", key, ++number), found));
  }
  return {};
}

/// Appends the values of `table`, whose keys begin with `prefix`.
Status flatten(const toml::table& table, const std::string& prefix,
               std::vector<FileSetting>& found) {
  for (const auto& [name, node] : table) {
    const std::string key = prefix + std::string(name.str());
    FileSetting setting{.key = key, .line = name.source().begin.line};
    if (const auto* inner = node.as_table()) {
      if (std::ranges::count(key, '.') >= kMaxDepth) {
        return invalid_input(fmt::format("line {}: '{}...' nests too deep", setting.line, key));
      }
      RETURN_IF_ERROR(flatten(*inner, key + ".", found));
      continue;
    }
    const auto* const list = node.as_array();
    if (list != nullptr && !list->empty() && list->is_homogeneous(toml::node_type::table) &&
        !prefix.contains('[')) {
      RETURN_IF_ERROR(flatten_list(*list, key, found));
      continue;
    }
    if (const auto* text = node.as_string()) {
      setting.text = text->get();
    } else if (const auto* integer = node.as_integer()) {
      setting.text = fmt::to_string(integer->get());
      setting.kind = SettingKind::kInteger;
    } else if (const auto* number = node.as_floating_point()) {
      setting.text = fmt::to_string(number->get());
      setting.kind = SettingKind::kNumber;
    } else if (const auto* boolean = node.as_boolean()) {
      setting.text = boolean->get() ? "true" : "false";
      setting.kind = SettingKind::kBoolean;
    } else {
      return invalid_input(fmt::format("line {}: '{}' is a list or a date: no setting takes one",
                                       setting.line, key));
    }
    found.push_back(std::move(setting));
  }
  return {};
}

}  // namespace

Result<std::vector<FileSetting>> parse_settings_file(std::string_view content) {
  if (std::ranges::count(content, '.') > kMaxDots) {
    return invalid_input(fmt::format("over {} dots: not a settings file", kMaxDots));
  }
  try {
    const toml::table table = toml::parse(content);
    std::vector<FileSetting> found;
    RETURN_IF_ERROR(flatten(table, "", found));
    return found;
  } catch (const toml::parse_error& error) {
    return invalid_input(
        fmt::format("line {}: not TOML: {}", error.source().begin.line, error.description()));
  } catch (const std::exception& exception) {
    return invalid_input(fmt::format("line 1: not TOML: {}", exception.what()));
  }
}

}  // namespace assay
