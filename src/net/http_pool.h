/// \file
/// Many HTTP requests at once from one thread.

#pragma once

#include "core/result.h"
#include "net/http_client.h"
#include "net/http_message.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <variant>
#include <vector>

namespace assay::net {

/// One request of many; `id` comes back with its response and means nothing to the pool.
struct PooledRequest {
  std::uint64_t id = 0;
  HttpRequest request;
};

/// Nothing to send now: ask again at `at`, or after the next response, whichever is first.
struct AskAgain {
  std::chrono::steady_clock::time_point at;
};

/// Nothing more to send, ever.
struct NoMoreRequests {};

using NextRequest = std::variant<PooledRequest, AskAgain, NoMoreRequests>;

/// Gives the next request. An error ends the run with it.
using RequestSource = std::function<Result<NextRequest>()>;
/// Takes a response as it comes. Order: of arrival. An error ends the run with it.
using ResponseSink = std::function<Status(std::uint64_t id, Result<HttpResponse> response)>;

struct HttpPoolOptions {
  HttpOptions http = {};
  /// Requests on their way at any moment, and with them connections.
  std::size_t max_in_flight = 256;
  /// The same for one origin. Requests over it wait inside the pool, up to `max_in_flight` of them.
  std::size_t max_per_host = 256;
  /// The response headers worth keeping, in whatever case; none when empty.
  std::vector<std::string> captured_headers = {};
};

/// Keeps connections open from request to request and from run to run.
/// Threads: one thread at a time; source and sink are called on the thread of run().
class HttpPool {
 public:
  /// Pre: both limits are above zero. Errors: kInternal (no descriptors left), kMissing (libcurl is
  /// not there).
  static Result<HttpPool> create(HttpPoolOptions options);

  HttpPool(HttpPool&&) noexcept;
  HttpPool& operator=(HttpPool&&) = delete;
  ~HttpPool();

  /// Send what `source` gives until it gives no more and every response is in. Each request has its
  /// own deadline from when it leaves. The errors of single requests go to `sink` and are those of
  /// HttpTransport::send(). When the run ends early, what is on its way is dropped without a call.
  /// Errors: kCancelled, and whatever source or sink return.
  Status run(const RequestSource& source, const ResponseSink& sink, std::stop_token stop);

 private:
  class Engine;
  explicit HttpPool(std::unique_ptr<Engine> engine);

  std::unique_ptr<Engine> engine_;
};

}  // namespace assay::net
