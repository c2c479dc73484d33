#include "app/webhook.h"

#include "app/runtime.h"
#include "core/log.h"
#include "core/random.h"
#include "net/http_client.h"
#include "net/retry_policy.h"
#include "net/url.h"

#include <fmt/format.h>

#include <optional>
#include <utility>

namespace assay::app {
namespace {

// A command waits for a webhook, but not long.
constexpr std::chrono::seconds kTimeout{10};
constexpr net::RetryOptions kRetry{.max_tries = 3, .total = std::chrono::seconds(30)};

}  // namespace

Result<AlertOutcome> post_to_webhook(const std::string& webhook, std::string_view topic,
                                     const std::vector<Alert>& alerts,
                                     const std::stop_token& stop) {
  ASSIGN_OR_RETURN(const net::Url url, with_context(net::Url::parse(webhook), "alerts.webhook"));
  ASSIGN_OR_RETURN(
      const net::HttpHeaders headers,
      net::HttpHeaders::create({{.name = "Content-Type", .value = "application/json"}}));
  ASSIGN_OR_RETURN(AlertBook book,
                   AlertBook::open(files::posix_file_system(), state_folder() / "alerts.json"));
  const auto transport = net::make_http_transport(net::HttpOptions::from_environment());
  net::RetryPolicy policy(kRetry, system_random());
  // Once it is out of reach, the other alerts are not held up by trying each.
  std::optional<Error> out_of_reach;
  const auto post = [&](std::string_view json) -> Status {
    if (out_of_reach) return *out_of_reach;
    const net::HttpRequest request{.method = net::HttpMethod::kPost,
                                   .url = url,
                                   .headers = headers,
                                   .body = std::string(json),
                                   .timeout = kTimeout};
    const auto response = net::send_with_retry(*transport, request, policy, system_clock(), stop);
    if (response && response->status >= 200 && response->status < 300) return {};
    out_of_reach = response
                       ? unavailable(fmt::format("{} answered {}", url.origin(), response->status))
                       : Error(response.error());
    return *out_of_reach;
  };
  ASSIGN_OR_RETURN(AlertOutcome outcome, book.post(topic, alerts, system_clock(), post));
  if (outcome.num_failed > 0) {
    log_warning(
        fmt::format("{} alerts were not delivered and will be tried again by the next run: {}",
                    outcome.num_failed, outcome.failure));
  }
  return outcome;
}

}  // namespace assay::app
