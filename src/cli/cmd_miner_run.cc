#include "app/miner_daemon.h"
#include "app/runtime.h"
#include "cli/command_internal.h"
#include "cli/metrics_options_internal.h"
#include "cli/miner_generator_flags_internal.h"
#include "cli/miner_options_internal.h"
#include "cli/old_flags_internal.h"
#include "cli/option_check_internal.h"
#include "cli/recorder_options_internal.h"
#include "cli/validator_live_options_internal.h"
#include "cli/wallet_options_internal.h"
#include "core/log.h"
#include "core/parse_number.h"
#include "json/writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace assay::cli {
namespace {

struct MinerFlags {
  WalletFlags wallet;
  std::string network = "finney";
  std::uint16_t netuid = 72;
  std::string ip = "127.0.0.1";
  std::uint16_t port = 8091;
  std::string external_ip;
  std::uint16_t external_port = 0;
  std::size_t max_workers = 0;
  std::string detector;
  std::string detector_timeout = "8s";
  std::string detector_label;
  miner::CharacterOptions character;
  std::string slow_delay = "3s";
  miner::SenderPolicy policy;
  std::string store;
  std::string data;
  MinerGeneratorFlags generator;
  std::string refresh_interval;
  std::string state;
  MetricsFlags metrics;
  /// Names of flags that the old miner had and that change nothing here.
  std::vector<std::string> without_effect;
};

std::size_t num_workers(const MinerFlags& flags) {
  if (flags.max_workers > 0) return flags.max_workers;
  return std::max(std::thread::hardware_concurrency(), 1U);
}

Result<app::MinerDaemonOptions> daemon_options(const MinerFlags& flags, const Session& session) {
  if (flags.character.character == miner::Character::kColluding &&
      flags.character.collusion_key.empty()) {
    return invalid_input("--character colluding needs --collusion-key");
  }
  ASSIGN_OR_RETURN(auto network,
                   with_context(chain::parse_network_address(flags.network), "--network"));
  ASSIGN_OR_RETURN(chain::RemoteAccess remote, flags.wallet.remote_access(session.config, network));
  ASSIGN_OR_RETURN(auto pair, flags.wallet.load());
  app::MinerDaemonOptions options{.network = std::move(network),
                                  .remote = std::move(remote),
                                  .netuid = chain::Netuid{flags.netuid},
                                  .pair = std::move(pair),
                                  .ip = flags.ip,
                                  .port = flags.port,
                                  .external_ip = flags.external_ip,
                                  .external_port = flags.external_port,
                                  .store = flags.store,
                                  .data = flags.data,
                                  .state = flags.state,
                                  .metrics = flags.metrics.options()};
  ASSIGN_OR_RETURN(options.generator, flags.generator.choices());
  if (flags.store.empty() && options.generator.provider != app::ImageProvider::kScene) {
    return invalid_input("--generator needs --store: where what it makes goes");
  }
  ASSIGN_OR_RETURN(options.detector, miner::parse_detector_address(flags.detector));
  ASSIGN_OR_RETURN(options.detector_timeout, parse_duration(flags.detector_timeout));
  const bool is_model = options.detector.kind == miner::DetectorKind::kOnnx ||
                        options.detector.kind == miner::DetectorKind::kIr;
  if (!is_model && !flags.detector_label.empty()) {
    return invalid_input(
        "--detector-label is for onnx:PATH and ir:PATH; the others have no labels");
  }
  options.detector_label = flags.detector_label;
  if (!flags.refresh_interval.empty()) {
    ASSIGN_OR_RETURN(options.refresh_interval, parse_duration(flags.refresh_interval));
  }
  options.limits_of_work =
      miner::work_limits_above(options.detector_timeout, options.generator.service.deadline);
  options.axon.queue.max_running = num_workers(flags);
  options.axon.policy = flags.policy;
  options.axon.character = flags.character;
  ASSIGN_OR_RETURN(options.axon.character.delay, parse_duration(flags.slow_delay));
  ASSIGN_OR_RETURN(options.recorder, RecorderFlags{}.options_with(session.config));
  options.recorder.network = flags.network;
  return options;
}

Status print_miner_ready(const MinerFlags& flags, const app::MinerReady& ready, OutputForm form) {
  const std::string_view character = to_string(flags.character.character);
  if (form == OutputForm::kText) {
    return print(fmt::format("miner {} {} at {}, {}{}{}\n", ready.uid, ready.hotkey, ready.address,
                             character,
                             ready.detector.empty() ? "" : ", detector " + ready.detector,
                             ready.generator.empty() ? "" : ", generator " + ready.generator));
  }
  json::Writer writer;
  writer.begin_object().name("uid").unsigned_integer(ready.uid);
  writer.name("hotkey").text(ready.hotkey).name("url").text(ready.address);
  writer.name("character").text(character).name("detector").text(ready.detector);
  writer.name("generator").text(ready.generator);
  return print(writer.end_object().take() + "\n");
}

Result<ExitCode> run_run(const MinerFlags& flags, const CLI::App& command, Session& session) {
  const SettingsReader settings(command, "");
  ASSIGN_OR_RETURN(session.config, settings.load({}));
  RETURN_IF_ERROR(app::configure_logging(session.config));
  if (!flags.without_effect.empty()) {
    log_warning("flags of the old miner that change nothing here",
                {{"flags", fmt::format("{}", fmt::join(flags.without_effect, " "))}});
  }
  ASSIGN_OR_RETURN(const auto reloader, LogLevelReloader::start(settings, session.config));
  ASSIGN_OR_RETURN(const app::MinerDaemonOptions options, daemon_options(flags, session));
  RETURN_IF_ERROR(app::run_miner(
      options,
      [&](const app::MinerReady& ready) { return print_miner_ready(flags, ready, session.output); },
      session.stop));
  // A daemon is ended by SIGTERM: that is its success. Ctrl-C is an interruption, as everywhere.
  return session.stop_signal() == SIGINT ? ExitCode::kCancelled : ExitCode::kOk;
}

void add_network_options(CLI::App& command, MinerFlags& flags) {
  add_option(command, "--network,--subtensor.network,--subtensor.chain_endpoint", flags.network,
             "The chain: local:PATH, test, finney, or the address of a node.")
      ->type_name("NETWORK")
      ->capture_default_str();
  add_option(command, "--netuid", flags.netuid, "The subnet.")->capture_default_str();
  add_option(command, "--axon.ip", flags.ip, "Where to listen, in numbers.")
      ->type_name("ADDRESS")
      ->capture_default_str();
  add_option(command, "--axon.port", flags.port, "The port; 0 takes one that is free.")
      ->capture_default_str();
  add_option(command, "--axon.external_ip", flags.external_ip,
             "What the subnet is told, where it differs from --axon.ip.")
      ->type_name("ADDRESS");
  add_option(command, "--axon.external_port", flags.external_port, "Likewise for the port.");
  add_option(command, "--axon.max_workers", flags.max_workers,
             "Images looked at at once; the number of cores when not given.");
  add_option(command, "--refresh-interval", flags.refresh_interval,
             "How often the members of the subnet are read: 5m, of a local network 5s.")
      ->type_name("DURATION")
      ->check([](const std::string& text) { return problem_of(parse_duration(text)); });
}

void add_policy_options(CLI::App& command, MinerFlags& flags) {
  add_switch(command, "--blacklist.force_validator_permit",
             "Refuse those without a validator's permit. True or False may follow.",
             [&flags](bool is_on) {
               flags.policy.permit = is_on ? miner::SenderPolicy::Permit::kRequired
                                           : miner::SenderPolicy::Permit::kNotAsked;
             });
  add_switch(command, "--blacklist.allow_non_registered",
             "Take those too who are not on the subnet: for tests of one's own miner.",
             [&flags](bool is_on) {
               flags.policy.unregistered = is_on ? miner::SenderPolicy::Unregistered::kTaken
                                                 : miner::SenderPolicy::Unregistered::kRefused;
             });
  add_option(command, "--blacklist.min_stake", flags.policy.min_stake,
             "Refuse those with less stake, in TAO.")
      ->type_name("TAO")
      ->check(real_number(0));
}

void add_work_options(CLI::App& command, MinerFlags& flags) {
  add_option(
      command, "--detector", flags.detector,
      "What looks at images. onnx:PATH or ir:PATH is a model of image classification, its file "
      "or its folder, with config.json and preprocessor_config.json. http:URL gets each image as "
      "the body of a POST; "
      "command:PROGRAM gets lines {\"id\", \"image\"}, the image in base64; both answer "
      "{\"prediction\": 0.93}, a program with the id. scene tells the roads drawn by `assay "
      "cache generate` and `assay up` apart: its answers about photos are worth nothing.")
      ->type_name("DETECTOR")
      ->required()
      ->check(
          [](const std::string& text) { return problem_of(miner::parse_detector_address(text)); });
  add_option(command, "--detector-label", flags.detector_label,
             "Of a model: the label that means roadwork [the only one called so].")
      ->type_name("NAME");
  add_option(command, "--detector-timeout", flags.detector_timeout, "For one image.")
      ->type_name("DURATION")
      ->capture_default_str()
      ->check([](const std::string& text) { return problem_of(parse_duration(text)); });
  CLI::Option* const store =
      add_option(command, "--store", flags.store,
                 "Take generation jobs, make what they ask for, and put it into this folder, "
                 "s3://bucket/prefix or gs://bucket/prefix.")
          ->type_name("STORE");
  store->needs(add_option(command, "--data", flags.data,
                          "The history of what was generated; needed by --store.")
                   ->type_name("DIR"));
  flags.generator.add_to(command);
  add_option(command, "--state", flags.state,
             "The folder of what outlives a start [miner-HOTKEY among the user's state].")
      ->type_name("DIR");
  flags.metrics.add_to(command);
}

void add_character_options(CLI::App& command, MinerFlags& flags) {
  command
      .add_option_function<std::string>(
          "--character",
          [&flags](const std::string& name) {
            if (const auto read = miner::parse_character(name)) flags.character.character = *read;
          },
          fmt::format("For local networks, where a validator has to tell miners apart: {}.",
                      miner::character_names()))
      ->check([](const std::string& name) { return problem_of(miner::parse_character(name)); })
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast)
      ->default_str("honest")
      ->type_name("NAME");
  add_option(command, "--collusion-key", flags.character.collusion_key,
             "Whoever colludes under the same key errs on the same images.")
      ->type_name("TEXT");
  add_option(command, "--slow-delay", flags.slow_delay, "How late a slow one answers.")
      ->type_name("DURATION")
      ->capture_default_str()
      ->check([](const std::string& text) { return problem_of(parse_duration(text)); });
}

/// Start scripts of the old miner give these.
void add_old_miner_flags(CLI::App& command, MinerFlags& flags) {
  add_logging_flags(command);
  add_flags_without_effect(command, {"--neuron.epoch_length", "--model_url"}, flags.without_effect);
}

}  // namespace

void add_miner_run_command(CommandTree& tree, CLI::App& group) {
  auto flags = std::make_shared<MinerFlags>();
  auto self = std::make_shared<const CLI::App*>(nullptr);
  CLI::App& command = tree.add_command(
      group, "run", "Answer challenges until it is stopped.",
      {"assay miner run --network local:net.db --netuid 1 --wallet miner --detector scene",
       "assay miner run --axon.ip 0.0.0.0 --axon.external_ip 198.51.100.7 --wallet miner "
       "--detector http:http://127.0.0.1:9000/judge"},
      [flags, self](Session& session) { return run_run(*flags, **self, session); });
  *self = &command;
  flags->wallet.add_to(command);
  flags->wallet.add_password_to(command);
  add_network_options(command, *flags);
  add_work_options(command, *flags);
  add_policy_options(command, *flags);
  add_character_options(command, *flags);
  add_old_miner_flags(command, *flags);
}

}  // namespace assay::cli
