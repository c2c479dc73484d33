/// \file
/// Which hotkey is meant, by the flags and variables that operators have from the SDK.

#pragma once

#include "chain/open_network.h"
#include "cli/command_internal.h"
#include "core/config.h"
#include "keys/sr25519.h"
#include "keys/wallet.h"

#include <CLI/CLI.hpp>

#include <filesystem>
#include <string>

namespace assay::cli {

struct WalletFlags {
  std::string wallet;
  std::string hotkey;
  std::string folder;
  std::string password_file;

  void add_to(CLI::App& command);
  void add_password_to(CLI::App& command);

  /// What was given, or else the environment says. Errors: kMissing (no home folder).
  Result<keys::HotkeyName> name() const;
  /// Errors: as keys::load_hotkey(), and those of reading the password's file.
  Result<keys::KeyPair> load(const std::filesystem::path& path) const;
  /// name(), its path, and load(). Errors: of all three.
  Result<keys::KeyPair> load() const;
  /// How a chain is reached with this hotkey. Errors: as name(), and of its path; kMissing (the
  /// chain is a real one, and the hotkey's file locked).
  Result<chain::RemoteAccess> remote_access(const Config& config,
                                            const chain::NetworkAddress& network) const;
};

}  // namespace assay::cli
