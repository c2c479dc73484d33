/// \file
/// Tells a validator how a generation job ended.

#pragma once

#include "core/clock.h"
#include "core/random.h"
#include "core/result.h"
#include "keys/sr25519.h"
#include "net/http_client.h"
#include "net/retry_policy.h"
#include "net/url.h"
#include "protocol/btauth.h"
#include "protocol/generation_messages.h"

#include <chrono>
#include <stop_token>

namespace assay::miner {

/// Where a callback goes, and whom it is signed for.
struct CallbackAddress {
  net::Url url;
  keys::Hotkey validator;
};

struct CallbackOptions {
  std::chrono::milliseconds timeout = std::chrono::seconds(10);
  net::RetryOptions retry = {.max_tries = 4, .total = std::chrono::seconds(40)};
};

/// Threads: safe from any thread, if `transport` and `random` are.
class CallbackSender {
 public:
  /// Lifetime: all outlive it.
  CallbackSender(net::HttpTransport& transport, const keys::KeyPair& self, const Clock& clock,
                 RandomSource& random, CallbackOptions options = {})
      : transport_(&transport), self_(&self), clock_(&clock), random_(&random), options_(options) {}

  /// Send, and again while that may help; each try is signed anew by btauth/1.
  /// Errors: kUnavailable, kTimeout, kDenied (401, 403), kInvalidInput (another refusal),
  /// kCancelled.
  Status send(const protocol::GenerationCallback& callback, const CallbackAddress& to,
              const std::stop_token& stop);

 private:
  Result<net::HttpRequest> signed_request(const std::string& body, const CallbackAddress& to);

  net::HttpTransport* transport_;
  const keys::KeyPair* self_;
  const Clock* clock_;
  RandomSource* random_;
  CallbackOptions options_;
  protocol::Btauth scheme_;
};

}  // namespace assay::miner
