#include "net/retry_policy.h"

#include "core/check.h"
#include "core/parse_number.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <condition_variable>
#include <mutex>
#include <utility>

namespace assay::net {
namespace {

using std::chrono::milliseconds;

// Far beyond any wait that makes sense, and far from where milliseconds overflow.
constexpr std::int64_t kMaxRetryAfterSeconds = 365LL * 24 * 3600;

// `digits` of exactly the size of `text`, or nothing.
std::optional<unsigned> read_number(std::string_view text) {
  unsigned number = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    number = number * 10 + static_cast<unsigned>(c - '0');
  }
  return number;
}

// "Sun, 06 Nov 1994 08:49:37 GMT"
std::optional<Timestamp> parse_http_date(std::string_view text) {
  constexpr std::string_view kShape = "ddd, 00 mmm 0000 00:00:00 GMT";
  constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                        "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  if (text.size() != kShape.size() || text.substr(3, 2) != ", " || text[7] != ' ' ||
      text[11] != ' ' || text[16] != ' ' || text[19] != ':' || text[22] != ':' ||
      text.substr(25) != " GMT") {
    return std::nullopt;
  }
  const auto* month = std::ranges::find(kMonths, text.substr(8, 3));
  const auto day = read_number(text.substr(5, 2));
  const auto year = read_number(text.substr(12, 4));
  const auto hour = read_number(text.substr(17, 2));
  const auto minute = read_number(text.substr(20, 2));
  const auto second = read_number(text.substr(23, 2));
  if (month == kMonths.end() || !day || !year || !hour || !minute || !second) return std::nullopt;
  const std::chrono::year_month_day date(
      std::chrono::year(static_cast<int>(*year)),
      std::chrono::month(static_cast<unsigned>(month - kMonths.begin()) + 1),
      std::chrono::day(*day));
  if (!date.ok() || *hour > 23 || *minute > 59 || *second > 60) return std::nullopt;
  return std::chrono::sys_days(date) + std::chrono::hours(*hour) + std::chrono::minutes(*minute) +
         std::chrono::seconds(*second);
}

}  // namespace

bool is_retryable_status(int status) {
  return status == 408 || status == 429 || (status >= 500 && status <= 599);
}

TryOutcome outcome_of(const Result<HttpResponse>& response, Timestamp now) {
  if (!response) {
    if (!is_retryable(response.error().code)) return {};
    return {TryOutcome::Kind::kTryAgain, response.error().retry_after};
  }
  if (!is_retryable_status(response->status)) return {};
  TryOutcome outcome{.kind = response->status == 429 || response->status == 503
                                 ? TryOutcome::Kind::kThrottled
                                 : TryOutcome::Kind::kTryAgain};
  if (const auto value = response->header("retry-after")) {
    outcome.retry_after = parse_retry_after(*value, now);
  }
  return outcome;
}

std::optional<milliseconds> parse_retry_after(std::string_view text, Timestamp now) {
  if (const auto date = parse_http_date(text)) {
    return std::max(std::chrono::ceil<milliseconds>(*date - now), milliseconds(0));
  }
  // Digits alone: a sign or a fraction is not allowed here.
  if (text.empty() || text.find_first_not_of("0123456789") != std::string_view::npos) {
    return std::nullopt;
  }
  const auto seconds = parse_integer(text);
  return std::chrono::seconds(seconds ? std::min(*seconds, kMaxRetryAfterSeconds)
                                      : kMaxRetryAfterSeconds);
}

std::optional<milliseconds> RetryPolicy::next_delay(unsigned num_tries, const TryOutcome& outcome,
                                                    milliseconds elapsed) {
  CHECK(num_tries > 0, "a retry before the first try");
  if (outcome.kind == TryOutcome::Kind::kFinal || num_tries >= options_.max_tries) {
    return std::nullopt;
  }
  const double bound = std::min(static_cast<double>(options_.initial_delay.count()) *
                                    std::pow(options_.factor, static_cast<double>(num_tries - 1)),
                                static_cast<double>(options_.max_delay.count()));
  milliseconds delay(std::llround(bound * random_->unit()));
  if (outcome.retry_after) delay += *outcome.retry_after;
  if (elapsed + delay > options_.total) return std::nullopt;
  return delay;
}

Status wait_for(milliseconds span, std::stop_token stop) {
  std::mutex mutex;
  std::condition_variable_any changed;
  std::unique_lock lock(mutex);
  changed.wait_for(lock, stop, span, [] { return false; });
  if (stop.stop_requested()) return cancelled("stopped while waiting to try again");
  return {};
}

Result<HttpResponse> send_with_retry(HttpTransport& transport, const HttpRequest& request,
                                     RetryPolicy& policy, const Clock& clock, std::stop_token stop,
                                     const Wait& wait) {
  const std::chrono::nanoseconds start = clock.monotonic();
  for (unsigned num_tries = 1;; ++num_tries) {
    Result<HttpResponse> response = transport.send(request, stop);
    const auto elapsed = std::chrono::ceil<milliseconds>(clock.monotonic() - start);
    const auto delay = policy.next_delay(num_tries, outcome_of(response, clock.now()), elapsed);
    if (!delay) {
      if (!response && num_tries > 1) {
        Error error = std::move(response.error());
        error.message += fmt::format(" ({} tries)", num_tries);
        return error;
      }
      return response;
    }
    RETURN_IF_ERROR(wait(*delay, stop));
  }
}

}  // namespace assay::net
