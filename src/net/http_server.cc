#include "net/http_server.h"

#include "core/check.h"
#include "core/log.h"
#include "json/writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <set>
#include <utility>

namespace assay::net {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using asio::ip::tcp;
using ErrorCondition = boost::system::error_code;
using Milliseconds = std::chrono::milliseconds;

constexpr auto kWithoutThrowing = asio::as_tuple(asio::use_awaitable);
constexpr std::uint64_t kBodyBytesPerSecond = 256U << 10;
constexpr std::size_t kFirstRead = 4096;
/// How long a client may go on sending what nobody will read, so that it sees the answer.
constexpr Milliseconds kLingerTime = std::chrono::seconds(2);
/// A cancel that meets no pending operation is repeated.
constexpr Milliseconds kCancelAgain{50};

struct CompiledRoute {
  HttpRoute route;
  PathPattern pattern;
};

class Connection;

/// All of it belongs to the thread of `io`, less `handlers` and what is constant.
struct ServerState {
  ServerState(std::vector<HttpRoute> given, const HttpServerOptions& chosen)
      : options(chosen), handlers(chosen.num_handler_threads) {
    for (HttpRoute& route : given) {
      PathPattern pattern(route.pattern);
      routes.push_back({std::move(route), std::move(pattern)});
    }
  }
  void begin_stop();

  HttpServerOptions options;
  std::vector<CompiledRoute> routes;
  std::set<Connection*> connections;
  ByteCount bodies;
  bool is_stopping = false;
  asio::io_context io{1};  // behind what connections use: its end ends them
  tcp::acceptor acceptor{io};
  asio::steady_timer stop_timer{io};
  asio::thread_pool handlers;  // last: its end waits for handlers that use the rest
};

/// Cancels what a socket waits for when its time is over.
class Deadline {
 public:
  explicit Deadline(tcp::socket& socket) : socket_(&socket), timer_(socket.get_executor()) {}
  Deadline(const Deadline&) = delete;
  Deadline& operator=(const Deadline&) = delete;
  ~Deadline() { ++*round_; }

  void start(Milliseconds time) {
    ++*round_;
    has_expired_ = false;
    timer_.expires_after(time);
    wait();
  }
  void stop() {
    ++*round_;
    timer_.cancel();
  }
  bool has_expired() const { return has_expired_; }

 private:
  // A call may be on its way when the deadline is stopped or gone: the round tells.
  void wait() {
    timer_.async_wait([this, round = round_, mine = *round_](ErrorCondition failure) {
      if (failure || *round != mine) return;
      has_expired_ = true;
      ErrorCondition ignored;
      ignored = socket_->cancel(ignored);
      timer_.expires_after(kCancelAgain);
      wait();
    });
  }

  tcp::socket* socket_;
  asio::steady_timer timer_;
  std::shared_ptr<std::uint64_t> round_ = std::make_shared<std::uint64_t>(0);
  bool has_expired_ = false;
};

/// A share of the memory for bodies.
class HeldBytes {
 public:
  explicit HeldBytes(ServerState& server) : server_(&server) {}
  HeldBytes(const HeldBytes&) = delete;
  HeldBytes& operator=(const HeldBytes&) = delete;
  ~HeldBytes() { server_->bodies = server_->bodies - held_; }

  bool take(ByteCount size) {
    if (server_->bodies + size > server_->options.max_bodies) return false;
    server_->bodies += size;
    held_ += size;
    return true;
  }

 private:
  ServerState* server_;
  ByteCount held_;
};

std::optional<HttpMethod> method_of(http::verb verb) {
  switch (verb) {
    case http::verb::get:
      return HttpMethod::kGet;
    case http::verb::head:
      return HttpMethod::kHead;
    case http::verb::post:
      return HttpMethod::kPost;
    case http::verb::put:
      return HttpMethod::kPut;
    case http::verb::delete_:
      return HttpMethod::kDelete;
    default:
      return std::nullopt;
  }
}

std::string_view view(boost::beast::string_view text) { return {text.data(), text.size()}; }

using Header = http::request_header<>;

/// A web page that the user looks at could send requests here, by the address or by a name of its
/// own that leads here (DNS rebinding). Its browser says so.
std::optional<ServedResponse> refuse_stranger(const Header& header, Exposure exposure) {
  const std::size_t num_hosts = header.count(http::field::host);
  if (num_hosts > 1 || (num_hosts == 0 && header.version() > 10)) {
    return error_response(400, "bad_request", "there must be exactly one Host header");
  }
  const std::string_view authority = view(header[http::field::host]);
  if (num_hosts == 1) {
    const auto host = host_of_authority(authority);
    if (!host) return error_response(400, "bad_request", "the Host header names no host");
    if (exposure == Exposure::kLoopback && !is_loopback_host(*host)) {
      return error_response(403, "host_refused",
                            "this server answers to 127.0.0.1, [::1] and localhost only");
    }
  }
  const auto origin = header.find(http::field::origin);
  if (origin != header.end() &&
      !equal_ignoring_case(view(origin->value()), fmt::format("http://{}", authority))) {
    return error_response(403, "origin_refused", "pages of another origin may not use this server");
  }
  return std::nullopt;
}

/// What a header asks for: a route, or an answer at once.
struct Plan {
  const HttpRoute* route = nullptr;
  ServedRequest request;
  ServedResponse refusal;
};

Plan refuse(ServedResponse response) {
  Plan plan;
  plan.refusal = std::move(response);
  return plan;
}

Plan make_plan(const ServerState& server, const Header& header) {
  if (auto stranger = refuse_stranger(header, server.options.exposure)) {
    return refuse(std::move(*stranger));
  }
  auto target = parse_request_target(view(header.target()));
  if (!target) return refuse(error_response(400, "bad_request", target.error().message));
  const auto method = method_of(header.method());
  const auto wanted = method == HttpMethod::kHead ? HttpMethod::kGet : method;
  std::string allowed;
  for (const CompiledRoute& candidate : server.routes) {
    auto parameters = candidate.pattern.match(*target);
    if (!parameters) continue;
    if (candidate.route.method != wanted) {
      allowed +=
          fmt::format("{}{}", allowed.empty() ? "" : ", ", to_string(candidate.route.method));
      continue;
    }
    Plan plan;
    plan.route = &candidate.route;
    plan.request.method = *method;
    plan.request.target = std::move(*target);
    plan.request.parameters = std::move(*parameters);
    for (const auto& field : header) {
      plan.request.headers.push_back(
          {std::string(view(field.name_string())), std::string(view(field.value()))});
    }
    return plan;
  }
  if (allowed.empty()) return refuse(error_response(404, "not_found", "there is no such address"));
  ServedResponse response =
      error_response(405, "method_not_allowed", "this address has other methods: " + allowed);
  response.headers.push_back({"Allow", allowed});
  return refuse(std::move(response));
}

/// The answer to a request that could not be read; nothing when nobody waits for one.
std::optional<ServedResponse> response_to(ErrorCondition failure) {
  if (failure == http::error::end_of_stream || failure == http::error::partial_message) {
    return std::nullopt;
  }
  if (failure == http::error::header_limit || failure == http::error::buffer_overflow) {
    return error_response(431, "headers_too_large", "the request's headers are too large");
  }
  if (failure == http::error::body_limit) {
    return error_response(413, "payload_too_large", "the request's body is too large");
  }
  if (failure.category() == make_error_code(http::error::end_of_stream).category()) {
    return error_response(400, "bad_request", "this is no HTTP/1.1: " + failure.message());
  }
  return std::nullopt;
}

class Connection {
 public:
  Connection(ServerState& server, tcp::socket socket)
      : server_(&server), socket_(std::move(socket)), deadline_(socket_) {
    server_->connections.insert(this);
  }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection() { server_->connections.erase(this); }

  asio::awaitable<void> serve() {
    ErrorCondition ignored;
    ignored = socket_.set_option(tcp::no_delay(true), ignored);
    if (server_->connections.size() > server_->options.max_connections) {
      ServedResponse busy = error_response(503, "busy", "too many connections: try again later");
      busy.headers.push_back({"Retry-After", "1"});
      co_await write(&busy);
      co_await linger();
      co_return;
    }
    bool goes_on = true;
    while (goes_on) {
      if (!co_await request_begins()) co_return;
      is_idle_ = false;
      is_head_ = false;
      keeps_alive_ = false;
      has_unread_ = true;
      goes_on = co_await answer_request();
    }
    if (has_unread_ || buffer_.size() > 0) co_await linger();
  }

  void end_if_idle() {
    if (is_idle_) close();
  }
  void end_unless_handling() {
    if (!is_handling_) close();
  }

 private:
  using Parser = http::request_parser<http::string_body>;

  void close() {
    ErrorCondition ignored;
    ignored = socket_.close(ignored);
  }

  asio::awaitable<bool> request_begins() {
    if (buffer_.size() > 0) co_return true;
    if (server_->is_stopping) co_return false;
    is_idle_ = true;
    deadline_.start(server_->options.idle_timeout);
    const auto [failure, size] =
        co_await socket_.async_read_some(buffer_.prepare(kFirstRead), kWithoutThrowing);
    deadline_.stop();
    if (failure) co_return false;
    buffer_.commit(size);
    co_return true;
  }

  // Whether the connection can take another request.
  asio::awaitable<bool> answer_request() {
    Parser parser;
    parser.header_limit(static_cast<std::uint32_t>(server_->options.max_header.count()));
    // Unless it is set by now a large body is refused with the header, and nobody gets an answer.
    parser.body_limit(boost::none);
    deadline_.start(server_->options.read_timeout);
    const auto [failure, size] =
        co_await http::async_read_header(socket_, buffer_, parser, kWithoutThrowing);
    deadline_.stop();
    if (failure) co_return co_await refuse_unread(failure);
    is_head_ = parser.get().method() == http::verb::head;

    Plan plan = make_plan(*server_, parser.get().base());
    if (plan.route == nullptr) {
      keeps_alive_ = parser.keep_alive() && parser.is_done();
      has_unread_ = !parser.is_done();
      co_return co_await write(&plan.refusal);
    }
    HeldBytes held(*server_);
    if (!parser.is_done() && !co_await read_body(&parser, plan.route->max_body.count(), &held))
      co_return false;
    keeps_alive_ = parser.keep_alive();
    has_unread_ = false;
    plan.request.body = std::move(parser.get().body());
    const ServedResponse response = co_await handle(plan.route, &plan.request);
    co_return co_await write(&response);
  }

  asio::awaitable<bool> read_body(Parser* parser, std::uint64_t max_size, HeldBytes* held) {
    const boost::optional<std::uint64_t> length = parser->content_length();
    if (length && *length > max_size) {
      co_return co_await refuse_unread(make_error_code(http::error::body_limit));
    }
    const std::uint64_t size = length ? *length : max_size;
    if (!held->take(ByteCount(size))) {
      ServedResponse busy = error_response(503, "busy", "too many large requests: try again later");
      busy.headers.push_back({"Retry-After", "1"});
      co_await write(&busy);
      co_return false;
    }
    parser->body_limit(max_size);
    if (equal_ignoring_case(view(parser->get()[http::field::expect]), "100-continue")) {
      constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
      const asio::const_buffer bytes(kContinue.data(), kContinue.size());
      deadline_.start(server_->options.write_timeout);
      const auto [failure, written] = co_await asio::async_write(socket_, bytes, kWithoutThrowing);
      deadline_.stop();
      if (failure) co_return false;
    }
    deadline_.start(server_->options.read_timeout +
                    std::chrono::seconds(size / kBodyBytesPerSecond));
    const auto [failure, read] =
        co_await http::async_read(socket_, buffer_, *parser, kWithoutThrowing);
    deadline_.stop();
    if (failure) co_return co_await refuse_unread(failure);
    co_return true;
  }

  // On a thread of the pool, and back.
  asio::awaitable<ServedResponse> handle(const HttpRoute* route, const ServedRequest* request) {
    is_handling_ = true;
    co_await asio::post(asio::bind_executor(server_->handlers.get_executor(), asio::use_awaitable));
    ServedResponse response = route->handler(*request);
    co_await asio::post(asio::bind_executor(server_->io.get_executor(), asio::use_awaitable));
    is_handling_ = false;
    co_return response;
  }

  asio::awaitable<bool> refuse_unread(ErrorCondition failure) {
    std::optional<ServedResponse> response = response_to(failure);
    if (deadline_.has_expired()) {
      response = error_response(408, "request_timeout", "the request did not come in time");
    }
    keeps_alive_ = false;
    if (response) co_await write(&*response);
    co_return false;
  }

  asio::awaitable<bool> write(const ServedResponse* response) {
    if (server_->is_stopping) keeps_alive_ = false;
    http::response<http::string_body> message(static_cast<http::status>(response->status), 11);
    message.set(http::field::content_type, response->content_type);
    message.set(http::field::cache_control, "no-store");
    message.set("X-Content-Type-Options", "nosniff");
    for (const HttpHeader& header : response->headers) message.set(header.name, header.value);
    message.keep_alive(keeps_alive_);
    message.content_length(response->body.size());
    if (!is_head_) message.body() = response->body;
    const HttpServerOptions& options = server_->options;
    deadline_.start(server_->is_stopping ? std::min(options.write_timeout, options.stop_timeout)
                                         : options.write_timeout);
    const auto [failure, size] = co_await http::async_write(socket_, message, kWithoutThrowing);
    deadline_.stop();
    co_return !failure && keeps_alive_;
  }

  // A socket that is closed while bytes come in makes the other side forget the answer.
  asio::awaitable<void> linger() {
    ErrorCondition ignored;
    ignored = socket_.shutdown(tcp::socket::shutdown_send, ignored);
    buffer_.clear();
    deadline_.start(kLingerTime);
    while (true) {
      const auto [failure, size] =
          co_await socket_.async_read_some(buffer_.prepare(kFirstRead), kWithoutThrowing);
      if (failure || deadline_.has_expired()) break;
    }
    deadline_.stop();
  }

  ServerState* server_;
  tcp::socket socket_;
  Deadline deadline_;
  boost::beast::flat_buffer buffer_;
  bool is_idle_ = true;
  bool is_handling_ = false;
  bool is_head_ = false;
  bool has_unread_ = false;
  bool keeps_alive_ = false;
};

void ServerState::begin_stop() {
  is_stopping = true;
  ErrorCondition ignored;
  ignored = acceptor.close(ignored);
  for (Connection* const connection : connections) connection->end_if_idle();
  if (connections.empty()) return;
  stop_timer.expires_after(options.stop_timeout);
  stop_timer.async_wait([this](ErrorCondition failure) {
    if (failure) return;
    for (Connection* const connection : connections) connection->end_unless_handling();
  });
}

asio::awaitable<void> serve_connection(ServerState* server, tcp::socket socket) {
  {
    Connection connection(*server, std::move(socket));
    co_await connection.serve();
  }
  if (server->is_stopping && server->connections.empty()) server->stop_timer.cancel();
}

asio::awaitable<void> accept_all(ServerState* server) {
  asio::steady_timer pause(server->io);
  while (!server->is_stopping) {
    auto [failure, socket] = co_await server->acceptor.async_accept(kWithoutThrowing);
    if (server->is_stopping) co_return;
    if (failure) {  // no descriptors left, most likely
      log_warning("a connection was not accepted", {{"reason", failure.message()}});
      pause.expires_after(std::chrono::milliseconds(100));
      co_await pause.async_wait(kWithoutThrowing);
      continue;
    }
    asio::co_spawn(server->io, serve_connection(server, std::move(socket)), asio::detached);
  }
}

Error listen_error(ErrorCondition failure, std::string_view address, std::uint16_t port) {
  const std::string message =
      fmt::format("cannot listen on {} port {}: {}", address, port, failure.message());
  if (failure == asio::error::access_denied) return denied(message);
  if (failure == asio::error::address_in_use) return unavailable(message + "; choose another port");
  return invalid_input(message);
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
        fmt::format("{} is not an address of this machine alone: whoever reaches it could write",
                    address.to_string()));
  }
  auto shared = std::make_unique<Shared>(std::move(routes), options);
  tcp::acceptor& acceptor = shared->state.acceptor;
  const tcp::endpoint endpoint(address, options.port);
  failure = acceptor.open(endpoint.protocol(), failure);
  if (!failure) failure = acceptor.set_option(tcp::acceptor::reuse_address(true), failure);
  if (!failure) failure = acceptor.bind(endpoint, failure);
  if (!failure) failure = acceptor.listen(asio::socket_base::max_listen_connections, failure);
  if (failure) return listen_error(failure, options.address, options.port);
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(shared)));
}

std::uint16_t HttpServer::port() const {
  ErrorCondition ignored;
  return shared_->state.acceptor.local_endpoint(ignored).port();
}

Status HttpServer::run(std::stop_token stop) {
  ServerState& state = shared_->state;
  asio::co_spawn(state.io, accept_all(&state), asio::detached);
  const std::stop_callback on_stop(
      stop, [&state] { asio::post(state.io, [&state] { state.begin_stop(); }); });
  try {
    state.io.run();
  } catch (const boost::system::system_error& error) {
    return internal(fmt::format("the HTTP server failed: {}", error.what()));
  }
  state.handlers.join();
  return {};
}

}  // namespace assay::net
