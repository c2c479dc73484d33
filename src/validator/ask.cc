#include "validator/ask.h"

#include <chrono>
#include <utility>

namespace assay::validator {

Result<AskExchange> ask_once(const Ask& ask, const protocol::Scheme& scheme,
                             const CourierTools& tools, net::HttpTransport& transport,
                             const std::stop_token& stop) {
  ASSIGN_OR_RETURN(net::HttpRequest request, make_request(ask, scheme, tools));
  const auto sent = tools.clock.monotonic();
  Result<net::HttpResponse> response = transport.send(request, stop);
  const auto latency =
      std::chrono::duration_cast<std::chrono::milliseconds>(tools.clock.monotonic() - sent);
  if (!response && response.error().code == ErrorCode::kCancelled) {
    return std::move(response.error());
  }
  Reply reply = read_reply(response, latency);
  return AskExchange{
      .request = std::move(request), .response = std::move(response), .reply = std::move(reply)};
}

}  // namespace assay::validator
