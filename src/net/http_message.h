/// \file
/// What an HTTP request asks and what its response says.

#pragma once

#include "core/bytes.h"
#include "core/result.h"
#include "net/url.h"

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace assay::net {

struct HttpHeader {
  std::string name;
  std::string value;
};

/// Request headers, checked and built once, then shared by as many requests as need them: the
/// authorisation of a host does not change from one request to the next. Immutable and cheap to
/// copy; values are wiped when the last copy goes, because they may hold a token.
/// Threads: safe from any thread.
class HttpHeaders {
 public:
  /// No headers.
  HttpHeaders() = default;
  /// Errors: kInvalidInput (a name or value that HTTP does not allow; values are not shown).
  static Result<HttpHeaders> create(std::vector<HttpHeader> headers);

  std::span<const HttpHeader> all() const;

  /// What the transport keeps of them.
  class Prebuilt;
  const Prebuilt* prebuilt() const { return prebuilt_.get(); }

 private:
  std::shared_ptr<const Prebuilt> prebuilt_;
};

enum class HttpMethod { kGet, kHead, kPost, kPut, kDelete };

std::string_view to_string(HttpMethod method);

struct HttpResponse {
  int status = 0;
  /// Order: as received. Of a pool, only those that its options name.
  std::vector<HttpHeader> headers = {};
  std::string body = {};

  /// The first header of this name, in whatever case; nothing when it is absent.
  /// Lifetime: valid as long as the response.
  std::optional<std::string_view> header(std::string_view name) const;
};

struct HttpRequest {
  HttpMethod method = HttpMethod::kGet;
  /// http or https.
  Url url;
  HttpHeaders headers = {};
  /// For kPost and kPut.
  std::string body = {};
  /// From the start of this try, its connection included, to the last byte of the response.
  std::chrono::milliseconds timeout = std::chrono::seconds(30);
  /// A longer response body is an error, found as soon as it is.
  ByteCount max_body = ByteCount(8U << 20);
  /// Takes the body of a 2xx answer piece by piece as it comes, in place of HttpResponse::body;
  /// gets status and headers with each. An error ends the request with it. Null: the body is kept.
  std::function<Status(const HttpResponse& head, std::string_view piece)> on_body = {};
  /// A response of which nothing more comes for so long is given up, to the second; zero: never
  /// before `timeout`.
  std::chrono::milliseconds stall_timeout{0};
};

/// Whether two names are equal but for the case of ASCII letters.
bool equal_ignoring_case(std::string_view left, std::string_view right);

}  // namespace assay::net
