/// \file
/// One reusable curl handle: set up from a request, read back as a response.

#pragma once

#include "core/check.h"
#include "core/result.h"
#include "net/curl_library_internal.h"
#include "net/http_client.h"
#include "net/http_message.h"

#include <curl/curl.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace assay::net {

struct EasyDeleter {
  void operator()(CURL* easy) const { curl().easy_cleanup(easy); }
};
struct MultiDeleter {
  void operator()(CURLM* multi) const { curl().multi_cleanup(multi); }
};

/// Options that differ from the request before are set, the others stay: that is most of what
/// reusing a handle saves. Its address must not change; curl holds it.
class CurlTransfer {
 public:
  /// Keep only the response headers of these names; all when null. `captured` outlives this.
  CurlTransfer(const HttpOptions& options, const std::vector<std::string>* captured);
  CurlTransfer(const CurlTransfer&) = delete;
  CurlTransfer& operator=(const CurlTransfer&) = delete;

  CURL* easy() const { return easy_.get(); }

  /// Make ready for `request`, which is kept until finish(). Errors: kInvalidInput.
  Status prepare(HttpRequest request);
  /// Pre: prepare() went well, and neither finish() nor drop() came since.
  const HttpRequest& request() const {
    CHECK(request_.has_value(), "a transfer without its request");
    return *request_;
  }

  /// What came of it; the handle is free for the next request.
  Result<HttpResponse> finish(CURLcode code);
  /// The error of a request that its caller has taken out of curl after its deadline.
  Error finish_timed_out();
  void drop() { request_.reset(); }

 private:
  void set_method(HttpMethod method);
  void set_address(const Url& url);
  Error error_of(CURLcode code) const;

  static std::size_t on_header(char* data, std::size_t size, std::size_t count, void* self);
  static std::size_t on_body(char* data, std::size_t size, std::size_t count, void* self);
  std::size_t take_header(std::string_view line);
  std::size_t take_body(std::string_view piece);

  std::unique_ptr<CURL, EasyDeleter> easy_;
  const std::vector<std::string>* captured_;
  std::optional<HttpRequest> request_;
  HttpResponse response_;
  std::size_t header_bytes_ = 0;
  std::uint64_t body_bytes_ = 0;
  bool is_over_limit_ = false;
  std::optional<Error> refused_;  // by the request's on_body

  // What the handle is set to now.
  std::optional<HttpMethod> method_;
  std::string address_;
  HttpHeaders headers_;
  std::optional<bool> is_direct_;
  std::chrono::milliseconds stall_timeout_{0};
  bool has_target_ = false;
  std::array<char, CURL_ERROR_SIZE> detail_{};
};

}  // namespace assay::net
