#include "up/members.h"

#include "validator/status.h"

#include <fmt/format.h>

#include <array>
#include <string_view>
#include <utility>

namespace assay::up {
namespace {

/// What a program needs to run at all, and what the sanitizers of a test build are told.
constexpr std::array<std::string_view, 9> kKept = {
    "PATH",         "LANG",          "LC_ALL",      "TZ", "TMPDIR", "LD_LIBRARY_PATH",
    "ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS"};

/// Of a miner, in its folder of state.
constexpr std::string_view kMinerHeartbeat = "heartbeat";

std::string seconds_text(std::chrono::milliseconds time) {
  return fmt::format("{}", static_cast<double>(time.count()) / 1000);
}

process::ChildOptions program_of(const NetworkFolder& folder, const MemberSettings& settings,
                                 std::vector<std::string> arguments) {
  std::vector<std::string> environment = process::kept_environment(kKept);
  // Settings and wallets of the user's own are none of theirs.
  environment.push_back("HOME=" + folder.root().native());
  return {.program = settings.program,
          .arguments = std::move(arguments),
          .environment = std::move(environment),
          .folder = folder.root()};
}

/// Which network, and as whom.
std::vector<std::string> identity(const NetworkFolder& folder, std::string_view hotkey) {
  return {"--network",     "local:" + folder.network().native(),
          "--netuid",      std::to_string(static_cast<unsigned>(kLocalNetuid)),
          "--wallet.path", folder.wallets().native(),
          "--wallet",      std::string(kLocalWallet),
          "--hotkey",      std::string(hotkey)};
}

void append(std::vector<std::string>& arguments, std::vector<std::string> more) {
  for (std::string& argument : more) arguments.push_back(std::move(argument));
}

supervision::MemberOptions miner_of(const NetworkFolder& folder, const PlannedMiner& miner,
                                    const MemberSettings& settings) {
  std::vector<std::string> arguments = {"miner", "run"};
  append(arguments, identity(folder, miner.name));
  append(arguments,
         {"--axon.ip", "127.0.0.1", "--axon.port", std::to_string(miner.port), "--detector",
          "scene", "--character", miner.character, "--store", folder.store().native(), "--data",
          folder.history(miner.name).native(), "--state", folder.miner_state(miner.name).native()});
  if (miner.character == "colluding") append(arguments, {"--collusion-key", "shared"});
  return {.name = miner.name,
          .program = program_of(folder, settings, std::move(arguments)),
          .log = folder.log(miner.name),
          .heartbeat = folder.miner_state(miner.name) / kMinerHeartbeat,
          .heartbeat_limit = settings.heartbeat_limit};
}

supervision::MemberOptions validator_of(const NetworkFolder& folder, const FleetPlan& plan,
                                        const MemberSettings& settings) {
  std::vector<std::string> arguments = {"validator", "run"};
  append(arguments, identity(folder, kValidatorName));
  append(arguments, {"--cache",
                     folder.cache().native(),
                     "--state",
                     folder.validator().native(),
                     "--neuron.sample_size",
                     std::to_string(plan.miners.size()),
                     "--neuron.timeout",
                     seconds_text(settings.answer_timeout),
                     "--interval",
                     seconds_text(settings.challenge_interval),
                     "--formula",
                     "calibrated",
                     "--share-copies",
                     "--jobs.interval",
                     seconds_text(settings.job_interval),
                     "--jobs.store",
                     folder.store().native(),
                     "--jobs.take_images",
                     "--callback.port",
                     std::to_string(plan.callback_port)});
  return {.name = std::string(kValidatorName),
          .program = program_of(folder, settings, std::move(arguments)),
          .log = folder.log(kValidatorName),
          .heartbeat = folder.validator() / validator::kStatusFile,
          .heartbeat_limit = settings.heartbeat_limit};
}

}  // namespace

std::vector<supervision::MemberOptions> members_of(const NetworkFolder& folder,
                                                   const FleetPlan& plan,
                                                   const MemberSettings& settings) {
  std::vector<supervision::MemberOptions> members;
  members.reserve(plan.miners.size() + 1);
  for (const PlannedMiner& miner : plan.miners) {
    members.push_back(miner_of(folder, miner, settings));
  }
  members.push_back(validator_of(folder, plan, settings));
  return members;
}

}  // namespace assay::up
