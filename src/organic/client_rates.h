/// \file
/// How often one client may ask: a bucket of tokens each, that fills with time.

#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace assay::organic {

struct RateOptions {
  double per_minute = 60;
  /// So many at once, after a while without any.
  double burst = 20;
  /// Who is remembered. A full bucket tells nothing and is forgotten first; when all of them are
  /// needed, who is new has to wait.
  std::size_t max_clients = 4096;
};

/// Threads: one thread at a time.
class ClientRates {
 public:
  using Instant = std::chrono::nanoseconds;  ///< Of Clock::monotonic().

  /// Pre: the rates are above zero, and `burst` at least 1.
  explicit ClientRates(const RateOptions& options);

  /// Take one token. Nothing when there was one; else how long to wait for the next.
  std::optional<std::chrono::milliseconds> take(std::string_view client, Instant now);

  std::size_t num_clients() const { return buckets_.size(); }

 private:
  struct Bucket {
    double tokens = 0;
    Instant filled_at{0};
  };
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>()(text);
    }
  };
  double tokens_at(const Bucket& bucket, Instant now) const;
  void forget_full(Instant now);

  RateOptions options_;
  std::unordered_map<std::string, Bucket, Hash, std::equal_to<>> buckets_;
  Instant next_sweep_{0};
};

}  // namespace assay::organic
