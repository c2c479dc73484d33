#include "up/network_folder.h"

#include "cache/generate.h"
#include "cache/rescan.h"
#include "cache/scene_generator.h"
#include "chain/local_network.h"
#include "files/atomic_file.h"
#include "keys/keyfile.h"
#include "keys/wallet.h"
#include "net/http_server.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <utility>

namespace assay::up {
namespace {

constexpr ByteCount kMaxPlanSize{std::uint64_t{1} << 20};
/// Below the ports that the system hands out to clients: those could be in use when a member that
/// died wants its own back.
constexpr std::uint16_t kFirstPort = 20'000;
constexpr std::uint16_t kNumPorts = 10'000;
constexpr int kMaxPortTries = 500;
/// More than a miner's, and enough to count as validator.
constexpr std::uint64_t kValidatorStakeTao = 50'000;
constexpr std::uint64_t kMinerStakeTao = 1;
constexpr ByteCount kKeepFree{std::uint64_t{256} << 20};

/// A step to a minute, rather than to an hour: who watches wants to see weights being set.
chain::Hyperparameters local_rules() {
  return {.tempo = 20, .weights_rate_limit = 10, .serving_rate_limit = 0};
}

Result<std::unique_ptr<files::FileLock>> lock_folder(files::FileSystem& file_system,
                                                     const NetworkFolder& folder) {
  RETURN_IF_ERROR(file_system.create_folders(folder.root()));
  ASSIGN_OR_RETURN(const auto names, file_system.list(folder.root()));
  const auto is_there = [&](const std::filesystem::path& path) {
    return std::ranges::find(names, path.filename().native()) != names.end();
  };
  if (!names.empty() && !is_there(folder.plan()) && !is_there(folder.lock())) {
    return invalid_input(fmt::format("{} is not empty, and no network of ours: take another --dir",
                                     folder.root().native()));
  }
  auto lock = file_system.lock(folder.lock());
  if (!lock && lock.error().code == ErrorCode::kUnavailable) {
    return unavailable(fmt::format(
        "the network in {} is being run by another process; stop that one, or take another --dir",
        folder.root().native()));
  }
  return lock;
}

Result<FleetPlan> new_plan(const NetworkFolderOptions& options) {
  FleetPlan plan{.seed = options.seed.value_or(1)};
  ASSIGN_OR_RETURN(plan.miners,
                   parse_miner_list(options.miners.value_or(std::string(kDefaultMiners))));
  return plan;
}

/// The plan of the folder, or a new one where there is none.
Result<FleetPlan> plan_of(files::FileSystem& file_system, const NetworkFolder& folder,
                          const NetworkFolderOptions& options) {
  const auto text = files::read_file(file_system, folder.plan(), kMaxPlanSize);
  if (!text && text.error().code == ErrorCode::kNotFound) return new_plan(options);
  if (!text) return Error(text.error());
  ASSIGN_OR_RETURN(FleetPlan plan,
                   with_context(parse_fleet_plan(*text), "read " + folder.plan().native()));
  if (options.miners) {
    ASSIGN_OR_RETURN(const auto wanted, parse_miner_list(*options.miners));
    const std::string there = miner_list_text(plan.miners);
    if (miner_list_text(wanted) != there) {
      return invalid_input(
          fmt::format("the network in {} has other miners: {}; take another --dir, or leave "
                      "--miners out",
                      folder.root().native(), there));
    }
  }
  if (options.seed && *options.seed != plan.seed) {
    return invalid_input(
        fmt::format("the network in {} has the seed {}; take another --dir, or "
                    "leave --seed out",
                    folder.root().native(), plan.seed));
  }
  return plan;
}

/// Gives every member a port that is free now. They are all held until all are found, so that no
/// two are the same.
class PortChooser {
 public:
  explicit PortChooser(RandomSource& random) : random_(random) {}

  Status choose(std::uint16_t& port) {
    if (port != 0 && take(port)) return {};
    for (int i = 0; i < kMaxPortTries; ++i) {
      const auto candidate = static_cast<std::uint16_t>(kFirstPort + random_.below(kNumPorts));
      if (!take(candidate)) continue;
      port = candidate;
      return {};
    }
    return unavailable(fmt::format("no port from {} on is free", kFirstPort));
  }

 private:
  bool take(std::uint16_t port) {
    auto server = net::HttpServer::listen({}, {.port = port, .num_handler_threads = 1});
    if (!server) return false;
    held_.push_back(std::move(*server));
    return true;
  }

  RandomSource& random_;
  std::vector<std::unique_ptr<net::HttpServer>> held_;
};

Status choose_ports(FleetPlan& plan, RandomSource& random) {
  PortChooser chooser(random);
  RETURN_IF_ERROR(chooser.choose(plan.callback_port));
  for (PlannedMiner& miner : plan.miners) RETURN_IF_ERROR(chooser.choose(miner.port));
  return {};
}

Result<keys::Hotkey> hotkey_of(const NetworkFolderTools& tools, const NetworkFolder& folder,
                               std::string_view name) {
  const keys::HotkeyName full{
      .folder = folder.wallets(), .wallet = std::string(kLocalWallet), .hotkey = std::string(name)};
  ASSIGN_OR_RETURN(const std::filesystem::path path, keys::hotkey_path(full));
  ASSIGN_OR_RETURN(const auto info, tools.file_system.info(path));
  if (!info) return keys::make_hotkey(tools.file_system, full, tools.random);
  ASSIGN_OR_RETURN(const keys::KeyPair pair, keys::load_hotkey(tools.file_system, path, nullptr));
  return pair.hotkey();
}

Status register_validator(const NetworkFolderTools& tools, const NetworkFolder& folder,
                          const NetworkFolderOptions& options, const keys::Hotkey& validator) {
  const chain::Registration registration{.hotkey = validator,
                                         .stake_rao = kValidatorStakeTao * chain::kRaoPerTao,
                                         .has_validator_permit = true};
  auto registered = chain::register_neuron(folder.network(), registration, tools.clock);
  if (!registered && registered.error().code == ErrorCode::kNotFound) {
    RETURN_IF_ERROR(chain::create_local_network(
        folder.network(),
        {.netuid = kLocalNetuid, .block_time = options.block_time, .rules = local_rules()},
        tools.clock));
    registered = chain::register_neuron(folder.network(), registration, tools.clock);
  }
  RETURN_IF_ERROR(registered);
  return {};
}

/// Also tells where it listens, as it will say itself: so that the validator's first look at the
/// network finds all of them.
Status register_miner(const NetworkFolderTools& tools, const NetworkFolder& folder,
                      const PlannedMiner& miner, const keys::Hotkey& hotkey) {
  RETURN_IF_ERROR(chain::register_neuron(
      folder.network(), {.hotkey = hotkey, .stake_rao = kMinerStakeTao * chain::kRaoPerTao},
      tools.clock));
  ASSIGN_OR_RETURN(const auto network,
                   chain::LocalNetwork::open(folder.network(), hotkey, tools.clock));
  ASSIGN_OR_RETURN(const chain::WriteOutcome outcome,
                   network->serve_axon(kLocalNetuid, {.ip = "127.0.0.1", .port = miner.port}, {}));
  if (outcome.result == chain::WriteResult::kAccepted) return {};
  return internal(fmt::format("the chain does not take the address of {}: {} {}", miner.name,
                              outcome.error_name, outcome.message));
}

Status fill_cache(const NetworkFolderTools& tools, const NetworkFolder& folder,
                  const NetworkFolderOptions& options, std::uint64_t seed,
                  const std::stop_token& stop) {
  const cache::StoreTools store_tools{.file_system = tools.file_system,
                                      .clock = tools.clock,
                                      .random = tools.random,
                                      .pool = tools.pool};
  ASSIGN_OR_RETURN(const auto store,
                   cache::Store::open(store_tools, cache::CacheLayout(folder.cache()),
                                      cache::StoreOptions{}, stop));
  RETURN_IF_ERROR(cache::rescan(*store, cache::ScanDepth::kFolders, stop));
  for (const cache::CacheKind kind :
       {cache::CacheKind::kTextToImage, cache::CacheKind::kImageToImage}) {
    const cache::GenerateOptions wanted{.cache = kind,
                                        .goal = cache::GenerateGoal::kStock,
                                        .number = options.images_per_cell,
                                        .size = options.image_size,
                                        .seed = seed,
                                        .min_free_bytes = kKeepFree};
    RETURN_IF_ERROR(cache::generate(*store, cache::SceneGenerator(), wanted, {}, stop));
  }
  return {};
}

}  // namespace

Result<OpenedNetwork> open_network_folder(const NetworkFolderTools& tools,
                                          const NetworkFolderOptions& options,
                                          const OnStep& on_step, const std::stop_token& stop) {
  OpenedNetwork opened{.folder = NetworkFolder(options.folder)};
  const NetworkFolder& folder = opened.folder;
  ASSIGN_OR_RETURN(opened.lock, lock_folder(tools.file_system, folder));
  ASSIGN_OR_RETURN(opened.plan, plan_of(tools.file_system, folder, options));
  RETURN_IF_ERROR(choose_ports(opened.plan, tools.random));
  RETURN_IF_ERROR(files::write_file(tools.file_system, folder.plan(), to_json(opened.plan)));

  on_step("keys and a chain");
  ASSIGN_OR_RETURN(const keys::Hotkey validator, hotkey_of(tools, folder, kValidatorName));
  for (const PlannedMiner& miner : opened.plan.miners) {
    ASSIGN_OR_RETURN(keys::Hotkey hotkey, hotkey_of(tools, folder, miner.name));
    opened.hotkeys.push_back(hotkey);
  }
  RETURN_IF_ERROR(register_validator(tools, folder, options, validator));
  for (std::size_t i = 0; i < opened.plan.miners.size(); ++i) {
    RETURN_IF_ERROR(register_miner(tools, folder, opened.plan.miners[i], opened.hotkeys[i]));
  }
  RETURN_IF_ERROR(tools.file_system.create_folders(folder.store()));

  on_step("images of roads, drawn");
  RETURN_IF_ERROR(fill_cache(tools, folder, options, opened.plan.seed, stop));
  return opened;
}

}  // namespace assay::up
