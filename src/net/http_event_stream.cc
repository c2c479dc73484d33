#include "net/http_connection_internal.h"

#include <boost/asio/buffer.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/serializer.hpp>
#include <boost/beast/http/write.hpp>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

// A stream ends with its connection, so it needs no length and no chunks. The client sends nothing
// more: what it does send is read for one reason, that its going is noticed at once.

namespace assay::net::http_server {
namespace {

// How soon a browser connects again.
constexpr std::string_view kFirstText = "retry: 2000\n\n";
constexpr std::string_view kHeartbeat = ": heartbeat\n\n";

void watch(std::shared_ptr<StreamSignal> stream) {
  StreamSignal& watched = *stream;
  watched.wire->async_read_some(asio::buffer(watched.ignored),
                                [stream = std::move(stream)](ErrorCondition failure, std::size_t) {
                                  if (stream->wire == nullptr) return;
                                  if (!failure) {
                                    watch(stream);
                                    return;
                                  }
                                  stream->is_gone = true;
                                  stream->raise();
                                });
}

asio::awaitable<bool> send_header(Wire* wire, Deadline* deadline, Milliseconds timeout,
                                  const ServedResponse* response) {
  http::response<http::empty_body> message(static_cast<http::status>(response->status), 11);
  message.set(http::field::content_type, "text/event-stream");
  message.set(http::field::cache_control, "no-store");
  message.set("X-Content-Type-Options", "nosniff");
  message.set("X-Accel-Buffering", "no");  // a proxy that collects what it passes on
  for (const HttpHeader& header : response->headers) message.set(header.name, header.value);
  message.keep_alive(false);
  http::response_serializer<http::empty_body> serializer(message);
  deadline->start(timeout);
  const auto [failure, size] =
      co_await http::async_write_header(*wire, serializer, kWithoutThrowing);
  deadline->stop();
  co_return !failure;
}

}  // namespace

asio::awaitable<void> send_events(ServerState* server, Wire* wire, Deadline* deadline,
                                  const ServedResponse* response, FeedClient* client,
                                  std::shared_ptr<StreamSignal> stream) {
  const Milliseconds write_timeout = server->options.write_timeout;
  if (!co_await send_header(wire, deadline, write_timeout, response)) co_return;
  stream->wire = wire;
  watch(stream);
  FeedClient::Text next{.text = std::string(kFirstText)};
  while (!stream->is_gone && !server->is_stopping) {
    deadline->start(write_timeout);
    const auto [failure, size] =
        co_await asio::async_write(*wire, asio::buffer(next.text), kWithoutThrowing);
    deadline->stop();
    if (failure || next.is_last) break;
    next = client->read();
    if (!next.text.empty()) continue;
    if (!stream->is_raised) {
      stream->timer.expires_after(response->feed->options().heartbeat);
      co_await stream->timer.async_wait(kWithoutThrowing);
    }
    const bool was_raised = std::exchange(stream->is_raised, false);
    next = client->read();
    if (next.text.empty() && !was_raised) next.text = kHeartbeat;
  }
  // From here on its handler touches nothing but itself.
  stream->wire = nullptr;
  ErrorCondition ignored;
  ignored = wire->socket().cancel(ignored);
}

}  // namespace assay::net::http_server
