#include "generators/service.h"

#include "crypto/base64.h"
#include "report/visible_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <utility>
#include <vector>

namespace assay::generators {
namespace {

constexpr std::size_t kMaxWordsShown = 240;

bool is_success(int status) { return status / 100 == 2; }

/// Where the services put what a person is to read.
std::string message_in(std::string_view body) {
  const auto value = json::parse(body);
  if (!value) return "";
  const auto text_at = [](const json::Value* member) -> std::string {
    return member != nullptr && member->text() != nullptr ? *member->text() : "";
  };
  const json::Value* const error = value->find("error");
  for (const json::Value* place :
       {error != nullptr ? error->find("message") : nullptr, error, value->find("message"),
        value->find("detail"), value->find("errors")}) {
    if (std::string text = text_at(place); !text.empty()) return text;
  }
  return "";
}

}  // namespace

Result<Service> Service::create(ServiceTools tools, ServiceOptions options) {
  const net::Url& endpoint = options.endpoint;
  if (endpoint.scheme() != net::UrlScheme::kHttps && endpoint.scheme() != net::UrlScheme::kHttp) {
    return invalid_input("the address of a service begins with https:// or http://");
  }
  if (endpoint.query()) return invalid_input("the address of a service has no `?`");
  if (!options.key.empty() && endpoint.scheme() == net::UrlScheme::kHttp &&
      !endpoint.is_loopback()) {
    return invalid_input(fmt::format(
        "{}: a key would go over the wire unencrypted; give an address with https://, or no key",
        endpoint.origin()));
  }
  Service service(std::move(tools), std::move(options));
  RETURN_IF_ERROR(with_context(service.headers("application/json"), "the key"));
  return service;
}

Result<net::HttpHeaders> Service::headers(std::string_view content_type) const {
  std::vector<net::HttpHeader> headers;
  if (!content_type.empty()) {
    headers.push_back({.name = "Content-Type", .value = std::string(content_type)});
  }
  const std::string_view key = options_.key.reveal();
  if (!key.empty() && options_.key_form == KeyForm::kBearer) {
    headers.push_back({.name = "Authorization", .value = fmt::format("Bearer {}", key)});
  } else if (!key.empty()) {
    const std::string both = crypto::base64_encode(std::as_bytes(std::span(key)));
    headers.push_back({.name = "Authorization", .value = fmt::format("Basic {}", both)});
  }
  return net::HttpHeaders::create(std::move(headers));
}

Result<net::HttpResponse> Service::send(const net::HttpRequest& request,
                                        const std::stop_token& stop) const {
  net::RetryPolicy policy({.total = options_.deadline}, tools_.random);
  // What goes wrong on the way names the address already.
  return net::send_with_retry(tools_.transport, request, policy, tools_.clock, stop, tools_.wait);
}

std::string Service::words_of(const net::HttpResponse& response) const {
  std::string words = message_in(response.body);
  const std::string_view key = options_.key.reveal();
  // Some services repeat what they were sent.
  for (std::size_t at = 0; !key.empty() && (at = words.find(key)) != std::string::npos;) {
    words.replace(at, key.size(), "(the key)");
  }
  return words.empty() ? ""
                       : ": " + report::shorten_middle(report::visible_text(words), kMaxWordsShown);
}

Error Service::refusal(const net::HttpResponse& response, std::string_view path) const {
  const int status = response.status;
  // Of a key that is refused, some services repeat a part.
  if (status == 401 || status == 403) {
    return denied(
        fmt::format("{} refuses {} ({}); look at the key and what it is allowed", origin(),
                    options_.key.empty() ? "to answer without a key" : "the key", status));
  }
  if (status == 404 || status == 405 || status / 100 == 3) {
    return not_found(fmt::format("{} has no {} ({}){}; look at the address and the kind of API",
                                 origin(), path, status, words_of(response)));
  }
  if (net::is_retryable_status(status)) {
    Error error =
        unavailable(fmt::format("{} does not answer usefully in spite of several tries ({}){}",
                                origin(), status, words_of(response)));
    if (const auto value = response.header("retry-after")) {
      error.retry_after = net::parse_retry_after(*value, tools_.clock.now());
    }
    return error;
  }
  return invalid_input(
      fmt::format("{} refuses the request ({}){}", origin(), status, words_of(response)));
}

Result<json::Value> Service::ask(std::string_view path, std::string_view content_type,
                                 std::string body, const std::stop_token& stop) const {
  std::string_view prefix = options_.endpoint.path();
  while (prefix.ends_with('/')) prefix.remove_suffix(1);
  if (prefix.ends_with("/v1") && path.starts_with("/v1/")) prefix.remove_suffix(3);
  ASSIGN_OR_RETURN(net::Url url, options_.endpoint.with_target(fmt::format("{}{}", prefix, path)));
  ASSIGN_OR_RETURN(net::HttpHeaders all, headers(content_type));
  const net::HttpRequest request{.method = net::HttpMethod::kPost,
                                 .url = std::move(url),
                                 .headers = std::move(all),
                                 .body = std::move(body),
                                 .timeout = options_.deadline,
                                 .max_body = options_.max_answer};
  ASSIGN_OR_RETURN(const net::HttpResponse response, send(request, stop));
  if (!is_success(response.status)) return refusal(response, path);
  auto value = json::parse(response.body, {.max_size = options_.max_answer});
  if (!value) {
    return corrupt(fmt::format(
        "{}{}: the answer is no JSON; look at the address and the kind of API", origin(), path));
  }
  return value;
}

Result<std::string> Service::fetch(std::string_view address, const std::stop_token& stop) const {
  auto url = net::Url::parse(address);
  const bool is_web =
      url && (url->scheme() == net::UrlScheme::kHttps || url->scheme() == net::UrlScheme::kHttp);
  if (!is_web) return corrupt(fmt::format("{}: the image has no address that is one", origin()));
  if (url->is_loopback() && !options_.endpoint.is_loopback()) {
    return corrupt(fmt::format("{}: the image is said to lie on this machine", origin()));
  }
  net::HttpRequest request{.method = net::HttpMethod::kGet,
                           .url = *url,
                           .timeout = options_.deadline,
                           .max_body = options_.max_answer};
  if (url->origin() == origin()) {
    ASSIGN_OR_RETURN(request.headers, headers(""));
  }
  ASSIGN_OR_RETURN(net::HttpResponse response, send(request, stop));
  if (!is_success(response.status)) {
    return corrupt(fmt::format("{}: the image is not where it is said to lie ({})", url->origin(),
                               response.status));
  }
  return std::move(response.body);
}

}  // namespace assay::generators
