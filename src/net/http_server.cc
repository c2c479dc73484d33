#include "net/http_server.h"

#include "core/check.h"
#include "json/writer.h"
#include "net/http_server_internal.h"

#include <fmt/format.h>
#include <openssl/ssl.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <chrono>
#include <cstdint>
#include <exception>
#include <optional>
#include <utility>

namespace assay::net {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using http_server::ErrorCondition;
using http_server::ServerState;

// What a coroutine of the server did not foresee ends run().
void rethrow(const std::exception_ptr& failure) {
  if (failure) std::rethrow_exception(failure);
}

Error listen_error(ErrorCondition failure, std::string_view address, std::uint16_t port) {
  const std::string message =
      fmt::format("cannot listen on {} port {}: {}", address, port, failure.message());
  if (failure == asio::error::access_denied) return denied(message);
  if (failure == asio::error::address_in_use) return unavailable(message + "; choose another port");
  return invalid_input(message);
}

}  // namespace

namespace {

/// Errors: kInvalidInput, which shows nothing of the key.
Status use_identity(const ServerIdentity& identity, std::optional<asio::ssl::context>& tls) {
  using Context = asio::ssl::context;
  Context& context = tls.emplace(Context::tls_server);
  context.set_options(Context::default_workarounds | Context::no_sslv2 | Context::no_sslv3 |
                      Context::no_tlsv1 | Context::no_tlsv1_1 | Context::no_compression);
  // Each side could ask for it again and again, and this one would pay more.
  SSL_CTX_set_options(context.native_handle(), SSL_OP_NO_RENEGOTIATION);
  ErrorCondition failure;
  failure = context.use_certificate_chain(asio::buffer(identity.certificates), failure);
  if (failure) return invalid_input("TLS: there is no certificate in PEM: " + failure.message());
  const std::string_view key = identity.key.reveal();
  failure = context.use_private_key(asio::buffer(key.data(), key.size()), Context::pem, failure);
  if (failure) {
    return invalid_input("TLS: there is no key in PEM that fits the certificate: " +
                         failure.message());
  }
  return {};
}

}  // namespace

class HttpServer::Shared {
 public:
  Shared(std::vector<HttpRoute> routes, const HttpServerOptions& options)
      : state(std::move(routes), options) {}
  ServerState state;
};

std::optional<std::string_view> ServedRequest::header(std::string_view name) const {
  for (const HttpHeader& candidate : headers) {
    if (equal_ignoring_case(candidate.name, name)) return candidate.value;
  }
  return std::nullopt;
}

const std::string& ServedRequest::parameter(std::string_view name) const {
  for (const auto& [candidate, value] : parameters) {
    if (candidate == name) return value;
  }
  fail_check(name, "a parameter that the route's pattern lacks");
}

ServedResponse error_response(int status, std::string_view code, std::string_view message) {
  json::Writer writer;
  writer.begin_object().name("error").begin_object();
  writer.name("code").text(code).name("message").text(message);
  writer.end_object().end_object();
  return {.status = status, .body = writer.take() + "\n"};
}

HttpServer::HttpServer(std::unique_ptr<Shared> shared) : shared_(std::move(shared)) {}
HttpServer::~HttpServer() = default;

Result<std::unique_ptr<HttpServer>> HttpServer::listen(std::vector<HttpRoute> routes,
                                                       const HttpServerOptions& options) {
  ErrorCondition failure;
  const auto address = asio::ip::make_address(options.address, failure);
  if (failure) {
    return invalid_input(
        fmt::format("'{}' is no address in numbers, such as 127.0.0.1", options.address));
  }
  if (options.exposure == Exposure::kLoopback && !address.is_loopback()) {
    return invalid_input(
        fmt::format("{} is not an address of this machine alone: other machines would reach it{}",
                    address.to_string(),
                    options.exposure_remedy.empty()
                        ? ""
                        : fmt::format("; {} allows that", options.exposure_remedy)));
  }
  auto shared = std::make_unique<Shared>(std::move(routes), options);
  if (options.identity != nullptr) {
    RETURN_IF_ERROR(use_identity(*options.identity, shared->state.tls));
  }
  tcp::acceptor& acceptor = shared->state.acceptor;
  const tcp::endpoint endpoint(address, options.port);
  failure = acceptor.open(endpoint.protocol(), failure);
  if (!failure) failure = acceptor.set_option(tcp::acceptor::reuse_address(true), failure);
  if (!failure) failure = acceptor.bind(endpoint, failure);
  if (!failure) failure = acceptor.listen(asio::socket_base::max_listen_connections, failure);
  if (!failure) shared->state.port = acceptor.local_endpoint(failure).port();
  if (failure) return listen_error(failure, options.address, options.port);
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(shared)));
}

std::uint16_t HttpServer::port() const { return shared_->state.port; }

Status HttpServer::run(std::stop_token stop) {
  ServerState& state = shared_->state;
  asio::co_spawn(state.io, http_server::accept_all(&state), rethrow);
  asio::co_spawn(state.io, http_server::keep_turning(&state), rethrow);
  const std::stop_callback on_stop(
      stop, [&state] { asio::post(state.io, [&state] { state.begin_stop(); }); });
  try {
    state.io.run();
  } catch (const boost::system::system_error& error) {
    return internal(fmt::format("the HTTP server failed: {}", error.what()));
  }
  state.handlers.join();
  if (state.fault) return *state.fault;
  return {};
}

std::chrono::nanoseconds HttpServer::silence() const {
  const std::int64_t last = shared_->state.last_turn;
  if (last == 0) return {};
  return std::chrono::steady_clock::now().time_since_epoch() - std::chrono::nanoseconds(last);
}

}  // namespace assay::net
