/// \file
/// btauth/1: headers that sign the whole request. The default.

#pragma once

#include "keys/known_signers.h"
#include "protocol/scheme.h"

#include <atomic>
#include <chrono>
#include <cstdint>

namespace assay::protocol {

struct BtauthOptions {
  /// Both bounds count as within.
  std::chrono::nanoseconds past = std::chrono::seconds(10);
  std::chrono::nanoseconds future = std::chrono::seconds(2);
};

/// The signature covers method, target, body, time, sender and receiver. Each header is taken in
/// its one form: the SDK's own reader also takes signatures without 0x, nonces with a sign, and
/// names of the scheme in capitals.
class Btauth final : public Scheme {
 public:
  explicit Btauth(BtauthOptions options = {}) : options_(options) {}

  std::string_view name() const override { return "btauth/1"; }
  /// Errors: kInvalidInput, as Scheme.
  Result<std::vector<net::HttpHeader>> sign(const OutgoingRequest& request,
                                            const keys::KeyPair& sender, Instant now,
                                            RandomSource& random) const override;
  bool is_used_by(std::span<const net::HttpHeader> headers) const override;
  Verdict verify(const ReceivedRequest& request, const keys::Hotkey& self,
                 Instant now) const override;

 private:
  BtauthOptions options_;
  mutable keys::KnownSigners signers_;
  /// A nonce is the time, but never one that was used.
  mutable std::atomic<std::int64_t> last_nonce_ = 0;
};

}  // namespace assay::protocol
