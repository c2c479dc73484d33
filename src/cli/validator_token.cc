#include "cli/validator_options_internal.h"
#include "core/clock.h"
#include "core/random.h"
#include "json/writer.h"
#include "organic/access_token.h"

#include <fmt/format.h>

#include <chrono>
#include <memory>
#include <string>

namespace assay::cli {
namespace {

struct TokenFlags {
  WalletFlags wallet;
  std::string client;
  double hours = 1;
};

Result<ExitCode> run_token(const TokenFlags& flags, const Session& session) {
  ASSIGN_OR_RETURN(const keys::KeyPair hotkey, flags.wallet.load());
  const Timestamp now = std::chrono::floor<std::chrono::seconds>(system_clock().now());
  const auto seconds = std::chrono::round<std::chrono::seconds>(
      std::chrono::duration<double, std::ratio<3600>>(flags.hours));
  const organic::AccessGrant grant{.client = flags.client, .issued = now, .expires = now + seconds};
  ASSIGN_OR_RETURN(const std::string token,
                   organic::make_access_token(grant, hotkey, system_random()));
  if (session.output != OutputForm::kJson) {
    RETURN_IF_ERROR(print(token + "\n"));
    return ExitCode::kOk;
  }
  json::Writer writer(json::Layout::kPretty);
  writer.begin_object();
  writer.name("token").text(token);
  writer.name("client").text(grant.client);
  writer.name("validator").text(hotkey.hotkey().to_ss58());
  writer.name("issued").text(to_rfc3339(grant.issued));
  writer.name("expires").text(to_rfc3339(grant.expires));
  RETURN_IF_ERROR(print(writer.end_object().take() + "\n"));
  return ExitCode::kOk;
}

}  // namespace

void add_validator_token_command(CommandTree& tree, CLI::App& group) {
  auto flags = std::make_shared<TokenFlags>();
  CLI::App& command = tree.add_command(
      group, "token", "Make a token by which a client may ask the validator's proxy for a while.",
      {"assay validator token --for shop --hours 12 --wallet V --hotkey H"},
      [flags](Session& session) { return run_token(*flags, session); });
  add_option(command, "--for", flags->client,
             "Whose requests these will be: letters, digits, - and _.")
      ->required()
      ->type_name("NAME");
  add_option(command, "--hours", flags->hours, "How long it is good; nobody can take it back.")
      ->check(real_number(0.001, static_cast<double>(organic::kMaxTokenTime.count())))
      ->type_name("HOURS")
      ->capture_default_str();
  flags->wallet.add_to(command);
  flags->wallet.add_password_to(command);
}

}  // namespace assay::cli
