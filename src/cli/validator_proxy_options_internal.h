/// \file
/// Flags of the proxy for images of clients.

#pragma once

#include "app/validator_proxy.h"
#include "cli/command_internal.h"

#include <CLI/CLI.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace assay::cli {

struct ProxyFlags {
  /// Without one there is no proxy.
  std::optional<std::uint16_t> port;
  std::string address = "127.0.0.1";
  std::string certificate_file;
  std::string key_file;
  std::vector<std::string> allowed;
  double requests_per_minute = 60;
  std::string deadline = "12";
  bool takes_old_bearers = false;
  std::string credentials_file;
  std::string client_url;
  std::size_t miners_per_request = 3;
  std::size_t max_active = 10;
  std::string image_window = "300";
  std::string miner_cool_down = "60";
  std::string min_stagger = "0.1";
  std::string max_stagger = "0.5";

  void add_to(CLI::App& command);
  /// The flags that were given for nothing, since there is no port.
  std::vector<std::string> unused(const CLI::App& command) const;
  /// Nothing without a port. Errors: kInvalidInput, and those of reading the files that are named.
  Result<std::optional<app::ValidatorProxyOptions>> options() const;
};

}  // namespace assay::cli
