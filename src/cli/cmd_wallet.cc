#include "cli/command_internal.h"
#include "cli/option_check_internal.h"
#include "cli/wallet_options_internal.h"
#include "core/bytes.h"
#include "core/hex.h"
#include "core/random.h"
#include "files/file_system.h"
#include "json/writer.h"
#include "keys/keyfile.h"
#include "keys/sr25519.h"
#include "keys/wallet.h"
#include "report/visible_text.h"

#include <fmt/format.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

namespace assay::cli {
namespace {

using keys::Hotkey;
using keys::KeyPair;

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

Result<ExitCode> run_wallet_show(const WalletFlags& flags, Session& session) {
  ASSIGN_OR_RETURN(const auto name, flags.name());
  ASSIGN_OR_RETURN(const auto path, keys::hotkey_path(name));
  ASSIGN_OR_RETURN(const KeyPair pair, flags.load(path));
  RETURN_IF_ERROR(print_hotkey("", name, path, pair.hotkey(), session));
  return ExitCode::kOk;
}

struct SignatureFlags {
  WalletFlags wallet;
  std::string address;
  std::string message;
  std::string signature;
};

Result<ExitCode> verify_signature(const SignatureFlags& flags, Session& session) {
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

void add_wallet_verify_command(CommandTree& tree, CLI::App& group) {
  auto flags = std::make_shared<SignatureFlags>();
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
          ->check([](const std::string& text) { return problem_of(keys::parse_signature(text)); })
          ->type_name("HEX");
  add_option(command, "--message", flags->message, "What was signed.")
      ->type_name("TEXT")
      ->needs(signature);
  add_option(command, "--address", flags->address,
             "Who signed, in SS58; the wallet's hotkey when not given.")
      ->check([](const std::string& text) { return problem_of(Hotkey::parse(text)); })
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
      [shown](Session& session) { return run_wallet_show(*shown, session); });
  shown->add_to(show);
  shown->add_password_to(show);
  add_wallet_verify_command(tree, group);
}

}  // namespace assay::cli
