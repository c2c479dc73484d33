/// \file
/// Epistula, version 2: the headers of BitMind's and other subnets.

#pragma once

#include "keys/known_signers.h"
#include "protocol/scheme.h"

#include <chrono>

namespace assay::protocol {

struct EpistulaOptions {
  /// Others accept 8 to 15 seconds either way.
  std::chrono::milliseconds past = std::chrono::seconds(15);
  std::chrono::milliseconds future = std::chrono::seconds(5);
};

/// The signature covers body, time, an identifier and the receiver, but not method and target: two
/// routes that take the same body must not mean different things.
class Epistula final : public Scheme {
 public:
  explicit Epistula(EpistulaOptions options = {}) : options_(options) {}

  std::string_view name() const override { return "epistula/2"; }
  /// Errors: kInvalidInput, as Scheme.
  Result<std::vector<net::HttpHeader>> sign(const OutgoingRequest& request,
                                            const keys::KeyPair& sender, Instant now,
                                            RandomSource& random) const override;
  bool is_used_by(std::span<const net::HttpHeader> headers) const override;
  Verdict verify(const ReceivedRequest& request, const keys::Hotkey& self,
                 Instant now) const override;

 private:
  EpistulaOptions options_;
  mutable keys::KnownSigners signers_;
};

}  // namespace assay::protocol
