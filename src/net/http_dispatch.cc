#include "net/http_server_internal.h"

#include <fmt/format.h>

#include <boost/beast/http/error.hpp>
#include <cstddef>
#include <string>

namespace assay::net::http_server {
namespace {

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

using Header = http::request_header<>;

/// A web page that the user looks at could send requests here, by the address or by a name of its
/// own that leads here (DNS rebinding). Its browser says so.
std::optional<ServedResponse> refuse_stranger(const Header& header, Exposure exposure,
                                              std::string_view scheme) {
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
      !equal_ignoring_case(view(origin->value()), fmt::format("{}://{}", scheme, authority))) {
    return error_response(403, "origin_refused", "pages of another origin may not use this server");
  }
  return std::nullopt;
}

Plan refuse(ServedResponse response) {
  Plan plan;
  plan.refusal = std::move(response);
  return plan;
}

}  // namespace

Plan make_plan(const ServerState& server, const http::request_header<>& header) {
  if (auto stranger =
          refuse_stranger(header, server.options.exposure, server.tls ? "https" : "http")) {
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
    plan.request.raw_target = std::string(view(header.target()));
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

}  // namespace assay::net::http_server
