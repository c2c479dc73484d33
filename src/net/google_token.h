/// \file
/// Access tokens for Google Cloud Storage from a service account's key (RFC 7523).

#pragma once

#include "core/clock.h"
#include "core/result.h"
#include "core/timestamp.h"
#include "crypto/rs256.h"
#include "crypto/secret.h"
#include "net/http_client.h"
#include "net/retry_policy.h"

#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

namespace assay::net {

/// What a key file of a service account holds.
struct ServiceAccountKey {
  std::string client_email;
  /// Optional in the file; empty then.
  std::string private_key_id;
  crypto::RsaPrivateKey private_key;
  Url token_uri;

  /// Read the JSON of a key file. Errors: kInvalidInput (not JSON, not a service account, fields
  /// absent or of another kind, a key that cannot be read, a token_uri that would send the grant
  /// in the clear to another machine). Names fields, shows no value of them.
  static Result<ServiceAccountKey> parse(std::string_view json);
};

struct AccessToken {
  /// `Authorization: Bearer …`, ready to send.
  HttpHeaders authorization;
  std::shared_ptr<const crypto::Secret> text;
  Timestamp expires;
  /// Which of the source's tokens it is, from 1 on.
  std::uint64_t generation = 0;
};

struct GoogleTokenOptions {
  std::string scope = "https://www.googleapis.com/auth/devstorage.read_only";
  /// How long before its end a token is renewed; half its life for one that is shorter than twice
  /// this.
  std::chrono::seconds renew_before = std::chrono::minutes(5);
  std::chrono::milliseconds timeout = std::chrono::seconds(20);
  RetryOptions retry = {};
};

/// Gets a token, keeps it, and gets the next one in time.
/// Threads: all calls are safe from any thread; while one gets a token the others wait for it.
/// Errors: kDenied (the token service refuses the account), kCorrupt (its answer is no token),
///         kUnavailable, kTimeout, kCancelled.
class GoogleTokenSource {
 public:
  /// Lifetime: transport, clock and random outlive the source.
  GoogleTokenSource(ServiceAccountKey key, HttpTransport& transport, const Clock& clock,
                    RandomSource& random, GoogleTokenOptions options = {});

  /// A token that is good now. When renewal ahead of time fails, the one at hand serves to its end.
  /// Cost: a lock and a look at the clock, but for about once an hour.
  Result<AccessToken> token(std::stop_token stop);

  /// Get a token in place of the one of `generation`, which a service refused. If another caller
  /// has done so already, theirs is returned.
  Result<AccessToken> renew(std::uint64_t generation, std::stop_token stop);

 private:
  Result<AccessToken> fetch(std::stop_token stop);
  Result<std::string> grant(Timestamp now) const;
  Result<AccessToken> read_answer(const HttpResponse& response, Timestamp now);

  const ServiceAccountKey key_;
  HttpTransport* transport_;
  const Clock* clock_;
  const GoogleTokenOptions options_;
  std::mutex mutex_;  // guards what follows
  RetryPolicy retry_;
  std::optional<AccessToken> token_;
  Timestamp renew_at_;
  std::uint64_t num_tokens_ = 0;
};

}  // namespace assay::net
