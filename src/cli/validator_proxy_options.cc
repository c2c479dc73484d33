#include "cli/validator_options_internal.h"
#include "cli/validator_proxy_options_internal.h"
#include "core/limits.h"
#include "files/atomic_file.h"
#include "files/file_system.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <utility>

namespace assay::cli {
namespace {

/// A chain of certificates has some kilobytes.
constexpr ByteCount kMaxPemFile{std::uint64_t{1} << 20};

std::string check_hotkey(const std::string& text) {
  const auto hotkey = keys::Hotkey::parse(text);
  return hotkey ? std::string() : hotkey.error().message;
}

Result<std::shared_ptr<const net::ServerIdentity>> read_identity(const std::string& certificates,
                                                                 const std::string& key) {
  files::FileSystem& file_system = files::posix_file_system();
  auto identity = std::make_shared<net::ServerIdentity>();
  ASSIGN_OR_RETURN(
      identity->certificates,
      with_context(files::read_file(file_system, certificates, kMaxPemFile), "--proxy.tls-cert"));
  ASSIGN_OR_RETURN(std::string text, with_context(files::read_file(file_system, key, kMaxPemFile),
                                                  "--proxy.tls-key"));
  identity->key = crypto::Secret(std::move(text));
  return std::shared_ptr<const net::ServerIdentity>(std::move(identity));
}

CLI::Option* add_seconds(CLI::App& command, const std::string& name, std::string& target,
                         const std::string& help) {
  return add_option(command, name, target, help)
      ->check(check_seconds)
      ->type_name("SECONDS")
      ->capture_default_str();
}

}  // namespace

void ProxyFlags::add_to(CLI::App& command) {
  add_option(command, "--proxy.port", port,
             "Take images of clients here, and let miners judge them; 0 takes a free port [none "
             "are taken].")
      ->type_name("PORT");
  add_option(command, "--proxy.ip", address, "The address to listen at, in numbers.")
      ->type_name("ADDRESS")
      ->capture_default_str();
  CLI::Option* const certificate =
      add_option(command, "--proxy.tls-cert", certificate_file,
                 "Speak TLS: the certificate, then those up to an authority, in PEM.")
          ->type_name("FILE");
  CLI::Option* const key =
      add_option(command, "--proxy.tls-key", key_file, "Its key in PEM, without a password.")
          ->needs(certificate)
          ->type_name("FILE");
  certificate->needs(key);
  command
      .add_option(
          "--proxy.allow", allowed,
          "A hotkey that may ask by signed requests, besides this validator's; may be repeated.")
      ->check(check_hotkey)
      ->type_name("HOTKEY")
      ->allow_extra_args(false);
  add_option(command, "--proxy.rate", requests_per_minute,
             "Requests of one client in a minute; a third of it at once.")
      ->check(real_number(0.1, 1e6))
      ->type_name("N")
      ->capture_default_str();
  add_seconds(command, "--proxy.deadline", deadline, "Seconds to an answer, whatever miners do.");
  command.add_flag("--proxy.compat-auth", takes_old_bearers,
                   "Take public keys as bearers, as the old proxy did: whoever sees one can ask.");
  add_option(command, "--proxy.credentials", credentials_file,
             "What vouches for such keys: JSON with message and signature.")
      ->type_name("FILE");
  add_option(command, "--proxy.proxy_client_url", client_url,
             "Whom to ask for that, with --proxy.compat-auth.")
      ->type_name("URL");
  add_option(command, "--organic.miners_per_task", miners_per_request,
             "Miners that judge an image of a client.")
      ->check(whole_number(1, 64))
      ->type_name("N")
      ->capture_default_str();
  add_option(command, "--organic.max_concurrent_tasks", max_active,
             "Images of clients that are judged at a time.")
      ->check(whole_number(1, 64))
      ->type_name("N")
      ->capture_default_str();
  add_seconds(command, "--organic.deduplication_window_seconds", image_window,
              "For so long the same image is not taken again.");
  add_seconds(command, "--organic.miner_cooldown_seconds", miner_cool_down,
              "For so long a miner without an answer is not sent another.");
  add_seconds(command, "--organic.stagger_delay_min", min_stagger,
              "Each further miner gets the image so much later, at least,");
  add_seconds(command, "--organic.stagger_delay_max", max_stagger, "and at most.");
}

std::vector<std::string> ProxyFlags::unused(const CLI::App& command) const {
  std::vector<std::string> names;
  if (port) return names;
  for (const CLI::Option* const option : command.get_options()) {
    std::string name = option->get_name();
    if (option->count() == 0) continue;
    if (name.starts_with("--proxy.") || name.starts_with("--organic.")) {
      names.push_back(std::move(name));
    }
  }
  return names;
}

Result<std::optional<app::ValidatorProxyOptions>> ProxyFlags::options() const {
  if (!port) return std::optional<app::ValidatorProxyOptions>();
  app::ValidatorProxyOptions proxy{.address = address, .port = *port};
  for (const std::string& text : allowed) {
    ASSIGN_OR_RETURN(const keys::Hotkey hotkey, keys::Hotkey::parse(text));
    proxy.callers.allowed.push_back(hotkey);
  }
  if (!certificate_file.empty()) {
    ASSIGN_OR_RETURN(proxy.identity, read_identity(certificate_file, key_file));
  }
  organic::ProxyOptions& desk = proxy.desk;
  desk.host_name = host_name();
  desk.miners_per_request = miners_per_request;
  desk.admission.max_active = max_active;
  desk.admission.rates = {.per_minute = requests_per_minute,
                          .burst = std::max(1.0, requests_per_minute / 3)};
  ASSIGN_OR_RETURN(desk.deadline, parse_seconds(deadline));
  if (desk.deadline < std::chrono::seconds(1)) {
    return invalid_input("--proxy.deadline: expected 1 second or more");
  }
  ASSIGN_OR_RETURN(const auto window, parse_seconds(image_window));
  desk.admission.images.window = std::chrono::ceil<std::chrono::seconds>(window);
  ASSIGN_OR_RETURN(desk.miner_cool_down, parse_seconds(miner_cool_down));
  ASSIGN_OR_RETURN(desk.min_stagger, parse_seconds(min_stagger));
  ASSIGN_OR_RETURN(desk.max_stagger, parse_seconds(max_stagger));
  if (desk.max_stagger < desk.min_stagger) {
    return invalid_input("--organic.stagger_delay_max: expected no less than the least");
  }
  if (!takes_old_bearers) return proxy;
  proxy.callers.old_bearer = organic::CallerOptions::OldBearer::kTaken;
  if (!credentials_file.empty()) {
    ASSIGN_OR_RETURN(
        const std::string text,
        files::read_file(files::posix_file_system(), credentials_file, kMaxCredentialFileSize));
    ASSIGN_OR_RETURN(proxy.credentials,
                     with_context(organic::parse_old_credentials(text), credentials_file));
  } else if (!client_url.empty()) {
    ASSIGN_OR_RETURN(proxy.credentials_service,
                     with_context(net::Url::parse(client_url), "--proxy.proxy_client_url"));
  } else {
    return invalid_input(
        "--proxy.compat-auth: give --proxy.credentials FILE or --proxy.proxy_client_url URL too");
  }
  return proxy;
}

}  // namespace assay::cli
