#include "cli/command_internal.h"
#include "core/bytes.h"
#include "core/config.h"
#include "core/hex.h"
#include "core/random.h"
#include "files/atomic_file.h"
#include "files/file_system.h"
#include "json/writer.h"
#include "keys/keyfile.h"
#include "keys/sr25519.h"
#include "keys/wallet.h"
#include "report/visible_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace assay::cli {
namespace {

using crypto::Secret;
using keys::Hotkey;
using keys::KeyPair;

constexpr ByteCount kMaxPasswordSize{4096};

/// Which hotkey is meant, by the flags and variables that operators have from the SDK.
struct WalletFlags {
  std::string wallet;
  std::string hotkey;
  std::string folder;
  std::string password_file;

  void add_to(CLI::App& command) {
    add_option(command, "--wallet,--wallet.name", wallet,
               "The wallet; $BT_WALLET_NAME, $BT_WALLET or \"default\" when not given.")
        ->type_name("NAME");
    add_option(command, "--hotkey,--wallet.hotkey", hotkey,
               "The hotkey in it; $BT_WALLET_HOTKEY or \"default\" when not given.")
        ->type_name("NAME");
    add_option(command, "--wallet-path,--wallet.path", folder,
               "The folder of wallets; $BT_WALLET_PATH or ~/.bittensor/wallets when not given.")
        ->type_name("FOLDER");
  }

  void add_password_to(CLI::App& command) {
    add_option(
        command, "--password-file", password_file,
        "A file with the password of a locked hotkey; a line end after it is not part of it.")
        ->type_name("FILE");
  }

  Result<keys::HotkeyName> name() const;
  Result<KeyPair> load(const std::filesystem::path& path) const;
};

/// What was given, or the first of the variables that is set, or the last resort.
std::string chosen(const std::string& given, const NamedTexts& environment,
                   std::initializer_list<std::string_view> variables, std::string last_resort) {
  if (!given.empty()) return given;
  for (const std::string_view variable : variables) {
    const auto found = std::ranges::find(environment, variable, &NamedTexts::value_type::first);
    if (found != environment.end() && !found->second.empty()) return found->second;
  }
  return last_resort;
}

Result<keys::HotkeyName> WalletFlags::name() const {
  const NamedTexts environment = process_environment();
  const std::string home = chosen("", environment, {"HOME"}, "");
  std::string path = chosen(folder, environment, {"BT_WALLET_PATH"}, "~/.bittensor/wallets");
  if (path.starts_with("~/")) {
    if (home.empty())
      return missing("HOME is not set: give the folder of wallets by --wallet-path");
    path.replace(0, 1, home);
  }
  return keys::HotkeyName{
      .folder = std::move(path),
      .wallet = chosen(wallet, environment, {"BT_WALLET_NAME", "BT_WALLET"}, "default"),
      .hotkey = chosen(hotkey, environment, {"BT_WALLET_HOTKEY"}, "default")};
}

Result<Secret> read_password(const std::string& path) {
  auto text = files::read_file(files::posix_file_system(), path, kMaxPasswordSize);
  if (!text) return std::move(text.error()).within("--password-file");
  while (!text->empty() && (text->back() == '\n' || text->back() == '\r')) text->pop_back();
  return Secret(std::move(*text));
}

Result<KeyPair> WalletFlags::load(const std::filesystem::path& path) const {
  std::optional<Secret> password;
  if (!password_file.empty()) {
    ASSIGN_OR_RETURN(password, read_password(password_file));
  }
  return keys::load_hotkey(files::posix_file_system(), path, password ? &*password : nullptr);
}

void write_hotkey(json::Writer& writer, const keys::HotkeyName& name,
                  const std::filesystem::path& path, const Hotkey& hotkey) {
  writer.name("wallet").text(name.wallet).name("hotkey").text(name.hotkey);
  writer.name("file").text(path.native());
  writer.name("address").text(hotkey.to_ss58());
  writer.name("public_key").text("0x" + to_hex(hotkey.account()));
}

Status print_hotkey(std::string_view remark, const keys::HotkeyName& name,
                    const std::filesystem::path& path, const Hotkey& hotkey,
                    const Session& session) {
  if (session.output == OutputForm::kJson) {
    json::Writer writer(json::Layout::kPretty);
    writer.begin_object();
    write_hotkey(writer, name, path, hotkey);
    return print(writer.end_object().take() + "\n");
  }
  return print(fmt::format("{}Address     {}\nPublic key  0x{}\nFile        {}\n", remark,
                           hotkey.to_ss58(), to_hex(hotkey.account()),
                           report::visible_text(path.native())));
}

Result<ExitCode> run_new(const WalletFlags& flags, Session& session) {
  ASSIGN_OR_RETURN(const auto name, flags.name());
  ASSIGN_OR_RETURN(const auto path, keys::hotkey_path(name));
  ASSIGN_OR_RETURN(const Hotkey hotkey,
                   keys::make_hotkey(files::posix_file_system(), name, system_random()));
  RETURN_IF_ERROR(print_hotkey(
      "Made a hotkey. Its file is the only copy of the key: back it up, and let nobody read it.\n",
      name, path, hotkey, session));
  return ExitCode::kOk;
}

Result<ExitCode> run_show(const WalletFlags& flags, Session& session) {
  ASSIGN_OR_RETURN(const auto name, flags.name());
  ASSIGN_OR_RETURN(const auto path, keys::hotkey_path(name));
  ASSIGN_OR_RETURN(const KeyPair pair, flags.load(path));
  RETURN_IF_ERROR(print_hotkey("", name, path, pair.hotkey(), session));
  return ExitCode::kOk;
}

struct VerifyFlags {
  WalletFlags wallet;
  std::string address;
  std::string message;
  std::string signature;
};

Result<ExitCode> verify_signature(const VerifyFlags& flags, Session& session) {
  ASSIGN_OR_RETURN(const keys::Signature signature,
                   with_context(keys::parse_signature(flags.signature), "--signature"));
  std::optional<Hotkey> signer;
  if (!flags.address.empty()) {
    ASSIGN_OR_RETURN(signer, with_context(Hotkey::parse(flags.address), "--address"));
  } else {
    ASSIGN_OR_RETURN(const auto name, flags.wallet.name());
    ASSIGN_OR_RETURN(const auto path, keys::hotkey_path(name));
    ASSIGN_OR_RETURN(const KeyPair pair, flags.wallet.load(path));
    signer = pair.hotkey();
  }
  const bool holds = keys::verify(*signer, as_bytes(flags.message), signature);
  if (session.output == OutputForm::kJson) {
    json::Writer writer(json::Layout::kPretty);
    writer.begin_object().name("address").text(signer->to_ss58()).name("valid").boolean(holds);
    RETURN_IF_ERROR(print(writer.end_object().take() + "\n"));
  } else {
    RETURN_IF_ERROR(print(fmt::format("{} {} this message.\n", signer->to_ss58(),
                                      holds ? "signed" : "did NOT sign")));
  }
  return holds ? ExitCode::kOk : ExitCode::kFailed;
}

Result<ExitCode> verify_hotkey(const WalletFlags& flags, Session& session) {
  ASSIGN_OR_RETURN(const auto name, flags.name());
  ASSIGN_OR_RETURN(const auto path, keys::hotkey_path(name));
  ASSIGN_OR_RETURN(const KeyPair pair, flags.load(path));
  const auto message = as_bytes("assay wallet verify");
  if (!keys::verify(pair.hotkey(), message, pair.sign(message, system_random()))) {
    return internal("the hotkey does not verify what it signed");
  }
  if (session.output == OutputForm::kJson) {
    json::Writer writer(json::Layout::kPretty);
    writer.begin_object();
    write_hotkey(writer, name, path, pair.hotkey());
    RETURN_IF_ERROR(print(writer.name("valid").boolean(true).end_object().take() + "\n"));
    return ExitCode::kOk;
  }
  RETURN_IF_ERROR(print(fmt::format("ok  {}: the secret is that of {}, and signs.\n",
                                    report::visible_text(path.native()), pair.hotkey().to_ss58())));
  return ExitCode::kOk;
}

void add_verify_command(CommandTree& tree, CLI::App& group) {
  auto flags = std::make_shared<VerifyFlags>();
  CLI::App& command = tree.add_command(
      group, "verify",
      "Check that a hotkey's file is whole and its own, or a signature. Exits 1 if not.",
      {"assay wallet verify --wallet validator --hotkey default",
       "assay wallet verify --address 5F... --message TEXT --signature 0x..."},
      [flags](Session& session) {
        return flags->signature.empty() ? verify_hotkey(flags->wallet, session)
                                        : verify_signature(*flags, session);
      });
  flags->wallet.add_to(command);
  flags->wallet.add_password_to(command);
  CLI::Option* const signature =
      add_option(command, "--signature", flags->signature,
                 "Check this sr25519 signature instead: 0x and 128 digits.")
          ->type_name("HEX");
  add_option(command, "--message", flags->message, "What was signed.")
      ->type_name("TEXT")
      ->needs(signature);
  add_option(command, "--address", flags->address,
             "Who signed, in SS58; the wallet's hotkey when not given.")
      ->type_name("SS58")
      ->needs(signature);
}

}  // namespace

void add_wallet_commands(CommandTree& tree) {
  CLI::App& group = CommandTree::add_group(tree.root(), "wallet",
                                           "Make and check hotkeys. The coldkey is never opened.");
  auto made = std::make_shared<WalletFlags>();
  made->add_to(
      tree.add_command(group, "new", "Make a hotkey. One that is there is never overwritten.",
                       {"assay wallet new", "assay wallet new --wallet validator --hotkey first"},
                       [made](Session& session) { return run_new(*made, session); }));
  auto shown = std::make_shared<WalletFlags>();
  CLI::App& show = tree.add_command(
      group, "show", "Print a hotkey's address and public key. Its secret is never printed.",
      {"assay wallet show", "assay wallet show --wallet validator --hotkey first --json"},
      [shown](Session& session) { return run_show(*shown, session); });
  shown->add_to(show);
  shown->add_password_to(show);
  add_verify_command(tree, group);
}

}  // namespace assay::cli
