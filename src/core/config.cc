#include "core/config.h"

#include "core/check.h"
#include "core/limits.h"
#include "core/parse_number.h"
#include "core/setting_lists.h"
#include "core/settings.h"
#include "core/settings_file_internal.h"
#include "core/suggest.h"

#include <fmt/format.h>

#include <unistd.h>

#include <algorithm>
#include <utility>

namespace assay {
namespace {

constexpr std::string_view kVariablePrefix = "ASSAY_";

const Setting* find_setting(std::string_view key) {
  const auto found = std::ranges::find(settings(), key, &Setting::key);
  return found != settings().end() ? &*found : nullptr;
}

/// Also one of a list.
const Setting* find_file_setting(std::string_view key) {
  const auto found = std::ranges::find(list_settings(), list_setting_key(key), &Setting::key);
  // A name with brackets that is none of a list's is no other way to write one.
  return found != list_settings().end() && key != found->key ? &*found : find_setting(key);
}

/// `log.level` -> `ASSAY_LOG_LEVEL`.
std::string variable_of(std::string_view key) {
  std::string name(kVariablePrefix);
  for (const char character : key) {
    const bool is_lower = character >= 'a' && character <= 'z';
    const char upper = is_lower ? static_cast<char>(character - 'a' + 'A') : character;
    name += upper == '.' ? '_' : upper;
  }
  return name;
}

std::string suggest_key(std::string_view key) {
  std::vector<std::string_view> keys;
  for (const Setting& setting : settings()) keys.push_back(setting.key);
  for (const Setting& setting : list_settings()) keys.push_back(setting.key);
  return suggestion(list_setting_key(key), keys);
}

std::string suggest_variable(std::string_view name) {
  std::vector<std::string> names;
  for (const Setting& setting : settings()) names.push_back(variable_of(setting.key));
  return suggestion(name, std::vector<std::string_view>(names.begin(), names.end()));
}

Status check_bounds(const Setting& setting, double value) {
  if (value >= setting.minimum && value <= setting.maximum) return {};
  return invalid_input(
      fmt::format("{} is not between {} and {}", value, setting.minimum, setting.maximum));
}

Status check_choice(const Setting& setting, std::string_view text) {
  if (setting.choices.empty()) return {};
  std::vector<std::string_view> choices;
  for (std::string_view rest = setting.choices; !rest.empty();) {
    const std::size_t bar = std::min(rest.find('|'), rest.size());
    choices.push_back(rest.substr(0, bar));
    rest.remove_prefix(std::min(bar + 1, rest.size()));
  }
  if (std::ranges::find(choices, text) != choices.end()) return {};
  return invalid_input(fmt::format("'{}' is none of {}{}", text.substr(0, 64),
                                   fmt::join(choices, ", "), suggestion(text, choices)));
}

/// Whether `text` is a value of this setting.
Status check_value(const Setting& setting, std::string_view text) {
  switch (setting.kind) {
    case SettingKind::kText:
      return check_choice(setting, text);
    case SettingKind::kInteger: {
      ASSIGN_OR_RETURN(const std::int64_t value, parse_integer(text));
      return check_bounds(setting, static_cast<double>(value));
    }
    case SettingKind::kNumber: {
      ASSIGN_OR_RETURN(const double value, parse_real(text));
      return check_bounds(setting, value);
    }
    case SettingKind::kBoolean:
      if (text == "true" || text == "false") return {};
      return invalid_input(fmt::format("'{}' is neither true nor false", text.substr(0, 64)));
    case SettingKind::kDuration: {
      ASSIGN_OR_RETURN([[maybe_unused]] const auto value, parse_duration(text));
      return {};
    }
  }
  CHECK(false, "a SettingKind outside its enumerators");
}

/// Whether a TOML value of kind `written` can stand for this setting: a whole number is a number
/// too, and a span of time is written as text.
bool accepts(const Setting& setting, SettingKind written) {
  if (setting.kind == SettingKind::kNumber && written == SettingKind::kInteger) return true;
  if (setting.kind == SettingKind::kDuration) return written == SettingKind::kText;
  return setting.kind == written;
}

std::string shown_value(const Setting& setting, const std::string& text) {
  if (setting.display == SettingDisplay::kPlain) return text;
  const std::size_t scheme = text.find("://");
  if (scheme == std::string::npos) return text.empty() ? "" : "(hidden)";
  const std::size_t host = scheme + 3;
  const std::size_t end = std::min(text.find_first_of("/?#", host), text.size());
  // A name and password may stand in front of the host.
  const std::size_t at = text.substr(0, end).rfind('@');
  const std::size_t start = at != std::string::npos && at >= host ? at + 1 : host;
  return fmt::format("{}{}{}", text.substr(0, host), text.substr(start, end - start),
                     end < text.size() ? "/..." : "");
}

/// Count the tables of each list, and give each all of its settings.
template <typename Entries>
void complete_lists(Entries& entries) {
  std::map<std::string, std::size_t, std::less<>> largest;
  for (const auto& [key, entry] : entries) {
    const std::size_t open = key.find('[');
    const std::size_t close = key.find(']');
    if (open == std::string::npos || close <= open + 1) continue;
    const auto number = parse_integer(key.substr(open + 1, close - open - 1));
    if (!number) continue;
    std::size_t& most = largest[key.substr(0, open)];
    most = std::max(most, static_cast<std::size_t>(*number));
  }
  for (const auto& [list, count] : largest) {
    entries[list + "[]"] = {std::to_string(count), ""};
    for (const Setting& setting : list_settings()) {
      if (list_count_key(setting.key) != list + "[]") continue;
      const std::string_view name = setting.key.substr(list.size() + 3);
      for (std::size_t number = 1; number <= count; ++number) {
        entries.try_emplace(list_key(list, number, name),
                            typename Entries::mapped_type{std::string(setting.default_text), ""});
      }
    }
  }
}

std::string_view lookup(const NamedTexts& environment, std::string_view name) {
  const auto found = std::ranges::find(environment, name, &NamedTexts::value_type::first);
  return found != environment.end() ? std::string_view(found->second) : std::string_view();
}

}  // namespace

NamedTexts process_environment() {
  NamedTexts found;
  for (char** variable = environ; variable != nullptr && *variable != nullptr; ++variable) {
    const std::string_view text(*variable);
    const std::size_t equals = text.find('=');
    if (equals == std::string_view::npos) continue;
    found.emplace_back(text.substr(0, equals), text.substr(equals + 1));
  }
  return found;
}

std::vector<std::filesystem::path> config_file_candidates(const NamedTexts& environment) {
  std::vector<std::filesystem::path> files = {"assay.toml"};
  const std::filesystem::path name = std::filesystem::path("assay") / "assay.toml";
  // The XDG specification says that a relative path there is to be ignored.
  const std::string_view xdg = lookup(environment, "XDG_CONFIG_HOME");
  const std::string_view home = lookup(environment, "HOME");
  if (xdg.starts_with('/')) {
    files.push_back(std::filesystem::path(xdg) / name);
  } else if (home.starts_with('/')) {
    files.push_back(std::filesystem::path(home) / ".config" / name);
  }
  return files;
}

Result<Config> Config::load(const ConfigSources& sources) {
  Config config;
  for (const Setting& setting : settings()) {
    config.entries_[std::string(setting.key)] = {std::string(setting.default_text), ""};
  }
  for (const Setting& setting : list_settings()) {
    config.entries_[list_count_key(setting.key)] = {"0", ""};
  }
  std::vector<std::filesystem::path> files = sources.files;
  if (sources.required_file) files = {*sources.required_file};
  // From the weakest source to the strongest, each writes over the one before.
  for (const auto& path : std::vector(files.rbegin(), files.rend())) {
    ASSIGN_OR_RETURN(const std::optional<std::string> content, sources.read_file(path));
    if (content) {
      RETURN_IF_ERROR(config.apply_file(path, *content));
    } else if (sources.required_file) {
      return not_found(fmt::format("settings file {} is not there", path.string()));
    }
  }
  RETURN_IF_ERROR(config.apply_environment(sources.environment));
  RETURN_IF_ERROR(config.apply_texts(sources.flags));
  return config;
}

Status Config::apply_texts(const NamedTexts& flags) {
  for (const auto& [key, text] : flags) {
    const Setting* setting = find_setting(key);
    if (setting == nullptr) {
      return invalid_input(fmt::format("unknown setting '{}'{}", key, suggest_key(key)));
    }
    RETURN_IF_ERROR(with_context(check_value(*setting, text), fmt::format("setting '{}'", key)));
    entries_[key] = {text, "flag"};
  }
  return {};
}

Status Config::apply_environment(const NamedTexts& environment) {
  for (const auto& [name, text] : environment) {
    if (!name.starts_with(kVariablePrefix) || is_reserved_variable(name)) continue;
    const auto setting = std::ranges::find_if(
        settings(), [&](const Setting& known) { return variable_of(known.key) == name; });
    if (setting == settings().end()) {
      return invalid_input(
          fmt::format("environment: unknown variable {}{}", name, suggest_variable(name)));
    }
    RETURN_IF_ERROR(
        with_context(check_value(*setting, text), fmt::format("environment: {}", name)));
    entries_[std::string(setting->key)] = {text, fmt::format("environment {}", name)};
  }
  return {};
}

Status Config::apply_file(const std::filesystem::path& path, const std::string& content) {
  if (content.size() > kMaxConfigFileSize.count()) {
    return invalid_input(fmt::format("{}: {} is too large for a settings file", path.string(),
                                     to_string(ByteCount(content.size()))));
  }
  ASSIGN_OR_RETURN(const auto found, with_context(parse_settings_file(content), path.string()));
  // The lists of a file take the place of those of weaker ones.
  for (const FileSetting& written : found) {
    const std::string count = list_count_key(written.key);
    if (!count.empty() && entries_.contains(count)) {
      std::erase_if(entries_, [&](const auto& entry) {
        return entry.first != count && list_count_key(entry.first) == count;
      });
    }
  }
  for (const FileSetting& written : found) {
    const std::string where = fmt::format("{}: line {}", path.string(), written.line);
    const Setting* setting = find_file_setting(written.key);
    if (setting == nullptr) {
      return invalid_input(
          fmt::format("{}: unknown setting '{}'{}", where, written.key, suggest_key(written.key)));
    }
    if (!accepts(*setting, written.kind)) {
      const std::string_view form =
          setting->kind == SettingKind::kDuration ? " in quotes, like \"30s\"" : "";
      return invalid_input(fmt::format("{}: '{}' is {}, expected {}{}", where, written.key,
                                       to_string(written.kind), to_string(setting->kind), form));
    }
    RETURN_IF_ERROR(with_context(check_value(*setting, written.text),
                                 fmt::format("{}: '{}'", where, written.key)));
    entries_[written.key] = {written.text, fmt::format("{} line {}", path.string(), written.line)};
  }
  complete_lists(entries_);
  return {};
}

const Config::Entry& Config::entry(std::string_view key) const {
  const auto found = entries_.find(key);
  CHECK(found != entries_.end(), "a setting that is not in the table was asked for");
  return found->second;
}

// load() has checked every text against its setting, so the parsers below cannot fail.

const std::string& Config::get_text(std::string_view key) const { return entry(key).text; }

std::int64_t Config::get_integer(std::string_view key) const {
  const auto value = parse_integer(entry(key).text);
  CHECK(value.has_value(), "a setting of another kind was asked for as an integer");
  return *value;
}

double Config::get_number(std::string_view key) const {
  const auto value = parse_real(entry(key).text);
  CHECK(value.has_value(), "a setting of another kind was asked for as a number");
  return *value;
}

bool Config::get_boolean(std::string_view key) const {
  const std::string& text = entry(key).text;
  CHECK(text == "true" || text == "false", "a setting of another kind was asked for as a boolean");
  return text == "true";
}

std::chrono::milliseconds Config::get_duration(std::string_view key) const {
  const auto value = parse_duration(entry(key).text);
  CHECK(value.has_value(), "a setting of another kind was asked for as a span of time");
  return *value;
}

bool Config::is_given(std::string_view key) const { return !entry(key).origin.empty(); }

std::vector<ConfigOrigin> Config::origins() const {
  std::vector<ConfigOrigin> rows;
  for (const Setting& setting : settings()) {
    const Entry& found = entry(setting.key);
    rows.push_back({std::string(setting.key), shown_value(setting, found.text),
                    found.origin.empty() ? "default" : found.origin});
  }
  // Of lists only what was said: they have no values by themselves.
  for (const auto& [key, found] : entries_) {
    if (key.contains('[') && !found.origin.empty()) {
      rows.push_back({key, found.text, found.origin});
    }
  }
  std::ranges::sort(rows, {}, &ConfigOrigin::key);
  return rows;
}

}  // namespace assay
