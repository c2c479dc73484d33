#include "app/validator_proxy.h"

#include "app/ip_address_internal.h"
#include "core/clock.h"
#include "core/log.h"
#include "core/random.h"
#include "json/writer.h"
#include "net/retry_policy.h"
#include "organic/proxy_metrics.h"

#include <fmt/format.h>

#include <string_view>
#include <utility>
#include <vector>

namespace assay::app {
namespace {

/// Between two tries to listen.
constexpr std::chrono::seconds kListenAgain{10};
/// Credentials are asked for anew after this, and sooner while there are none.
constexpr std::chrono::minutes kCredentialsGoodFor{10};
constexpr std::chrono::minutes kCredentialsAgain{1};
constexpr std::chrono::seconds kCredentialsTimeout{30};
constexpr ByteCount kMaxCredentials{64U << 10};
/// Until the validator knows its uid.
constexpr std::chrono::milliseconds kFirstView{200};

net::HttpServerOptions server_options(const ValidatorProxyOptions& options,
                                      std::size_t num_handlers) {
  net::HttpServerOptions server;
  server.address = options.address;
  server.port = options.port;
  // Whoever reaches it is asked who it is.
  server.exposure =
      is_loopback(options.address) ? net::Exposure::kLoopback : net::Exposure::kAnyAddress;
  server.identity = options.identity.get();
  server.num_handler_threads = num_handlers;
  server.max_connections = 256;
  server.max_connections_of_address = 64;
  server.max_bodies = ByteCount(128U << 20);
  // An image of 8 MiB gets half a minute more.
  server.read_timeout = std::chrono::seconds(10);
  server.write_timeout = std::chrono::seconds(20);
  server.idle_timeout = std::chrono::seconds(30);
  return server;
}

}  // namespace

ValidatorProxy::ValidatorProxy(ValidatorProxyOptions options, const keys::KeyPair& signer,
                               const std::stop_token& stop)
    : options_(std::move(options)),
      on_stop_(stop, [this] { ended_.request_stop(); }),
      line_(signer, options_.protocol, options_.validator_stake_limit, ended_.get_token()),
      callers_(signer.hotkey(), options_.callers, system_clock()),
      desk_(
          {.callers = callers_, .line = line_, .clock = system_clock(), .random = system_random()},
          options_.desk),
      answering_(system_clock()) {}

ValidatorProxy::~ValidatorProxy() { ended_.request_stop(); }

Result<std::unique_ptr<ValidatorProxy>> ValidatorProxy::start(ValidatorProxyOptions options,
                                                              const keys::KeyPair& signer,
                                                              const std::stop_token& stop) {
  std::unique_ptr<ValidatorProxy> proxy(new ValidatorProxy(std::move(options), signer, stop));
  auto server = proxy->listen();
  // A wrong flag is told at once; all else may be better in a while.
  if (!server && server.error().code == ErrorCode::kInvalidInput) return std::move(server.error());
  if (!is_loopback(proxy->options_.address) && proxy->options_.identity == nullptr) {
    log_warning("tokens come to the proxy in the clear: give --proxy.tls-cert and --proxy.tls-key",
                {{"address", proxy->options_.address}});
  }
  if (proxy->options_.credentials) proxy->callers_.trust(*proxy->options_.credentials);
  if (proxy->options_.credentials_service.has_value()) {
    proxy->transport_ = net::make_http_transport(net::HttpOptions::from_environment());
    proxy->credentials_thread_ =
        std::jthread([owner = proxy.get(), service = *proxy->options_.credentials_service] {
          owner->fetch_credentials(service);
        });
  }
  proxy->server_thread_ =
      std::jthread([owner = proxy.get(), first = server ? std::move(*server) : nullptr] mutable {
        owner->serve(std::move(first));
      });
  return proxy;
}

Result<std::unique_ptr<net::HttpServer>> ValidatorProxy::listen() {
  std::vector<net::HttpRoute> routes = desk_.routes();
  for (net::HttpRoute& route : routes) {
    route.handler = [this, answer = std::move(route.handler)](const net::ServedRequest& request) {
      answering_.add_work(1);
      auto response = answer(request);
      answering_.add_work(-1);
      return response;
    };
  }
  auto server =
      net::HttpServer::listen(std::move(routes), server_options(options_, desk_.num_handlers()));
  if (!server) {
    tell({}, server.error().message);
    return server;
  }
  const std::uint16_t port = (*server)->port();
  {
    const std::scoped_lock lock(mutex_);
    port_ = port;
  }
  const std::string_view scheme = options_.identity == nullptr ? "http" : "https";
  const bool is_ipv6 = options_.address.contains(':');
  tell(is_ipv6 ? fmt::format("{}://[{}]:{}", scheme, options_.address, port)
               : fmt::format("{}://{}:{}", scheme, options_.address, port),
       {});
  return server;
}

void ValidatorProxy::serve(std::unique_ptr<net::HttpServer> server) {
  const std::stop_token stop = ended_.get_token();
  while (!stop.stop_requested()) {
    if (server == nullptr) {
      if (!net::wait_for(kListenAgain, stop)) break;
      auto opened = listen();
      if (!opened) continue;
      server = std::move(*opened);
    }
    set_running(server.get());
    const Status served = server->run(stop);
    set_running(nullptr);
    if (!served) tell({}, served.error().message);
    server.reset();
  }
  tell({}, {});
}

void ValidatorProxy::set_running(const net::HttpServer* server) {
  const std::scoped_lock lock(mutex_);
  running_ = server;
}

std::string ValidatorProxy::stuck(std::chrono::milliseconds limit) const {
  const std::scoped_lock lock(mutex_);
  return describe_stuck(
      {{"who answers clients", answering_.silence(), limit},
       {"the proxy's server",
        running_ == nullptr ? std::chrono::nanoseconds(0) : running_->silence(), limit}});
}

void ValidatorProxy::fetch_credentials(const net::Url& service) {
  const std::stop_token stop = ended_.get_token();
  while (!stop.stop_requested()) {
    std::chrono::milliseconds pause = kFirstView;
    if (const auto view = line_.view(); view && view->own_uid) {
      auto credentials = ask_for_credentials(service);
      pause = credentials ? kCredentialsGoodFor : kCredentialsAgain;
      tell_credentials(credentials ? "" : credentials.error().message);
      if (credentials) callers_.trust(std::move(*credentials));
    }
    if (!net::wait_for(pause, stop)) return;
  }
}

// As the old validator asks: where it is reached, and by which uid.
Result<organic::OldCredentials> ValidatorProxy::ask_for_credentials(const net::Url& service) {
  const auto view = line_.view();
  json::Writer writer;
  {
    const std::scoped_lock lock(mutex_);
    writer.begin_object().name("postfix").text(fmt::format(":{}/validator_proxy", port_));
  }
  writer.name("uid").unsigned_integer(view->own_uid.value_or(0)).end_object();
  const std::string body = writer.take();
  ASSIGN_OR_RETURN(const net::HttpHeaders headers,
                   net::HttpHeaders::create({{"Content-Type", "application/json"}}));
  Result<net::HttpResponse> response = unavailable("was not asked");
  // Its address differs between versions of the service.
  const std::string_view base = service.path().substr(0, service.path().find_last_not_of('/') + 1);
  for (const std::string_view path : {"/credentials/get", "/credentials"}) {
    ASSIGN_OR_RETURN(net::Url url, service.with_target(fmt::format("{}{}", base, path)));
    response = transport_->send({.method = net::HttpMethod::kPost,
                                 .url = std::move(url),
                                 .headers = headers,
                                 .body = body,
                                 .timeout = kCredentialsTimeout,
                                 .max_body = kMaxCredentials},
                                ended_.get_token());
    if (!response || response->status != 404) break;
  }
  if (!response) return std::move(response.error()).within("credentials");
  if (response->status != 200) {
    return unavailable(fmt::format("credentials: HTTP {}", response->status));
  }
  return with_context(organic::parse_old_credentials(response->body), "credentials");
}

void ValidatorProxy::tell(std::string address, const std::string& problem) {
  std::string told;
  {
    const std::scoped_lock lock(mutex_);
    if (address_ != address || problem_ != problem) told = problem.empty() ? address : problem;
    address_ = std::move(address);
    problem_ = problem;
  }
  if (told.empty()) return;
  if (problem.empty()) {
    log_info("images of clients are taken", {{"address", told}});
  } else {
    log_warning("images of clients are not taken; challenges go on", {{"reason", told}});
  }
}

void ValidatorProxy::tell_credentials(const std::string& problem) {
  {
    const std::scoped_lock lock(mutex_);
    if (credentials_problem_ == problem) return;
    credentials_problem_ = problem;
  }
  if (!problem.empty()) log_warning("old bearers cannot be checked", {{"reason", problem}});
}

void ValidatorProxy::between_rounds(const std::shared_ptr<const validator::NetworkView>& view) {
  line_.see(view);
}

validator::ProxyStatus ValidatorProxy::status() const {
  const organic::ProxyFigures figures = desk_.figures();
  validator::ProxyStatus status{.num_requests = figures.num_requests(),
                                .num_answered = figures.count(organic::Outcome::kAnswered),
                                .num_active = figures.num_active,
                                .last_request = figures.last_request,
                                .last_answer = figures.last_answer};
  for (const organic::Outcome outcome :
       {organic::Outcome::kUnanswered, organic::Outcome::kNoMiners, organic::Outcome::kStopped}) {
    status.num_unanswered += figures.count(outcome);
  }
  status.num_refused = status.num_requests - status.num_answered - status.num_unanswered;
  const std::scoped_lock lock(mutex_);
  status.address = address_;
  status.problem = problem_.empty() ? credentials_problem_ : problem_;
  return status;
}

std::string ValidatorProxy::metrics() const {
  auto listening = organic::Listening::kNo;
  {
    const std::scoped_lock lock(mutex_);
    if (!address_.empty()) listening = organic::Listening::kYes;
  }
  return organic::metrics_of(desk_.figures(), listening, system_clock().now());
}

}  // namespace assay::app
