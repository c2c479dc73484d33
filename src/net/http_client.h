/// \file
/// One HTTP request, and the seam that tests fill with a fake.

#pragma once

#include "core/result.h"
#include "net/http_message.h"

#include <chrono>
#include <filesystem>
#include <memory>
#include <stop_token>
#include <string>

namespace assay::net {

/// How to reach servers.
struct HttpOptions {
  /// For the connection alone, name and TLS included; a part of the request's own timeout.
  std::chrono::milliseconds connect_timeout = std::chrono::seconds(10);
  /// PEM file of the authorities to trust; empty: the system's.
  std::filesystem::path ca_bundle = {};
  std::string user_agent = "assay";

  /// The defaults, with `ca_bundle` from CURL_CA_BUNDLE or else SSL_CERT_FILE or else
  /// find_ca_bundle(). Proxies are not named here: http_proxy, https_proxy, ALL_PROXY and no_proxy
  /// are honoured on their own, but never for this machine itself.
  static HttpOptions from_environment();
};

/// Find the system's PEM file of trusted authorities where the usual distributions keep it, below
/// `root`; empty if there is none. A curl that came along in a package looks only where the system
/// it was built for has it.
std::filesystem::path find_ca_bundle(const std::filesystem::path& root = "/");

/// Asks one thing of one server. Redirections are not followed and come back as they are; every
/// status is a success here, for the caller to judge.
/// Threads: all calls are safe from any thread.
class HttpTransport {
 public:
  virtual ~HttpTransport() = default;
  HttpTransport() = default;
  HttpTransport(const HttpTransport&) = delete;
  HttpTransport& operator=(const HttpTransport&) = delete;

  /// Errors: kUnavailable (no such host, refused, broken connection, not HTTP), kTimeout,
  ///         kExhausted (over `max_body`, or headers without end), kCancelled, kInvalidInput (an
  ///         address that is not http or https; a certificate that is not trusted: a second try
  ///         would not be either), kMissing (libcurl is not there). Messages name the origin, never
  ///         path or query.
  virtual Result<HttpResponse> send(const HttpRequest& request, std::stop_token stop) = 0;
};

/// The real one, over curl; connections are kept for the next request.
std::unique_ptr<HttpTransport> make_http_transport(HttpOptions options);

}  // namespace assay::net
