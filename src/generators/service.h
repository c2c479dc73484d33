/// \file
/// A service that holds models, reached over HTTP.

#pragma once

#include "core/bytes.h"
#include "core/clock.h"
#include "core/random.h"
#include "core/result.h"
#include "crypto/secret.h"
#include "json/value.h"
#include "net/http_client.h"
#include "net/retry_policy.h"
#include "net/url.h"

#include <chrono>
#include <cstddef>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>

namespace assay::generators {

/// What the key goes into.
enum class KeyForm {
  kBearer,  ///< `Authorization: Bearer KEY`
  kBasic,   ///< The key is `user:password`.
};

struct ServiceOptions {
  /// With a path in front of those of the API, if there is one; its `/v1` may stand there too.
  net::Url endpoint;
  /// Empty: none is sent.
  crypto::Secret key = {};
  KeyForm key_form = KeyForm::kBearer;
  /// For one question with all its tries.
  std::chrono::milliseconds deadline = std::chrono::minutes(5);
  /// A larger answer is no image.
  ByteCount max_answer{64U << 20};
};

/// Lifetime: each outlives the service.
struct ServiceTools {
  net::HttpTransport& transport;
  const Clock& clock;
  RandomSource& random;
  net::Wait wait = net::wait_for;
};

/// Tries again what may succeed then (429, 5xx, broken connections). Messages name the origin, and
/// hold what the service says without the key.
/// Threads: const calls from any thread, if the random source allows it.
class Service {
 public:
  /// Errors: kInvalidInput (neither http nor https, a query; a key that no header can hold, or that
  ///         would go to another machine unencrypted).
  static Result<Service> create(ServiceTools tools, ServiceOptions options);

  /// `https://host:port`
  std::string_view origin() const { return options_.endpoint.origin(); }

  /// Ask. `path` is as the API's documents have it: `/v1/images/edits`.
  /// Errors: kDenied, kNotFound (no such path), kInvalidInput (refused as it is), kUnavailable and
  ///         kTimeout (in spite of all tries), kCorrupt (the answer is no JSON), kCancelled.
  Result<json::Value> ask(std::string_view path, std::string_view content_type, std::string body,
                          const std::stop_token& stop) const;

  /// Fetch an image from where an answer says it lies. No other origin gets the key; this machine
  /// is not reached on the word of another one.
  /// Errors: kCorrupt (no address that may be fetched, or nothing there), else as ask().
  Result<std::string> fetch(std::string_view address, const std::stop_token& stop) const;

 private:
  Service(ServiceTools tools, ServiceOptions options)
      : tools_(std::move(tools)), options_(std::move(options)) {}
  Result<net::HttpHeaders> headers(std::string_view content_type) const;
  Result<net::HttpResponse> send(const net::HttpRequest& request,
                                 const std::stop_token& stop) const;
  Error refusal(const net::HttpResponse& response, std::string_view path) const;
  std::string words_of(const net::HttpResponse& response) const;

  ServiceTools tools_;
  ServiceOptions options_;
};

}  // namespace assay::generators
