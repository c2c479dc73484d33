#include "app/chain_sdk_place.h"
#include "chain/local_network.h"
#include "chain/network_address.h"
#include "chain/open_network.h"
#include "cli/chain_options_internal.h"
#include "cli/command_internal.h"
#include "cli/option_check_internal.h"
#include "cli/wallet_options_internal.h"
#include "core/clock.h"
#include "core/parse_number.h"
#include "json/writer.h"

#include <fmt/format.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace assay::cli {
namespace {

/// What is wrong with an address of a network in a file, or nothing.
std::string check_local(const std::string& text) {
  const auto address = chain::parse_network_address(text);
  if (!address) return address.error().message;
  if (address->kind == chain::NetworkKind::kLocal) return "";
  return fmt::format("only a network in a file, local:PATH, is made here, not {}", text);
}

struct SubnetFlags {
  std::string network;
  std::uint16_t netuid = 1;

  void add_to(CLI::App& command, const std::string& help) {
    add_option(command, "--network,--subtensor.network", network, help)
        ->type_name("NETWORK")
        ->required();
    add_option(command, "--netuid", netuid, "The subnet.")->capture_default_str();
  }
};

Result<std::filesystem::path> local_path(const SubnetFlags& flags) {
  ASSIGN_OR_RETURN(const auto address,
                   with_context(chain::parse_network_address(flags.network), "--network"));
  if (address.kind == chain::NetworkKind::kLocal) return address.path;
  return invalid_input("--network: " + check_local(flags.network));
}

struct CreateFlags {
  SubnetFlags network;
  std::string block_time = "12s";
  std::uint64_t tempo = 360;
};

Result<ExitCode> run_create(const CreateFlags& flags, Session& session) {
  ASSIGN_OR_RETURN(const auto path, local_path(flags.network));
  ASSIGN_OR_RETURN(const auto block_time, parse_duration(flags.block_time));
  RETURN_IF_ERROR(chain::create_local_network(path,
                                              {.netuid = chain::Netuid{flags.network.netuid},
                                               .block_time = block_time,
                                               .rules = {.tempo = flags.tempo}},
                                              system_clock()));
  if (session.output == OutputForm::kText) {
    RETURN_IF_ERROR(print(fmt::format("Made a network with subnet {} in {}.\n",
                                      flags.network.netuid, path.native())));
    return ExitCode::kOk;
  }
  json::Writer writer;
  writer.begin_object().name("file").text(path.native());
  writer.name("netuid").unsigned_integer(flags.network.netuid);
  RETURN_IF_ERROR(print(writer.end_object().take() + "\n"));
  return ExitCode::kOk;
}

struct RegisterFlags {
  SubnetFlags network;
  WalletFlags wallet;
  std::string address;
  double stake_tao = 0;
  bool has_permit = false;
};

Result<keys::Hotkey> hotkey_of(const RegisterFlags& flags) {
  if (!flags.address.empty()) {
    return with_context(keys::Hotkey::parse(flags.address), "--address");
  }
  ASSIGN_OR_RETURN(const keys::KeyPair pair, flags.wallet.load());
  return pair.hotkey();
}

Result<ExitCode> run_register(const RegisterFlags& flags, Session& session) {
  ASSIGN_OR_RETURN(const auto path, local_path(flags.network));
  ASSIGN_OR_RETURN(const keys::Hotkey hotkey, hotkey_of(flags));
  ASSIGN_OR_RETURN(const auto network,
                   chain::LocalNetwork::open(path, std::nullopt, system_clock()));
  // Another subnet than the file's is refused.
  RETURN_IF_ERROR(
      network->hyperparameters(chain::Netuid{flags.network.netuid}, {.stop = session.stop}));
  const double rao = flags.stake_tao * static_cast<double>(chain::kRaoPerTao);
  ASSIGN_OR_RETURN(const chain::RegistrationOutcome outcome,
                   chain::register_neuron(path,
                                          {.hotkey = hotkey,
                                           .stake_rao = static_cast<std::uint64_t>(rao),
                                           .has_validator_permit = flags.has_permit},
                                          system_clock()));
  const chain::Uid uid = outcome.uid;
  if (session.output == OutputForm::kText) {
    RETURN_IF_ERROR(print(outcome.error_name.empty()
                              ? fmt::format("{} has uid {}.\n", hotkey.to_ss58(), uid)
                              : fmt::format("{} is registered already, as uid {}; nothing of it "
                                            "was changed.\n",
                                            hotkey.to_ss58(), uid)));
    return ExitCode::kOk;
  }
  json::Writer writer;
  writer.begin_object().name("uid").unsigned_integer(uid).name("hotkey").text(hotkey.to_ss58());
  RETURN_IF_ERROR(print(writer.end_object().take() + "\n"));
  return ExitCode::kOk;
}

std::string address_of(const chain::Neuron& neuron) {
  if (!neuron.axon) return "";
  const std::string& ip = neuron.axon->ip;
  return ip.contains(':') ? fmt::format("[{}]:{}", ip, neuron.axon->port)
                          : fmt::format("{}:{}", ip, neuron.axon->port);
}

std::string metagraph_json(const chain::Metagraph& metagraph) {
  json::Writer writer(json::Layout::kPretty);
  writer.begin_object().name("netuid").unsigned_integer(std::to_underlying(metagraph.netuid));
  writer.name("block").unsigned_integer(metagraph.block).name("neurons").begin_list();
  for (const chain::Neuron& neuron : metagraph.neurons) {
    writer.begin_object().name("uid").unsigned_integer(neuron.uid);
    writer.name("hotkey").text(neuron.hotkey.to_ss58());
    const std::string address = address_of(neuron);
    writer.name("axon");
    address.empty() ? writer.null() : writer.text(address);
    writer.name("stake_tao").number(neuron.stake_tao());
    writer.name("validator_permit").boolean(neuron.has_validator_permit);
    writer.name("last_update").unsigned_integer(neuron.last_update).end_object();
  }
  return writer.end_list().end_object().take() + "\n";
}

std::string metagraph_text(const chain::Metagraph& metagraph) {
  std::string text =
      fmt::format("{:>5}  {:48}  {:>14}  {:6}  {}\n", "uid", "hotkey", "stake", "permit", "axon");
  for (const chain::Neuron& neuron : metagraph.neurons) {
    const std::string address = address_of(neuron);
    text += fmt::format("{:>5}  {:48}  {:>14.3f}  {:6}  {}\n", neuron.uid, neuron.hotkey.to_ss58(),
                        neuron.stake_tao(), neuron.has_validator_permit ? "yes" : "no",
                        address.empty() ? "-" : address);
  }
  return text;
}

Result<ExitCode> run_chain_show(const SubnetFlags& flags, Session& session) {
  ASSIGN_OR_RETURN(const auto address,
                   with_context(chain::parse_network_address(flags.network), "--network"));
  const chain::RemoteAccess remote{.python = app::chain_python(session.config)};
  ASSIGN_OR_RETURN(const auto network,
                   chain::open_network(address, std::nullopt, system_clock(), remote));
  ASSIGN_OR_RETURN(const chain::Metagraph metagraph,
                   network->metagraph(chain::Netuid{flags.netuid}, {.stop = session.stop}));
  RETURN_IF_ERROR(print(session.output == OutputForm::kJson ? metagraph_json(metagraph)
                                                            : metagraph_text(metagraph)));
  return ExitCode::kOk;
}

}  // namespace

void add_chain_commands(CommandTree& tree) {
  CLI::App& group = CommandTree::add_group(
      tree.root(), "chain", "Reach a real chain; look at a subnet, or make one in a file.");
  auto created = std::make_shared<CreateFlags>();
  CLI::App& create = tree.add_command(
      group, "create", "Make a network in a file, which processes of this machine share.",
      {"assay chain create --network local:net.db",
       "assay chain create --network local:net.db --netuid 323 --block-time 1s"},
      [created](Session& session) { return run_create(*created, session); });
  created->network.add_to(create, "local:PATH of the new file.");
  create.get_option("--network")->check(check_local);
  add_option(create, "--block-time", created->block_time, "How often a block is made.")
      ->type_name("DURATION")
      ->capture_default_str();
  add_option(create, "--tempo", created->tempo, "Blocks between two settings of weights.")
      ->capture_default_str();

  auto entered = std::make_shared<RegisterFlags>();
  CLI::App& enter = tree.add_command(
      group, "register", "Enter a hotkey into a network in a file.",
      {"assay chain register --network local:net.db --wallet miner",
       "assay chain register --network local:net.db --address 5F... --stake 5000 --permit"},
      [entered](Session& session) { return run_register(*entered, session); });
  entered->network.add_to(enter, "local:PATH of the file.");
  enter.get_option("--network")->check(check_local);
  entered->wallet.add_to(enter);
  add_option(enter, "--address", entered->address, "In SS58, in place of a wallet's hotkey.")
      ->check([](const std::string& text) { return problem_of(keys::Hotkey::parse(text)); })
      ->type_name("SS58");
  add_option(enter, "--stake", entered->stake_tao, "In TAO.")
      ->type_name("TAO")
      ->check(real_number(0.0, 1e9));
  enter.add_flag("--permit", entered->has_permit, "As a validator.");

  auto shown = std::make_shared<SubnetFlags>();
  CLI::App& show = tree.add_command(
      group, "show", "Print who is on a subnet, and where each listens.",
      {"assay chain show --network local:net.db", "assay chain show --network local:net.db --json"},
      [shown](Session& session) { return run_chain_show(*shown, session); });
  shown->add_to(show, "local:PATH, test, finney, or the address of a node.");
  add_chain_sdk_commands(tree, group);
}

}  // namespace assay::cli
