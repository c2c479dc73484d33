#include "organic/client_rates.h"

#include "core/check.h"

#include <algorithm>
#include <cmath>

namespace assay::organic {
namespace {

/// Looking through all buckets costs more than a request: not more often than this.
constexpr std::chrono::seconds kSweepInterval{1};

}  // namespace

ClientRates::ClientRates(const RateOptions& options) : options_(options) {
  CHECK(options.per_minute > 0 && options.burst >= 1, "a client may ask at times");
}

double ClientRates::tokens_at(const Bucket& bucket, Instant now) const {
  const double minutes =
      std::chrono::duration<double, std::ratio<60>>(now - bucket.filled_at).count();
  return std::min(options_.burst, bucket.tokens + (minutes * options_.per_minute));
}

void ClientRates::forget_full(Instant now) {
  if (now < next_sweep_) return;
  next_sweep_ = now + kSweepInterval;
  std::erase_if(buckets_,
                [&](const auto& entry) { return tokens_at(entry.second, now) >= options_.burst; });
}

std::optional<std::chrono::milliseconds> ClientRates::take(std::string_view client, Instant now) {
  auto found = buckets_.find(client);
  if (found == buckets_.end()) {
    if (buckets_.size() >= options_.max_clients) forget_full(now);
    if (buckets_.size() >= options_.max_clients) return kSweepInterval;
    found =
        buckets_.emplace(std::string(client), Bucket{.tokens = options_.burst, .filled_at = now})
            .first;
  }
  Bucket& bucket = found->second;
  bucket.tokens = tokens_at(bucket, now);
  bucket.filled_at = now;
  if (bucket.tokens >= 1) {
    bucket.tokens -= 1;
    return std::nullopt;
  }
  const double minutes = (1 - bucket.tokens) / options_.per_minute;
  return std::chrono::milliseconds(std::max(1LL, std::llround(std::ceil(minutes * 60'000))));
}

}  // namespace assay::organic
