#include "app/runtime.h"
#include "cli/env_file_internal.h"
#include "cli/old_flags_internal.h"
#include "cli/validator_live_options_internal.h"
#include "cli/validator_options_internal.h"
#include "core/log_control.h"
#include "core/parse_number.h"
#include "core/shown_text.h"
#include "process/reload_signal.h"
#include "scoring/formula.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <condition_variable>
#include <mutex>
#include <ranges>
#include <stop_token>
#include <thread>
#include <utility>
#include <vector>

namespace assay::cli {
namespace {

/// Settings that a running validator takes up.
constexpr auto kLiveKeys = std::to_array<std::string_view>(
    {"log.level", "validator.copies", "validator.formula", "validator.interval", "validator.mix",
     "validator.sample_size", "validator.timeout"});
constexpr double kShareTolerance = 1e-6;
constexpr std::chrono::milliseconds kSignalInterval{200};

std::string check_mix(const std::string& text) {
  const auto mix = parse_mix(text);
  return mix ? std::string() : mix.error().message;
}

bool is_live(std::string_view key) { return std::ranges::find(kLiveKeys, key) != kLiveKeys.end(); }

bool is_log_level(std::string_view key) { return key == "log.level"; }

/// Names of settings that differ and take a restart.
std::vector<std::string> settings_for_a_restart(const Config& before, const Config& now,
                                                bool (*is_taken_up)(std::string_view)) {
  std::vector<std::string> names;
  const auto old_values = before.origins();
  const auto new_values = now.origins();
  // Both have all settings, by their keys.
  for (std::size_t i = 0; i < old_values.size(); ++i) {
    if (old_values[i].value != new_values[i].value && !is_taken_up(old_values[i].key)) {
      names.push_back(old_values[i].key);
    }
  }
  return names;
}

/// Likewise of the environment file; what is ours there is in the settings.
void add_names_for_a_restart(const NamedTexts& before, const NamedTexts& now,
                             std::vector<std::string>& names) {
  const auto value_in = [](const NamedTexts& texts, const std::string& name) {
    const auto found = std::ranges::find(texts, name, &NamedTexts::value_type::first);
    return found == texts.end() ? std::string() : found->second;
  };
  for (const auto& [texts, others] : {std::pair(&before, &now), std::pair(&now, &before)}) {
    for (const auto& [name, value] : *texts) {
      if (is_own_setting(name) || value_in(*others, name) == value) continue;
      if (std::ranges::find(names, name) == names.end()) names.push_back(name);
    }
  }
}

class Reloader {
 public:
  Reloader(SettingsReader settings, LiveFlags flags, Config config, NamedTexts content,
           std::unique_ptr<process::ReloadSignal> signal)
      : settings_(std::move(settings)),
        flags_(std::move(flags)),
        config_(std::move(config)),
        content_(std::move(content)),
        signal_(std::move(signal)) {}

  std::optional<validator::LiveOptions> poll() {
    if (!signal_->take()) return std::nullopt;
    const auto options = read();
    if (options) return *options;
    log_error("settings could not be read anew, and all stays as it is",
              {{"reason", options.error().message}});
    return std::nullopt;
  }

 private:
  Result<validator::LiveOptions> read() {
    NamedTexts content;
    if (!settings_.environment_file().empty()) {
      ASSIGN_OR_RETURN(content, read_env_file(settings_.environment_file()));
    }
    ASSIGN_OR_RETURN(const Config config, settings_.load(content));
    ASSIGN_OR_RETURN(const validator::LiveOptions options, flags_.resolve(config));
    ASSIGN_OR_RETURN(const LogLevel level, parse_log_level(config.get_text("log.level")));
    set_log_level(level);
    std::vector<std::string> names = settings_for_a_restart(config_, config, is_live);
    add_names_for_a_restart(content_, content, names);
    if (!names.empty()) {
      log_warning("these settings have changed and take a restart",
                  {{"settings", fmt::format("{}", fmt::join(names, " "))}});
    }
    return options;
  }

  SettingsReader settings_;
  LiveFlags flags_;
  Config config_;
  NamedTexts content_;
  std::unique_ptr<process::ReloadSignal> signal_;
};

class LogLevelThread final : public LogLevelReloader {
 public:
  LogLevelThread(SettingsReader settings, Config config,
                 std::unique_ptr<process::ReloadSignal> signal)
      : settings_(std::move(settings)),
        config_(std::move(config)),
        signal_(std::move(signal)),
        thread_([this](const std::stop_token& stop) { run(stop); }) {}

 private:
  void run(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    while (!stop.stop_requested()) {
      wake_.wait_for(lock, stop, kSignalInterval, [] { return false; });
      if (!signal_->take()) continue;
      if (const auto read = reload(); !read) {
        log_error("settings could not be read anew, and all stays as it is",
                  {{"reason", read.error().message}});
      }
    }
  }

  Status reload() {
    ASSIGN_OR_RETURN(const Config config, settings_.load({}));
    ASSIGN_OR_RETURN(const LogLevel level, parse_log_level(config.get_text("log.level")));
    set_log_level(LogLevel::kInfo);  // this one line is told in any case
    const auto names = settings_for_a_restart(config_, config, is_log_level);
    log_info("settings were read anew", {{"log.level", config.get_text("log.level")},
                                         {"restart", fmt::format("{}", fmt::join(names, " "))}});
    set_log_level(level);
    return {};
  }

  SettingsReader settings_;
  Config config_;
  std::unique_ptr<process::ReloadSignal> signal_;
  std::mutex mutex_;  // for waiting
  std::condition_variable_any wake_;
  std::jthread thread_;  // last: it uses the rest
};

/// Of an option of the program itself; empty when it was not given.
std::string given(const CLI::App& root, const std::string& name) {
  const CLI::Option* const option = root.get_option_no_throw(name);
  return option == nullptr || option->count() == 0 ? "" : option->results().back();
}

}  // namespace

void LiveFlags::add_to(CLI::App& command) {
  add_option(command, "--neuron.sample_size,--sample-size", sample_size,
             "Miners that are asked in a round [setting validator.sample_size, 10].")
      ->check(whole_number(1, 65'535))
      ->type_name("N");
  add_option(command, "--neuron.timeout,--timeout", timeout,
             "Seconds that a miner has to answer [setting validator.timeout, 9].")
      ->check(check_some_seconds)
      ->type_name("SECONDS");
  add_option(command, "--interval", interval,
             "Seconds from one round to the next; rounds overlap [setting validator.interval, 3].")
      ->check(check_some_seconds)
      ->type_name("SECONDS");
  add_option(command, "--mix", mix,
             "Shares of photos, images from texts and changed photos [setting validator.mix, "
             "real=0.5,t2i=0.25,i2i=0.25].")
      ->check(check_mix)
      ->type_name("SHARES");
  command
      .add_option_function<std::string>(
          "--formula",
          [this](const std::string& text) {
            if (const auto value = scoring::parse_formula(text)) formula = *value;
          },
          "What an answer earns: natix or calibrated [setting validator.formula, natix].")
      ->check([](const std::string& text) {
        const auto value = scoring::parse_formula(text);
        return value ? std::string() : value.error().message;
      })
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast)
      ->type_name("NAME");
  command.add_flag("--share-copies", shares_copies,
                   "Pay miners whose answers go together as one [setting validator.copies, "
                   "report].");
}

Result<validator::LiveOptions> LiveFlags::resolve(const Config& config) const {
  validator::LiveOptions options;
  options.sample_size =
      sample_size.value_or(static_cast<std::size_t>(config.get_integer("validator.sample_size")));
  options.timeout = config.get_duration("validator.timeout");
  if (!timeout.empty()) {
    ASSIGN_OR_RETURN(options.timeout, parse_seconds(timeout));
  }
  options.interval = config.get_duration("validator.interval");
  if (!interval.empty()) {
    ASSIGN_OR_RETURN(options.interval, parse_seconds(interval));
  }
  for (const auto& [name, time] : {std::pair("validator.timeout", options.timeout),
                                   std::pair("validator.interval", options.interval)}) {
    if (time > std::chrono::milliseconds(0)) continue;
    return invalid_input(fmt::format("{}: expected more than 0 seconds", name));
  }
  ASSIGN_OR_RETURN(options.mix,
                   with_context(parse_mix(mix.empty() ? config.get_text("validator.mix") : mix),
                                "validator.mix"));
  ASSIGN_OR_RETURN(options.formula, scoring::parse_formula(config.get_text("validator.formula")));
  if (formula) options.formula = *formula;
  if (shares_copies || config.get_text("validator.copies") == "share") {
    options.copy_policy = scoring::CopyPolicy::kShare;
  }
  return options;
}

Result<validator::MixOptions> parse_mix(std::string_view text) {
  validator::MixOptions mix;
  std::array<bool, validator::kNumOrigins> is_given{};
  for (const auto part : std::views::split(text, ',')) {
    const std::string_view pair(part.begin(), part.end());
    const std::size_t equals = pair.find('=');
    const auto origin = validator::parse_image_origin(pair.substr(0, equals));
    const auto share = parse_real(equals == std::string_view::npos ? "" : pair.substr(equals + 1));
    if (!origin || !share || *share < 0 || *share > 1) {
      return invalid_input(fmt::format(
          "{}: expected shares from 0 to 1, as in real=0.5,t2i=0.25,i2i=0.25", shown_text(text)));
    }
    const auto index = static_cast<std::size_t>(*origin);
    if (std::exchange(is_given.at(index), true)) {
      return invalid_input(
          fmt::format("{}: {} is there twice", shown_text(text), to_string(*origin)));
    }
    mix.origin_shares.at(index) = *share;
  }
  double sum = 0;
  for (std::size_t i = 0; i < validator::kNumOrigins; ++i) {
    if (!is_given.at(i)) mix.origin_shares.at(i) = 0;
    sum += mix.origin_shares.at(i);
  }
  if (std::abs(sum - 1) > kShareTolerance) {
    return invalid_input(
        fmt::format("{}: the shares add up to {}, expected 1", shown_text(text), sum));
  }
  return mix;
}

SettingsReader::SettingsReader(const CLI::App& command, std::string environment_file)
    : environment_file_(std::move(environment_file)) {
  const CLI::App* root = &command;
  while (root->get_parent() != nullptr) root = root->get_parent();
  config_file_ = given(*root, "--config");
  for (const auto& [flag, key] :
       {std::pair("--log-level", "log.level"), std::pair("--log-format", "log.format")}) {
    if (std::string value = given(*root, flag); !value.empty()) {
      flags_.emplace_back(key, std::move(value));
    }
  }
  const std::string level = level_of_logging_flags(command);
  if (!level.empty() && given(*root, "--log-level").empty()) {
    flags_.emplace_back("log.level", level);
  }
}

Result<Config> SettingsReader::load(const NamedTexts& environment_file_content) const {
  ConfigSources sources = app::machine_config_sources(config_file_);
  sources.flags = flags_;
  NamedTexts added;
  for (const auto& entry : environment_file_content) {
    const bool is_set =
        std::ranges::find(sources.environment, entry.first, &NamedTexts::value_type::first) !=
        sources.environment.end();
    if (is_own_setting(entry.first) && !is_set) added.push_back(entry);
  }
  sources.environment.insert(sources.environment.end(), added.begin(), added.end());
  return with_context(Config::load(sources), "configuration");
}

Result<std::unique_ptr<LogLevelReloader>> LogLevelReloader::start(SettingsReader settings,
                                                                  const Config& config) {
  ASSIGN_OR_RETURN(auto signal, process::ReloadSignal::install());
  return std::make_unique<LogLevelThread>(std::move(settings), config, std::move(signal));
}

Result<std::function<std::optional<validator::LiveOptions>()>> make_reloader(
    SettingsReader settings, const LiveFlags& flags, const Config& config,
    const NamedTexts& content) {
  ASSIGN_OR_RETURN(auto signal, process::ReloadSignal::install());
  const auto reloader =
      std::make_shared<Reloader>(std::move(settings), flags, config, content, std::move(signal));
  return std::function<std::optional<validator::LiveOptions>()>(
      [reloader] { return reloader->poll(); });
}

}  // namespace assay::cli
