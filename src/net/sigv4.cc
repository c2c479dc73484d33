#include "net/sigv4.h"

#include "crypto/digest.h"
#include "crypto/hmac.h"
#include "net/letter_case_internal.h"
#include "net/percent.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <utility>

// The steps of the AWS General Reference, "Signature Version 4 signing process": a canonical form
// of the request is hashed, the hash with time and scope makes the string to sign, and the key for
// it is the secret put through HMAC with the day, region, service and a constant.

namespace assay::net {
namespace {

constexpr std::string_view kAlgorithm = "AWS4-HMAC-SHA256";

// `20130524T000000Z`
std::string amz_time(Timestamp time) {
  const auto days = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(days);
  const std::chrono::hh_mm_ss clock(std::chrono::floor<std::chrono::seconds>(time - days));
  return fmt::format("{:04}{:02}{:02}T{:02}{:02}{:02}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     clock.hours().count(), clock.minutes().count(), clock.seconds().count());
}

// Runs of blanks become one, those at the ends none.
std::string trimmed_value(std::string_view value) {
  std::string trimmed;
  for (const char c : value) {
    if (c == ' ' || c == '\t') {
      if (!trimmed.empty() && trimmed.back() != ' ') trimmed.push_back(' ');
    } else {
      trimmed.push_back(c);
    }
  }
  if (trimmed.ends_with(' ')) trimmed.pop_back();
  return trimmed;
}

Result<std::string> encoded_once(std::string_view text, PercentKeep keep) {
  ASSIGN_OR_RETURN(const std::string plain, percent_decode(text));
  return percent_encode(plain, keep);
}

// RFC 3986, 5.2.4, and without empty segments.
std::string without_dots(std::string_view path) {
  std::vector<std::string_view> segments;
  const bool is_folder = path.ends_with('/') || path.ends_with("/.") || path.ends_with("/..");
  while (!path.empty()) {
    path.remove_prefix(1);
    const std::string_view segment = path.substr(0, path.find('/'));
    path.remove_prefix(segment.size());
    if (segment == "..") {
      if (!segments.empty()) segments.pop_back();
    } else if (!segment.empty() && segment != ".") {
      segments.push_back(segment);
    }
  }
  std::string result = fmt::format("/{}", fmt::join(segments, "/"));
  if (is_folder && !result.ends_with('/')) result.push_back('/');
  return result;
}

Result<std::string> canonical_query(std::string_view query) {
  std::vector<std::pair<std::string, std::string>> pairs;
  while (!query.empty()) {
    const std::string_view pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(pair.size() + 1, query.size()));
    if (pair.empty()) continue;
    const std::size_t equals = std::min(pair.find('='), pair.size());
    const std::string_view value = pair.substr(std::min(equals + 1, pair.size()));
    ASSIGN_OR_RETURN(std::string name_text,
                     encoded_once(pair.substr(0, equals), PercentKeep::kUnreserved));
    ASSIGN_OR_RETURN(std::string value_text, encoded_once(value, PercentKeep::kUnreserved));
    pairs.emplace_back(std::move(name_text), std::move(value_text));
  }
  std::ranges::sort(pairs);
  std::string text;
  for (const auto& [name, value] : pairs) {
    if (!text.empty()) text.push_back('&');
    text.append(name).append("=").append(value);
  }
  return text;
}

struct CanonicalHeaders {
  std::string lines;
  std::string names;
};

CanonicalHeaders canonical_headers(std::span<const HttpHeader> headers, std::string_view host) {
  std::map<std::string, std::string> by_name = {{"host", std::string(host)}};
  for (const HttpHeader& header : headers) {
    const auto [known, is_new] = by_name.emplace(lower(header.name), trimmed_value(header.value));
    if (!is_new) known->second.append(",").append(trimmed_value(header.value));
  }
  CanonicalHeaders canonical;
  for (const auto& [name, value] : by_name) {
    canonical.lines.append(name).append(":").append(value).append("\n");
    if (!canonical.names.empty()) canonical.names.push_back(';');
    canonical.names.append(name);
  }
  return canonical;
}

std::string_view host_of(const Url& url) {
  return url.origin().substr(url.origin().find("://") + 3);
}

std::string_view bytes_of(const Sha256& digest) { return as_text(digest.bytes()); }

}  // namespace

SigV4Signer::SigV4Signer(SigV4Credentials credentials, std::string region, std::string service)
    : credentials_(std::move(credentials)),
      region_(std::move(region)),
      service_(std::move(service)) {}

Result<HttpHeaders> SigV4Signer::sign(const SigV4Request& request) {
  const std::string time = amz_time(request.time);
  const std::string_view date = std::string_view(time).substr(0, 8);
  std::vector<HttpHeader> headers = headers_to_sign(request, time);
  const CanonicalHeaders canonical = canonical_headers(headers, host_of(request.url));
  ASSIGN_OR_RETURN(const std::string path, canonical_path(request.url.path()));
  ASSIGN_OR_RETURN(const std::string query, canonical_query(request.url.query().value_or("")));
  const std::string canonical_request =
      fmt::format("{}\n{}\n{}\n{}\n{}\n{}", to_string(request.method), path, query, canonical.lines,
                  canonical.names, request.payload_hash);
  const std::string scope = fmt::format("{}/{}/{}/aws4_request", date, region_, service_);
  const std::string to_sign = fmt::format("{}\n{}\n{}\n{}", kAlgorithm, time, scope,
                                          crypto::sha256(canonical_request).to_hex());
  const std::string signature = crypto::hmac_sha256(as_bytes(key_of_day(date)), to_sign).to_hex();
  headers.push_back({"Authorization",
                     fmt::format("{} Credential={}/{}, SignedHeaders={}, Signature={}", kAlgorithm,
                                 credentials_.access_key_id, scope, canonical.names, signature)});
  return HttpHeaders::create(std::move(headers));
}

std::vector<HttpHeader> SigV4Signer::headers_to_sign(const SigV4Request& request,
                                                     std::string_view time) const {
  std::vector<HttpHeader> headers(request.headers.begin(), request.headers.end());
  headers.push_back({"x-amz-date", std::string(time)});
  if (is_s3()) headers.push_back({"x-amz-content-sha256", std::string(request.payload_hash)});
  if (!credentials_.session_token.empty()) {
    headers.push_back({"x-amz-security-token", std::string(credentials_.session_token.reveal())});
  }
  return headers;
}

Result<std::string> SigV4Signer::canonical_path(std::string_view path) const {
  if (is_s3()) return encoded_once(path, PercentKeep::kUnreservedAndSlash);
  ASSIGN_OR_RETURN(const std::string once,
                   encoded_once(without_dots(path), PercentKeep::kUnreservedAndSlash));
  return percent_encode(once, PercentKeep::kUnreservedAndSlash);
}

std::string_view SigV4Signer::key_of_day(std::string_view date) {
  if (day_ == date) return day_key_.reveal();
  const crypto::Secret first(fmt::format("AWS4{}", credentials_.secret_access_key.reveal()));
  const Sha256 of_date = crypto::hmac_sha256(as_bytes(first.reveal()), date);
  const Sha256 of_region = crypto::hmac_sha256(of_date.bytes(), region_);
  const Sha256 of_service = crypto::hmac_sha256(of_region.bytes(), service_);
  const Sha256 key = crypto::hmac_sha256(of_service.bytes(), std::string_view("aws4_request"));
  day_key_ = crypto::Secret(bytes_of(key));
  day_ = date;
  return day_key_.reveal();
}

}  // namespace assay::net
