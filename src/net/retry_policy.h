/// \file
/// When to try again, and how long to wait before it.

#pragma once

#include "core/clock.h"
#include "core/random.h"
#include "core/result.h"
#include "core/timestamp.h"
#include "net/http_client.h"
#include "net/http_message.h"

#include <chrono>
#include <functional>
#include <optional>
#include <stop_token>
#include <string_view>

namespace assay::net {

struct RetryOptions {
  /// The longest wait after the first try; each try later it grows by `factor`, up to `max_delay`.
  std::chrono::milliseconds initial_delay = std::chrono::milliseconds(500);
  double factor = 2.0;
  std::chrono::milliseconds max_delay = std::chrono::seconds(32);
  /// The first try included.
  unsigned max_tries = 6;
  /// From the start of the first try: no try begins after it.
  std::chrono::milliseconds total = std::chrono::minutes(2);
};

/// What a try came to, as far as another one goes.
struct TryOutcome {
  enum class Kind {
    kFinal,      ///< Success, or a failure that would come again.
    kTryAgain,   ///< 408, 429, 5xx, a broken connection or a timeout.
    kThrottled,  ///< 429 or 503: as kTryAgain, and the caller should slow down.
  };
  Kind kind = Kind::kFinal;
  /// How long the server asked us to stay away.
  std::optional<std::chrono::milliseconds> retry_after = std::nullopt;
};

/// Whether a response of this status may be another one the next time.
bool is_retryable_status(int status);

/// `now` is what a date in Retry-After is counted from.
TryOutcome outcome_of(const Result<HttpResponse>& response, Timestamp now);

/// Read a Retry-After value: seconds, or an HTTP date (RFC 9110, 5.6.7, in its one form of today).
/// Nothing when it is neither; zero when the date has passed.
std::optional<std::chrono::milliseconds> parse_retry_after(std::string_view text, Timestamp now);

/// Exponential backoff with full jitter: a wait is drawn evenly from zero to its bound, so that
/// many clients do not come back at one moment. What the server asks for is the least it is.
/// Threads: as those of the random source.
class RetryPolicy {
 public:
  /// Lifetime: `random` outlives the policy.
  RetryPolicy(const RetryOptions& options, RandomSource& random)
      : options_(options), random_(&random) {}

  /// How long to wait before the next try; nothing when this was the last one: the outcome is
  /// final, the tries are used up, or the wait would end after the total. Pre: num_tries > 0.
  std::optional<std::chrono::milliseconds> next_delay(unsigned num_tries, const TryOutcome& outcome,
                                                      std::chrono::milliseconds elapsed);

  const RetryOptions& options() const { return options_; }

 private:
  RetryOptions options_;
  RandomSource* random_;
};

/// Waits, or returns kCancelled when a stop comes first.
using Wait = std::function<Status(std::chrono::milliseconds, std::stop_token)>;

/// The real one. Errors: kCancelled.
Status wait_for(std::chrono::milliseconds span, std::stop_token stop);

/// Send, and send again as `policy` says. The last response or error is returned as it is, the
/// error with the number of tries. Errors: as HttpTransport::send().
Result<HttpResponse> send_with_retry(HttpTransport& transport, const HttpRequest& request,
                                     RetryPolicy& policy, const Clock& clock, std::stop_token stop,
                                     const Wait& wait = wait_for);

}  // namespace assay::net
