#include "app/runtime.h"
#include "cli/validator_options_internal.h"
#include "core/log.h"
#include "core/parse_number.h"

#include <fmt/format.h>

#include <cmath>

namespace assay::cli {
namespace {

constexpr double kMaxSeconds = 86'400;
constexpr std::uint64_t kNamedBadLines = 10;

std::string check_address(const std::string& text) {
  const auto address = chain::parse_network_address(text);
  return address ? std::string() : address.error().message;
}

}  // namespace

Result<std::chrono::milliseconds> parse_seconds(std::string_view text) {
  if (const auto seconds = parse_real(text)) {
    if (*seconds < 0 || *seconds > kMaxSeconds) {
      return invalid_input(fmt::format("expected 0 to {} seconds, not {}", kMaxSeconds, text));
    }
    return std::chrono::milliseconds(std::llround(*seconds * 1000));
  }
  return parse_duration(text);
}

std::string check_seconds(const std::string& text) {
  const auto seconds = parse_seconds(text);
  return seconds ? std::string() : seconds.error().message;
}

std::string check_some_seconds(const std::string& text) {
  const auto time = parse_seconds(text);
  if (!time) return time.error().message;
  return *time > std::chrono::milliseconds(0) ? "" : "expected more than 0 seconds, not " + text;
}

void BadLines::add(std::string_view problem) {
  if (++count_ <= kNamedBadLines) log_warning(problem);
}

void BadLines::finish(const std::string& file) const {
  if (count_ <= kNamedBadLines) return;
  log_warning(
      fmt::format("{}: {} more lines cannot be read either", file, count_ - kNamedBadLines));
}

void NetworkFlags::add_to(CLI::App& command) {
  add_option(command, "--network,--subtensor.network", network,
             "local:PATH, test, finney, archive, or the ws:// address of a node.")
      ->type_name("NETWORK")
      ->capture_default_str()
      ->check(check_address);
  add_option(command, "--subtensor.chain_endpoint", endpoint,
             "The ws:// address of a node, in place of --network.")
      ->type_name("URL")
      ->check(check_address);
  add_option(command, "--netuid", netuid, "Which network of the chain.")
      ->type_name("N")
      ->capture_default_str();
}

Result<chain::NetworkAddress> NetworkFlags::address() const {
  return chain::parse_network_address(endpoint.empty() ? network : endpoint);
}

void StateFlag::add_to(CLI::App& command) {
  add_option(command, "--state", given,
             "The folder of state, logs and status [validator-NETUID among the user's state].")
      ->type_name("DIR");
}

std::filesystem::path StateFlag::folder(std::uint16_t netuid) const {
  if (!given.empty()) return given;
  return app::state_folder() / fmt::format("validator-{}", netuid);
}

}  // namespace assay::cli
