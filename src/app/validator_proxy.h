/// \file
/// The proxy for images of clients beside a validator's rounds: it listens, and says how it is.

#pragma once

#include "app/organic_line.h"
#include "core/life_sign.h"
#include "core/result.h"
#include "keys/sr25519.h"
#include "net/http_client.h"
#include "net/http_server.h"
#include "organic/proxy_desk.h"
#include "validator/http_courier.h"
#include "validator/organic_proxy.h"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>

namespace assay::app {

struct ValidatorProxyOptions {
  /// Where to listen, in numbers; port 0 takes one that is free.
  std::string address = "127.0.0.1";
  std::uint16_t port = 0;
  /// For TLS; plain without.
  std::shared_ptr<const net::ServerIdentity> identity = nullptr;
  organic::ProxyOptions desk = {};
  organic::CallerOptions callers = {};
  /// For old bearers, where they are taken: what vouches for them, or who is asked for that.
  std::optional<organic::OldCredentials> credentials = std::nullopt;
  std::optional<net::Url> credentials_service = std::nullopt;
  validator::WireProtocol protocol = validator::WireProtocol::kBtauth;
  double validator_stake_limit = scoring::kValidatorStakeLimit;
};

/// Threads of its own listen, and ask for credentials. What goes wrong with them is told in the log
/// and in status(), tried again, and never anybody else's trouble.
class ValidatorProxy final : public validator::OrganicProxy {
 public:
  /// Begin to listen, until `stop` or its end; requests find no miners until between_rounds() was
  /// called. Lifetime: `signer` outlives it.
  /// Errors: kInvalidInput (an address that is none, an identity that cannot be used). A port that
  /// is taken is tried again.
  static Result<std::unique_ptr<ValidatorProxy>> start(ValidatorProxyOptions options,
                                                       const keys::KeyPair& signer,
                                                       const std::stop_token& stop);

  ~ValidatorProxy() override;

  void between_rounds(const std::shared_ptr<const validator::NetworkView>& view) override;
  validator::ProxyStatus status() const override;
  std::string stuck(std::chrono::milliseconds limit) const override;

  /// Figures for Prometheus. Threads: safe from any thread.
  std::string metrics() const;

 private:
  ValidatorProxy(ValidatorProxyOptions options, const keys::KeyPair& signer,
                 const std::stop_token& stop);
  /// Errors: as net::HttpServer::start().
  Result<std::unique_ptr<net::HttpServer>> listen();
  void serve(std::unique_ptr<net::HttpServer> server);
  void set_running(const net::HttpServer* server);
  void fetch_credentials(const net::Url& service);
  /// Errors: those of the request and of organic::parse_old_credentials().
  Result<organic::OldCredentials> ask_for_credentials(const net::Url& service);
  /// Empty: all is well.
  void tell(std::string address, const std::string& problem);
  void tell_credentials(const std::string& problem);

  ValidatorProxyOptions options_;
  std::stop_source ended_;
  std::stop_callback<std::function<void()>> on_stop_;
  OrganicLine line_;
  organic::CallerCheck callers_;
  organic::ProxyDesk desk_;
  std::unique_ptr<net::HttpTransport> transport_;
  LifeSign answering_;
  mutable std::mutex mutex_;  // guards what follows
  const net::HttpServer* running_ = nullptr;
  std::string address_;
  std::string problem_;
  std::string credentials_problem_;
  std::uint16_t port_ = 0;
  // Behind all that they use.
  std::jthread server_thread_;
  std::jthread credentials_thread_;
};

}  // namespace assay::app
