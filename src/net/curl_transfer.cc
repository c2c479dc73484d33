#include "core/check.h"
#include "net/curl_library_internal.h"
#include "net/curl_transfer_internal.h"
#include "net/http_headers_internal.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace assay::net {
namespace {

// More of them is a broken or hostile server.
constexpr std::size_t kMaxHeaderBytes = 256U << 10;
constexpr long kReceiveBufferBytes = 16L << 10;
constexpr long kDnsCacheSeconds = 300;

template <typename Value>
void set(CURL* easy, CURLoption option, Value value) {
  CHECK(curl().easy_setopt(easy, option, value) == CURLE_OK, "curl refused an option");
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && std::string_view(" \t\r\n").contains(text.back())) text.remove_suffix(1);
  return text;
}

std::string seconds_text(std::chrono::milliseconds span) {
  return fmt::format("{} s", std::chrono::duration<double>(span).count());
}

}  // namespace

CurlTransfer::CurlTransfer(const HttpOptions& options, const std::vector<std::string>* captured)
    : easy_(curl().easy_init()), captured_(captured) {
  CHECK(easy_ != nullptr, "no memory for a curl handle");
  CURL* const easy = easy_.get();
  set(easy, CURLOPT_NOSIGNAL, 1L);
  set(easy, CURLOPT_TCP_NODELAY, 1L);
  set(easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  set(easy, CURLOPT_PIPEWAIT, 0L);
  set(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  set(easy, CURLOPT_FOLLOWLOCATION, 0L);
  // Object names may hold "/../", which is a name here and not a way up.
  set(easy, CURLOPT_PATH_AS_IS, 1L);
  set(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  set(easy, CURLOPT_BUFFERSIZE, kReceiveBufferBytes);
  set(easy, CURLOPT_DNS_CACHE_TIMEOUT, kDnsCacheSeconds);
  set(easy, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(options.connect_timeout.count()));
  set(easy, CURLOPT_USERAGENT, options.user_agent.c_str());
  // curl keeps the parsed bundle for the next connection only when no folder is named beside it,
  // and parsing it takes 16 ms a connection.
  set(easy, CURLOPT_CAPATH, nullptr);
  if (!options.ca_bundle.empty()) set(easy, CURLOPT_CAINFO, options.ca_bundle.c_str());
  set(easy, CURLOPT_ERRORBUFFER, detail_.data());
  set(easy, CURLOPT_HEADERFUNCTION, &CurlTransfer::on_header);
  set(easy, CURLOPT_HEADERDATA, static_cast<void*>(this));
  set(easy, CURLOPT_WRITEFUNCTION, &CurlTransfer::on_body);
  set(easy, CURLOPT_WRITEDATA, static_cast<void*>(this));
}

Status CurlTransfer::prepare(HttpRequest request) {
  const UrlScheme scheme = request.url.scheme();
  if (scheme != UrlScheme::kHttp && scheme != UrlScheme::kHttps) {
    return invalid_input(
        fmt::format("{} is not an address that HTTP reaches", request.url.origin()));
  }
  const HttpRequest& kept = request_.emplace(std::move(request));
  response_ = {};
  header_bytes_ = 0;
  body_bytes_ = 0;
  is_over_limit_ = false;
  refused_.reset();
  detail_[0] = '\0';

  set_method(kept.method);
  if (kept.method == HttpMethod::kPost || kept.method == HttpMethod::kPut) {
    set(easy(), CURLOPT_POSTFIELDS, kept.body.data());
    set(easy(), CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(kept.body.size()));
  }
  set_address(kept.url);
  if (headers_.prebuilt() != kept.headers.prebuilt()) {
    const auto* prebuilt = kept.headers.prebuilt();
    set(easy(), CURLOPT_HTTPHEADER, prebuilt == nullptr ? nullptr : prebuilt->list());
    headers_ = kept.headers;
  }
  if (stall_timeout_ != kept.stall_timeout) {
    stall_timeout_ = kept.stall_timeout;
    set(easy(), CURLOPT_LOW_SPEED_LIMIT, stall_timeout_.count() > 0 ? 1L : 0L);
    set(easy(), CURLOPT_LOW_SPEED_TIME,
        static_cast<long>(std::chrono::ceil<std::chrono::seconds>(stall_timeout_).count()));
  }
  return {};
}

void CurlTransfer::set_method(HttpMethod method) {
  if (method_ == method) return;
  const char* custom = nullptr;
  switch (method) {
    case HttpMethod::kGet:
      set(easy(), CURLOPT_HTTPGET, 1L);
      break;
    case HttpMethod::kHead:
      set(easy(), CURLOPT_HTTPGET, 1L);
      set(easy(), CURLOPT_NOBODY, 1L);
      break;
    case HttpMethod::kPut:
      custom = "PUT";
      set(easy(), CURLOPT_NOBODY, 0L);
      set(easy(), CURLOPT_POST, 1L);
      break;
    case HttpMethod::kPost:
      set(easy(), CURLOPT_NOBODY, 0L);
      set(easy(), CURLOPT_POST, 1L);
      break;
    case HttpMethod::kDelete:
      custom = "DELETE";
      set(easy(), CURLOPT_HTTPGET, 1L);
      break;
  }
  set(easy(), CURLOPT_CUSTOMREQUEST, custom);
  method_ = method;
}

// curl parses the whole address for each request. Where no proxy can stand in between it is given
// the origin alone, which it keeps from request to request, and the path as the request target.
// A plain-http proxy needs the whole address in the request line.
void CurlTransfer::set_address(const Url& url) {
  const bool is_direct = url.is_loopback();
  const bool is_split = is_direct || url.scheme() == UrlScheme::kHttps;
  const std::string_view address = is_split ? url.origin() : std::string_view(url.text());
  if (address_ != address) {
    address_ = address;
    set(easy(), CURLOPT_URL, address_.c_str());
  }
  if (is_split) {
    set(easy(), CURLOPT_REQUEST_TARGET, url.target().data());
  } else if (has_target_) {
    set(easy(), CURLOPT_REQUEST_TARGET, nullptr);
  }
  has_target_ = is_split;
  if (is_direct_ != is_direct) {
    // An empty proxy is none, whatever the environment says; a null one asks the environment.
    set(easy(), CURLOPT_PROXY, is_direct ? "" : nullptr);
    is_direct_ = is_direct;
  }
}

Result<HttpResponse> CurlTransfer::finish(CURLcode code) {
  if (code != CURLE_OK) {
    Error error = error_of(code);
    request_.reset();
    return error;
  }
  long status = 0;
  curl().easy_getinfo(easy(), CURLINFO_RESPONSE_CODE, &status);
  response_.status = static_cast<int>(status);
  request_.reset();
  return std::exchange(response_, {});
}

Error CurlTransfer::finish_timed_out() {
  Error error = error_of(CURLE_OPERATION_TIMEDOUT);
  request_.reset();
  return error;
}

Error CurlTransfer::error_of(CURLcode code) const {
  if (refused_) return *refused_;
  const std::string_view origin = request().url.origin();
  const char* const detail = detail_[0] != '\0' ? detail_.data() : curl().easy_strerror(code);
  switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
      return unavailable(
          fmt::format("{}: the host name is not known: check the name and the network", origin));
    case CURLE_COULDNT_RESOLVE_PROXY:
      return unavailable(fmt::format(
          "{}: the name of the proxy is not known: check https_proxy and http_proxy", origin));
    case CURLE_COULDNT_CONNECT:
      return unavailable(fmt::format(
          "{}: no connection: is the service running and the port right? ({})", origin, detail));
    case CURLE_OPERATION_TIMEDOUT:
      if (std::string_view(detail).contains("too slow")) {
        return timed_out(fmt::format("{}: the answer stalled: nothing came for {}", origin,
                                     seconds_text(request().stall_timeout)));
      }
      return timed_out(
          fmt::format("{}: no answer within {}", origin, seconds_text(request().timeout)));
    case CURLE_PEER_FAILED_VERIFICATION:
      return invalid_input(fmt::format(
          "{}: the server's certificate is not trusted ({}): if it is of an authority of your own, "
          "name its PEM file in SSL_CERT_FILE",
          origin, detail));
    case CURLE_SSL_CACERT_BADFILE:
      return invalid_input(
          fmt::format("{}: the file of trusted authorities cannot be read: check SSL_CERT_FILE and "
                      "CURL_CA_BUNDLE",
                      origin));
    case CURLE_SSL_CONNECT_ERROR:
      return unavailable(fmt::format("{}: no TLS connection ({})", origin, detail));
    case CURLE_WRITE_ERROR:
      if (is_over_limit_) {
        return exhausted(fmt::format("{}: the response is longer than {}", origin,
                                     to_string(request().max_body)));
      }
      return unavailable(fmt::format("{}: the response broke off", origin));
    case CURLE_GOT_NOTHING:
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR:
    case CURLE_PARTIAL_FILE:
      return unavailable(fmt::format("{}: the connection broke ({})", origin, detail));
    case CURLE_ABORTED_BY_CALLBACK:
      return cancelled(fmt::format("{}: stopped", origin));
    default:
      return unavailable(fmt::format("{}: no usable HTTP answer ({})", origin, detail));
  }
}

std::size_t CurlTransfer::on_header(char* data, std::size_t /*size*/, std::size_t count,
                                    void* self) {
  return static_cast<CurlTransfer*>(self)->take_header({data, count});
}

std::size_t CurlTransfer::take_header(std::string_view line) {
  header_bytes_ += line.size();
  if (header_bytes_ > kMaxHeaderBytes) {
    is_over_limit_ = true;
    return 0;
  }
  const std::size_t colon = line.find(':');
  if (line.starts_with("HTTP/")) {
    // A "100 Continue" came first: its headers are not those of the response.
    response_.headers.clear();
  } else if (colon != std::string_view::npos) {
    const std::string_view name = line.substr(0, colon);
    const auto is_name = [&](const std::string& wanted) {
      return equal_ignoring_case(wanted, name);
    };
    if (captured_ == nullptr || std::ranges::any_of(*captured_, is_name)) {
      response_.headers.push_back(
          {std::string(name), std::string(trimmed(line.substr(colon + 1)))});
    }
  }
  return line.size();
}

std::size_t CurlTransfer::on_body(char* data, std::size_t /*size*/, std::size_t count, void* self) {
  return static_cast<CurlTransfer*>(self)->take_body({data, count});
}

std::size_t CurlTransfer::take_body(std::string_view piece) {
  body_bytes_ += piece.size();
  if (body_bytes_ > request().max_body.count()) {
    is_over_limit_ = true;
    return 0;
  }
  if (request().on_body) {
    long status = 0;
    curl().easy_getinfo(easy(), CURLINFO_RESPONSE_CODE, &status);
    if (status >= 200 && status < 300) {
      response_.status = static_cast<int>(status);
      Status taken = request().on_body(response_, piece);
      if (taken) return piece.size();
      refused_ = std::move(taken.error());
      return 0;
    }
  }
  response_.body.append(piece);
  return piece.size();
}

}  // namespace assay::net
