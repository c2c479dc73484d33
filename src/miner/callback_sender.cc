#include "miner/callback_sender.h"

#include "core/bytes.h"

#include <fmt/format.h>

#include <string>
#include <utility>
#include <vector>

namespace assay::miner {
namespace {

/// What is answered is not read.
constexpr ByteCount kMaxCallbackReply(64U << 10);

Status delivery_status(const Result<net::HttpResponse>& response, const net::Url& url) {
  if (!response) return Error(response.error());
  const int status = response->status;
  if (status >= 200 && status < 300) return {};
  std::string message = fmt::format("{} answered {} to a callback", url.origin(), status);
  if (status == 401 || status == 403) return denied(std::move(message));
  return net::is_retryable_status(status) ? unavailable(std::move(message))
                                          : invalid_input(std::move(message));
}

}  // namespace

Result<net::HttpRequest> CallbackSender::signed_request(const std::string& body,
                                                        const CallbackAddress& to) {
  const protocol::OutgoingRequest outgoing{
      .target = to.url.target(), .body = body, .receiver = to.validator};
  ASSIGN_OR_RETURN(std::vector<net::HttpHeader> headers,
                   scheme_.sign(outgoing, *self_, clock_->now(), *random_));
  headers.push_back({.name = "Content-Type", .value = "application/json"});
  ASSIGN_OR_RETURN(auto checked, net::HttpHeaders::create(std::move(headers)));
  return net::HttpRequest{.method = net::HttpMethod::kPost,
                          .url = to.url,
                          .headers = std::move(checked),
                          .body = body,
                          .timeout = options_.timeout,
                          .max_body = kMaxCallbackReply};
}

Status CallbackSender::send(const protocol::GenerationCallback& callback, const CallbackAddress& to,
                            const std::stop_token& stop) {
  const std::string body = protocol::write_generation_callback(callback);
  net::RetryPolicy policy(options_.retry, *random_);
  const auto start = clock_->monotonic();
  for (unsigned num_tries = 1;; ++num_tries) {
    ASSIGN_OR_RETURN(const net::HttpRequest request, signed_request(body, to));
    const auto response = transport_->send(request, stop);
    const auto elapsed =
        std::chrono::duration_cast<std::chrono::milliseconds>(clock_->monotonic() - start);
    const auto delay =
        policy.next_delay(num_tries, net::outcome_of(response, clock_->now()), elapsed);
    if (!delay) return delivery_status(response, to.url);
    RETURN_IF_ERROR(net::wait_for(*delay, stop));
  }
}

}  // namespace assay::miner
