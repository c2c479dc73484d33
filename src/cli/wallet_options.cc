#include "app/chain_sdk_place.h"
#include "cli/option_check_internal.h"
#include "cli/wallet_options_internal.h"
#include "core/config.h"
#include "crypto/secret.h"
#include "files/atomic_file.h"
#include "files/file_system.h"
#include "keys/keyfile.h"

#include <fmt/format.h>

#include <algorithm>
#include <initializer_list>
#include <optional>
#include <string_view>
#include <utility>

namespace assay::cli {
namespace {

using crypto::Secret;
using keys::KeyPair;

constexpr ByteCount kMaxPasswordSize{4096};
constexpr ByteCount kMaxKeyfileSize{std::uint64_t{1} << 20};

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

Result<Secret> read_password(const std::string& path) {
  auto text = files::read_file(files::posix_file_system(), path, kMaxPasswordSize);
  if (!text) return std::move(text.error()).within("--password-file");
  while (!text->empty() && (text->back() == '\n' || text->back() == '\r')) text->pop_back();
  return Secret(std::move(*text));
}

/// On a real chain the SDK signs, in a process that reads the file itself and gets no password.
/// What else is wrong with the file is told by who reads it.
Status check_plain(const std::filesystem::path& path) {
  const auto text = files::read_file(files::posix_file_system(), path, kMaxKeyfileSize);
  if (!text || keys::lock_of(*text) == keys::KeyfileLock::kNone) return {};
  return missing(fmt::format(
      "{} is locked by a password, and on a real chain Bittensor's SDK reads it without one: write "
      "the hotkey anew with `btcli wallet regen-hotkey --no-use-password`, as hotkeys are kept; "
      "--password-file serves local networks",
      path.native()));
}

/// What is wrong with the name, or nothing.
std::string check_wallet_name(const std::string& text) {
  return problem_of(keys::hotkey_path({.folder = ".", .wallet = text, .hotkey = "default"}));
}
std::string check_hotkey_name(const std::string& text) {
  return problem_of(keys::hotkey_path({.folder = ".", .wallet = "default", .hotkey = text}));
}

}  // namespace

void WalletFlags::add_to(CLI::App& command) {
  add_option(command, "--wallet,--wallet.name", wallet,
             "The wallet; $BT_WALLET_NAME, $BT_WALLET or \"default\" when not given.")
      ->check(check_wallet_name)
      ->type_name("NAME");
  add_option(command, "--hotkey,--wallet.hotkey", hotkey,
             "The hotkey in it; $BT_WALLET_HOTKEY or \"default\" when not given.")
      ->check(check_hotkey_name)
      ->type_name("NAME");
  add_option(command, "--wallet-path,--wallet.path", folder,
             "The folder of wallets; $BT_WALLET_PATH or ~/.bittensor/wallets when not given.")
      ->type_name("FOLDER");
}

void WalletFlags::add_password_to(CLI::App& command) {
  add_option(command, "--password-file", password_file,
             "A file with the password of a locked hotkey; a line end after it is not part of it.")
      ->type_name("FILE");
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

Result<KeyPair> WalletFlags::load(const std::filesystem::path& path) const {
  std::optional<Secret> password;
  if (!password_file.empty()) {
    ASSIGN_OR_RETURN(password, read_password(password_file));
  }
  return keys::load_hotkey(files::posix_file_system(), path, password ? &*password : nullptr);
}

Result<KeyPair> WalletFlags::load() const {
  ASSIGN_OR_RETURN(const keys::HotkeyName which, name());
  ASSIGN_OR_RETURN(const std::filesystem::path path, keys::hotkey_path(which));
  return load(path);
}

Result<chain::RemoteAccess> WalletFlags::remote_access(const Config& config,
                                                       const chain::NetworkAddress& network) const {
  ASSIGN_OR_RETURN(const keys::HotkeyName hotkey_name, name());
  ASSIGN_OR_RETURN(std::filesystem::path path, keys::hotkey_path(hotkey_name));
  if (network.kind != chain::NetworkKind::kLocal) RETURN_IF_ERROR(check_plain(path));
  return chain::RemoteAccess{.python = app::chain_python(config),
                             .hotkey_file = std::filesystem::absolute(path)};
}

}  // namespace assay::cli
