#include "app/runtime.h"
#include "app/validator_session.h"
#include "chain/weight_setter.h"
#include "cli/cache_options_internal.h"
#include "cli/env_file_internal.h"
#include "cli/label_check_flags_internal.h"
#include "cli/metrics_options_internal.h"
#include "cli/old_flags_internal.h"
#include "cli/validator_live_options_internal.h"
#include "cli/validator_options_internal.h"
#include "cli/validator_proxy_options_internal.h"
#include "core/log.h"
#include "core/parse_number.h"
#include "files/file_system.h"
#include "json/writer.h"
#include "scoring/formula.h"
#include "validator/status.h"

#include <fmt/format.h>

#include <csignal>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace assay::cli {
namespace {

struct ValidatorRunFlags {
  std::string env_file;
  NetworkFlags network;
  WalletFlags wallet;
  CacheFolderFlag cache;
  StateFlag state;
  /// What it says, and settings among it.
  NamedTexts env_settings;
  LiveFlags live;
  std::uint64_t rounds = 0;
  validator::WireProtocol protocol = validator::WireProtocol::kBtauth;
  validator::WeightSetting weights = validator::WeightSetting::kOn;
  std::optional<std::uint64_t> epoch_length;
  std::optional<std::uint64_t> version_key;
  std::uint16_t burn_uid = 0;
  bool keeps_small_weights = false;
  double stake_limit = scoring::kValidatorStakeLimit;
  std::string cool_down = "1h";
  validator::AugmentationStyle augment = validator::AugmentationStyle::kMended;
  std::string jobs_interval;
  std::string jobs_store;
  std::size_t jobs_sample_size = 50;
  bool takes_job_images = false;
  LabelCheckFlags label_check;
  std::string callback_address = "127.0.0.1";
  std::string callback_origin;
  std::uint16_t callback_port = 0;
  net::Exposure callback_exposure = net::Exposure::kLoopback;
  ProxyFlags proxy;
  MetricsFlags metrics;
  std::string statistics_url;
  /// Names of flags that the old validator had and that change nothing here.
  std::vector<std::string> without_effect;
};

Result<app::ValidatorJobsOptions> jobs_options(const ValidatorRunFlags& flags,
                                               const std::filesystem::path& cache,
                                               const Session& session) {
  ASSIGN_OR_RETURN(const auto interval, parse_seconds(flags.jobs_interval));
  ASSIGN_OR_RETURN(const cache::Budget budget, CacheBudgetFlags().budget(session));
  return app::ValidatorJobsOptions{
      .service = {.state_folder = flags.state.folder(flags.network.netuid),
                  .interval = interval,
                  .miners_per_batch = flags.jobs_sample_size,
                  .callback_address = flags.callback_address,
                  .callback_port = flags.callback_port,
                  .callback_exposure = flags.callback_exposure,
                  .callback_origin = flags.callback_origin},
      .store = flags.jobs_store,
      .cache = flags.takes_job_images ? cache : std::filesystem::path(),
      .budget = budget,
      .protocol = flags.protocol,
      .validator_stake_limit = flags.stake_limit};
}

scoring::SmallWeights small_weights(const ValidatorRunFlags& flags, const Config& config) {
  return flags.keeps_small_weights || config.get_text("validator.small_weights") == "keep"
             ? scoring::SmallWeights::kKeep1
             : scoring::SmallWeights::kDrop;
}

Result<app::ValidatorSessionOptions> validator_session_options(const ValidatorRunFlags& flags,
                                                               const validator::LiveOptions& live,
                                                               Session& session) {
  ASSIGN_OR_RETURN(chain::NetworkAddress network, flags.network.address());
  ASSIGN_OR_RETURN(const std::filesystem::path cache, flags.cache.folder(session));
  ASSIGN_OR_RETURN(const auto cool_down, parse_seconds(flags.cool_down));
  std::optional<app::ValidatorJobsOptions> jobs;
  if (!flags.jobs_interval.empty()) {
    ASSIGN_OR_RETURN(jobs, jobs_options(flags, cache, session));
  }
  ASSIGN_OR_RETURN(auto proxy, flags.proxy.options());
  if (proxy) {
    proxy->protocol = flags.protocol;
    proxy->validator_stake_limit = flags.stake_limit;
  }
  std::optional<app::RoundExporterOptions> statistics;
  if (!flags.statistics_url.empty()) {
    ASSIGN_OR_RETURN(net::Url service,
                     with_context(net::Url::parse(flags.statistics_url), "--statistics.url"));
    statistics = app::RoundExporterOptions{.service = std::move(service)};
  }
  const chain::Netuid netuid{flags.network.netuid};
  ASSIGN_OR_RETURN(chain::RemoteAccess remote, flags.wallet.remote_access(session.config, network));
  // A write to a file is done when the call is back.
  const chain::BlockCount landing_blocks =
      network.kind == chain::NetworkKind::kLocal ? 0 : chain::WeightSetterOptions().landing_blocks;
  return app::ValidatorSessionOptions{
      .network = std::move(network),
      .remote = std::move(remote),
      .cache = cache,
      .shelf = {.cool_down = cool_down},
      .courier = {.protocol = flags.protocol},
      .validator = {.folder = flags.state.folder(flags.network.netuid),
                    .cache_name = std::filesystem::absolute(cache).native(),
                    .formula = live.formula,
                    .copy_policy = live.copy_policy,
                    .rounds = {.sample_size = live.sample_size,
                               .timeout = live.timeout,
                               .interval = live.interval,
                               .num_rounds = flags.rounds,
                               .validator_stake_limit = flags.stake_limit,
                               .cache_name = cache.native(),
                               .challenge = {.augmentation = {.style = flags.augment}},
                               .mix = live.mix},
                    .chain = {.netuid = netuid,
                              .weights = flags.weights,
                              .epoch_length = flags.epoch_length,
                              .burn_uid = flags.burn_uid,
                              .small_weights = small_weights(flags, session.config),
                              .version_key = flags.version_key,
                              .landing_blocks = landing_blocks}},
      .jobs = std::move(jobs),
      .proxy = std::move(proxy),
      .statistics = std::move(statistics),
      .metrics = flags.metrics.options()};
}

/// Let the settings of --env-file stand where no flag was given; the rest is told to have no use.
Status apply_env_file(ValidatorRunFlags& flags, const CLI::App& command) {
  if (flags.env_file.empty()) return {};
  ASSIGN_OR_RETURN(flags.env_settings, read_env_file(flags.env_file));
  for (const auto& [name, value] : flags.env_settings) {
    if (value.empty() || is_own_setting(name)) continue;
    if (name == "NETUID") {
      const auto netuid = parse_integer(value);
      if (!netuid || *netuid < 0 || *netuid > UINT16_MAX) {
        return invalid_input(fmt::format("{}: NETUID: expected 0 to 65535", flags.env_file));
      }
      if (command.count("--netuid") == 0) {
        flags.network.netuid = static_cast<std::uint16_t>(*netuid);
      }
    } else if (name == "SUBTENSOR_NETWORK") {
      if (command.count("--network") == 0) {
        RETURN_IF_ERROR(with_context(chain::parse_network_address(value),
                                     fmt::format("{}: {}", flags.env_file, name)));
        flags.network.network = value;
      }
    } else if (name == "SUBTENSOR_CHAIN_ENDPOINT") {
      if (command.count("--network") + command.count("--subtensor.chain_endpoint") == 0) {
        flags.network.endpoint = value;
      }
    } else if (name == "WALLET_NAME") {
      if (flags.wallet.wallet.empty()) flags.wallet.wallet = value;
    } else if (name == "WALLET_HOTKEY") {
      if (flags.wallet.hotkey.empty()) flags.wallet.hotkey = value;
    } else if (name == "VALIDATOR_PROXY_PORT") {
      const auto port = parse_integer(value);
      if (!port || *port < 0 || *port > UINT16_MAX) {
        return invalid_input(
            fmt::format("{}: VALIDATOR_PROXY_PORT: expected 0 to 65535", flags.env_file));
      }
      if (!flags.proxy.port) flags.proxy.port = static_cast<std::uint16_t>(*port);
    } else if (name == "PROXY_CLIENT_URL") {
      if (flags.proxy.client_url.empty()) flags.proxy.client_url = value;
    } else {
      flags.without_effect.push_back(name);
    }
  }
  return {};
}

/// What this run came to, from the status that it left.
Status print_totals(const std::filesystem::path& folder) {
  ASSIGN_OR_RETURN(const auto status, validator::read_status(files::posix_file_system(), folder));
  if (!status) return internal("the validator has left no status");
  json::Writer writer;
  writer.begin_object().name("hotkey").text(status->hotkey);
  writer.name("uid");
  status->uid ? writer.unsigned_integer(*status->uid) : writer.null();
  writer.name("rounds").unsigned_integer(status->rounds.num_scored);
  writer.name("rounds_ever").unsigned_integer(status->rounds.num_scored_ever);
  writer.name("skipped").unsigned_integer(status->rounds.num_skipped);
  writer.name("asked").unsigned_integer(status->rounds.num_asked);
  writer.name("answered").unsigned_integer(status->rounds.num_answered);
  writer.name("weights").text(status->weights.result);
  return print(writer.end_object().take() + "\n");
}

Result<ExitCode> run_validator(ValidatorRunFlags& flags, const CLI::App& command,
                               Session& session) {
  RETURN_IF_ERROR(apply_env_file(flags, command));
  SettingsReader settings(command, flags.env_file);
  ASSIGN_OR_RETURN(session.config, settings.load(flags.env_settings));
  RETURN_IF_ERROR(app::configure_logging(session.config));
  ASSIGN_OR_RETURN(const validator::LiveOptions live, flags.live.resolve(session.config));
  ASSIGN_OR_RETURN(app::ValidatorSessionOptions options,
                   validator_session_options(flags, live, session));
  ASSIGN_OR_RETURN(const auto judge, flags.label_check.open_judge());
  if (options.jobs) options.jobs->label_check = flags.label_check.check(judge.get());
  ASSIGN_OR_RETURN(const keys::KeyPair hotkey, flags.wallet.load());
  if (!flags.proxy.client_url.empty() && !flags.proxy.takes_old_bearers) {
    flags.without_effect.emplace_back("--proxy.proxy_client_url");
  }
  if (!flags.without_effect.empty()) {
    log_warning("settings of the old validator that change nothing here",
                {{"settings", fmt::format("{}", fmt::join(flags.without_effect, " "))}});
  }
  if (const auto unused = flags.proxy.unused(command); !unused.empty()) {
    log_warning("flags that change nothing without --proxy.port",
                {{"flags", fmt::format("{}", fmt::join(unused, " "))}});
  }
  ASSIGN_OR_RETURN(options.changes, make_reloader(std::move(settings), flags.live, session.config,
                                                  flags.env_settings));
  RETURN_IF_ERROR(app::run_validator_session(options, hotkey, session.stop));
  if (session.output == OutputForm::kJson) {
    RETURN_IF_ERROR(print_totals(options.validator.folder));
  }
  // A daemon is ended by SIGTERM: that is its success. Ctrl-C is an interruption, as everywhere.
  return session.stop_signal() == SIGINT ? ExitCode::kCancelled : ExitCode::kOk;
}

void add_round_options(CLI::App& command, ValidatorRunFlags& flags) {
  flags.live.add_to(command);
  add_option(command, "--rounds", flags.rounds, "End after so many [without end].")->type_name("N");
  add_option(command, "--cool-down", flags.cool_down,
             "No image comes again within this time while another one is free.")
      ->check(check_seconds)
      ->type_name("TIME")
      ->capture_default_str();
  add_named_option(command, "--augment", flags.augment, validator::parse_augmentation_style,
                   "How images are varied: mended, or compat, as the old validator with its bugs.")
      ->default_str("mended");
  add_named_option(command, "--protocol", flags.protocol, validator::parse_wire_protocol,
                   "How requests are signed: btauth, epistula or legacy.")
      ->default_str("btauth");
}

void add_weight_options(CLI::App& command, ValidatorRunFlags& flags) {
  add_switch(command, "--neuron.disable_set_weights",
             "Never set weights: to run beside another validator. True or False may follow.",
             [&flags](bool is_on) {
               flags.weights =
                   is_on ? validator::WeightSetting::kOff : validator::WeightSetting::kOn;
             });
  add_option(command, "--neuron.epoch_length", flags.epoch_length,
             "Blocks between two settings of weights [the tempo of the network].")
      ->type_name("BLOCKS");
  add_option(command, "--version-key", flags.version_key,
             "The version of the weights [that of the network].")
      ->type_name("N");
  add_option(command, "--burn-uid", flags.burn_uid,
             "Who gets all weight while too few have earned anything.")
      ->type_name("UID")
      ->capture_default_str();
  command.add_flag("--keep-small-weights", flags.keeps_small_weights,
                   "Weights too small for 16 bits become 1, not 0 [setting "
                   "validator.small_weights, drop].");
  add_option(command, "--neuron.vpermit_tao_limit", flags.stake_limit,
             "Who has a permit and more stake is a validator, and is not asked.")
      ->type_name("TAO")
      ->capture_default_str();
}

void add_job_options(CLI::App& command, ValidatorRunFlags& flags) {
  CLI::Option* const interval =
      add_option(command, "--jobs.interval", flags.jobs_interval,
                 "Seconds between batches of generation jobs [none are sent].")
          ->check(check_some_seconds)
          ->type_name("SECONDS");
  CLI::Option* const store =
      add_option(
          command, "--jobs.store", flags.jobs_store,
          "Where miners put their images: a folder, s3:// or gs:// [claims are not checked].")
          ->needs(interval)
          ->type_name("STORE");
  add_option(command, "--jobs.sample_size", flags.jobs_sample_size, "Miners of a batch.")
      ->needs(interval)
      ->type_name("N")
      ->capture_default_str();
  CLI::Option* const take_images =
      command
          .add_flag("--jobs.take_images", flags.takes_job_images,
                    "Put sound images into the cache t2i, labelled as their prompts.")
          ->needs(store);
  flags.label_check.add_to(command);
  command.get_option("--label-check")->needs(take_images);
  add_option(command, "--callback.port", flags.callback_port,
             "Where miners call back; 0 takes a port that is free.")
      ->needs(interval)
      ->type_name("PORT")
      ->capture_default_str();
  add_option(command, "--callback.ip", flags.callback_address,
             "The address to listen at, in numbers.")
      ->needs(interval)
      ->type_name("ADDRESS")
      ->capture_default_str();
  add_option(command, "--callback.origin", flags.callback_origin,
             "How miners reach it, such as http://203.0.113.7:10914 [address and port].")
      ->needs(interval)
      ->type_name("URL");
  command
      .add_flag_callback(
          "--callback.allow-remote",
          [&flags] { flags.callback_exposure = net::Exposure::kAnyAddress; },
          "Allow an address that other machines reach.")
      ->needs(interval);
}

/// Start scripts of the old validator give these.
void add_options_without_effect(CLI::App& command, ValidatorRunFlags& flags) {
  add_logging_flags(command);
  add_flags_without_effect(command,
                           {"--neuron.num_concurrent_forwards", "--axon.port", "--axon.ip",
                            "--axon.external_ip", "--axon.external_port", "--axon.max_workers"},
                           flags.without_effect);
  // The formula says how far one answer moves a score; nonsense is refused all the same.
  command
      .add_option_function<double>(
          "--neuron.moving_average_alpha",
          [&flags](double) { flags.without_effect.emplace_back("--neuron.moving_average_alpha"); },
          "")
      ->check(CLI::Range(0.0, 1.0))
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast)
      ->group("");
}

}  // namespace

void add_validator_run_command(CommandTree& tree, CLI::App& group) {
  auto flags = std::make_shared<ValidatorRunFlags>();
  auto self = std::make_shared<const CLI::App*>(nullptr);
  CLI::App& command = tree.add_command(
      group, "run", "Ask miners, score their answers, set weights, until it is stopped.",
      {"assay validator run --network local:net.db --netuid 1 --wallet V --hotkey H",
       "assay validator run --network test --netuid 323 --neuron.disable_set_weights"},
      [flags, self](Session& session) { return run_validator(*flags, **self, session); });
  *self = &command;
  add_option(command, "--env-file", flags->env_file,
             "A validator.env of the old validator; flags win over it.")
      ->type_name("FILE");
  flags->network.add_to(command);
  flags->wallet.add_to(command);
  flags->wallet.add_password_to(command);
  add_option(command, "--cache,--cache-dir", flags->cache.given,
             "The folder of the caches [setting cache.dir, else ~/.cache/natix].")
      ->type_name("DIR");
  flags->state.add_to(command);
  add_round_options(command, *flags);
  add_weight_options(command, *flags);
  add_job_options(command, *flags);
  flags->proxy.add_to(command);
  flags->metrics.add_to(command);
  add_option(command, "--statistics.url", flags->statistics_url,
             "Tell this service of each round when its answers are in: label, image, predictions "
             "[nobody is told].")
      ->check([](const std::string& text) { return problem_of(net::Url::parse(text)); })
      ->type_name("URL");
  add_options_without_effect(command, *flags);
}

}  // namespace assay::cli
