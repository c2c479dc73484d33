#include "core/bytes.h"
#include "net/http_connection_internal.h"
#include "net/http_server_internal.h"

#include <algorithm>
#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

namespace assay::net::http_server {
namespace {

constexpr std::uint64_t kBodyBytesPerSecond = 256U << 10;
constexpr std::size_t kFirstRead = 4096;
/// How long a client may go on sending what nobody will read, so that it sees the answer.
constexpr std::chrono::milliseconds kLingerTime = std::chrono::seconds(2);
/// How long the other side of TLS may take to say that it ends too; many never do.
constexpr std::chrono::milliseconds kTlsEndTime{250};

// Asks for an answer on a thread of the pool, and goes on on the server's own.
asio::awaitable<void> run_handler(ServerState* server, const HttpRoute* route,
                                  const ServedRequest* request, ServedResponse* response) {
  return asio::async_initiate<const asio::use_awaitable_t<>, void()>(
      [=](auto done) mutable {
        server->handlers.submit([=, done = std::move(done)] mutable {
          *response = route->handler(*request);
          asio::post(server->io, std::move(done));
        });
      },
      asio::use_awaitable);
}

}  // namespace

class Connection {
 public:
  Connection(ServerState& server, tcp::socket socket)
      : server_(&server),
        wire_(std::move(socket), server.tls ? &*server.tls : nullptr),
        deadline_(wire_.socket()) {
    server_->connections.insert(this);
    ErrorCondition ignored;
    address_ = wire_.socket().remote_endpoint(ignored).address();
    ++server_->num_by_address[address_];
  }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection() {
    server_->connections.erase(this);
    const auto count = server_->num_by_address.find(address_);
    if (--count->second == 0) server_->num_by_address.erase(count);
  }

  asio::awaitable<void> serve() {
    ErrorCondition ignored;
    ignored = wire_.socket().set_option(tcp::no_delay(true), ignored);
    if (is_one_too_many()) {
      // To begin TLS would cost more than such a connection is worth.
      if (wire_.tls() != nullptr) co_return;
      ServedResponse busy = error_response(503, "busy", "too many connections: try again later");
      busy.headers.push_back({"Retry-After", "1"});
      co_await write(&busy);
      co_await linger();
      co_return;
    }
    if (wire_.tls() != nullptr && !co_await begin_tls()) co_return;
    bool goes_on = true;
    while (goes_on) {
      if (!co_await request_begins()) break;
      is_idle_ = false;
      is_head_ = false;
      keeps_alive_ = false;
      has_unread_ = true;
      goes_on = co_await answer_request();
    }
    if (wire_.tls() != nullptr) co_await end_tls();
    if (has_unread_ || buffer_.size() > 0) co_await linger();
  }

  void end_if_idle() {
    if (is_idle_) close();
    if (stream_ != nullptr) stream_->raise();
  }
  void end_unless_handling() {
    if (!is_handling_) close();
  }

 private:
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

  using Parser = http::request_parser<http::string_body>;

  bool is_one_too_many() const {
    const HttpServerOptions& options = server_->options;
    return server_->connections.size() > options.max_connections ||
           server_->num_by_address.at(address_) > options.max_connections_of_address;
  }

  void close() {
    ErrorCondition ignored;
    ignored = wire_.socket().close(ignored);
  }

  asio::awaitable<bool> begin_tls() {
    deadline_.start(server_->options.read_timeout);
    const auto [failure] =
        co_await wire_.tls()->async_handshake(asio::ssl::stream_base::server, kWithoutThrowing);
    deadline_.stop();
    co_return !failure;
  }

  // Says that nothing was cut off.
  asio::awaitable<void> end_tls() {
    deadline_.start(kTlsEndTime);
    co_await wire_.tls()->async_shutdown(kWithoutThrowing);
    deadline_.stop();
  }

  asio::awaitable<bool> request_begins() {
    if (buffer_.size() > 0) co_return true;
    if (server_->is_stopping) co_return false;
    is_idle_ = true;
    deadline_.start(server_->options.idle_timeout);
    const auto [failure, size] =
        co_await wire_.async_read_some(buffer_.prepare(kFirstRead), kWithoutThrowing);
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
        co_await http::async_read_header(wire_, buffer_, parser, kWithoutThrowing);
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
    if (response.feed != nullptr && !is_head_) co_return co_await stream(&response);
    co_return co_await write(&response);
  }

  // The events of a feed, to the end of the connection.
  asio::awaitable<bool> stream(const ServedResponse* response) {
    const auto signal = std::make_shared<StreamSignal>(server_->io);
    const std::unique_ptr<FeedClient> client = response->feed->connect(
        response->feed_place, [signal] { asio::post(signal->io, [signal] { signal->raise(); }); });
    if (client == nullptr) {
      ServedResponse busy = error_response(503, "busy", "too many clients wait for events");
      busy.headers.push_back({"Retry-After", "5"});
      co_return co_await write(&busy);
    }
    stream_ = signal.get();
    co_await send_events(server_, &wire_, &deadline_, response, client.get(), signal);
    stream_ = nullptr;
    keeps_alive_ = false;
    co_return false;
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
      const auto [failure, written] = co_await asio::async_write(wire_, bytes, kWithoutThrowing);
      deadline_.stop();
      if (failure) co_return false;
    }
    deadline_.start(server_->options.read_timeout +
                    std::chrono::seconds(size / kBodyBytesPerSecond));
    const auto [failure, read] =
        co_await http::async_read(wire_, buffer_, *parser, kWithoutThrowing);
    deadline_.stop();
    if (failure) co_return co_await refuse_unread(failure);
    co_return true;
  }

  // On a thread of the pool, and back.
  asio::awaitable<ServedResponse> handle(const HttpRoute* route, const ServedRequest* request) {
    ServedResponse response;
    is_handling_ = true;
    co_await run_handler(server_, route, request, &response);
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
    const auto [failure, size] = co_await http::async_write(wire_, message, kWithoutThrowing);
    deadline_.stop();
    co_return !failure && keeps_alive_;
  }

  // A socket that is closed while bytes come in makes the other side forget the answer.
  asio::awaitable<void> linger() {
    ErrorCondition ignored;
    ignored = wire_.socket().shutdown(tcp::socket::shutdown_send, ignored);
    buffer_.clear();
    deadline_.start(kLingerTime);
    while (true) {
      const auto [failure, size] =
          co_await wire_.socket().async_read_some(buffer_.prepare(kFirstRead), kWithoutThrowing);
      if (failure || deadline_.has_expired()) break;
    }
    deadline_.stop();
  }

  ServerState* server_;
  Wire wire_;
  asio::ip::address address_;  // of the client
  Deadline deadline_;
  boost::beast::flat_buffer buffer_;
  StreamSignal* stream_ = nullptr;  // while events are sent
  bool is_idle_ = true;
  bool is_handling_ = false;
  bool is_head_ = false;
  bool has_unread_ = false;
  bool keeps_alive_ = false;
};

void ServerState::begin_stop() {
  if (is_stopping) return;
  is_stopping = true;
  ErrorCondition ignored;
  ignored = acceptor.close(ignored);
  turn_timer.cancel();
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

}  // namespace assay::net::http_server
