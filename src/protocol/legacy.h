/// \file
/// The headers of dendrite and axon, as the SDK's versions 7 to 10 wrote and read them.

#pragma once

#include "core/result.h"
#include "keys/known_signers.h"
#include "protocol/scheme.h"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace assay::protocol {

/// What an axon asks of two requests of one sender with one uuid.
enum class NonceOrder {
  kIncreasing,  ///< The later one has the larger nonce, as the SDK's axon asks.
  kAny,         ///< Each nonce once, in any order: for a sender with several requests under way.
};

struct LegacyOptions {
  /// Added to the time that the sender waits for an answer, to bound how old a request may be.
  std::chrono::nanoseconds past = std::chrono::seconds(4);
  std::chrono::nanoseconds future = std::chrono::seconds(2);
  /// The header that tells how long the sender waits is not signed: more than this is not believed.
  std::chrono::nanoseconds max_timeout = std::chrono::seconds(12);
  NonceOrder order = NonceOrder::kIncreasing;
  /// The SDK's version as a number, such as 9012002 for 9.12.2; told by a client.
  std::int64_t version = 9'012'002;
  /// What the body hash is made of; none for nearly all synapses.
  std::string body_hash;

  LegacyOptions();
};

/// The hash of the texts of a synapse's required fields, in their order: with none of them it says
/// nothing about the body.
std::string legacy_body_hash(std::span<const std::string> fields);

/// The signature covers time, sender, receiver, an identifier, and a hash that for most synapses
/// does not depend on the body: who has seen a request within its few seconds can change the body,
/// which nothing here can tell. The target is `/` and the name of the synapse, and only POST is
/// taken.
class Legacy final : public Scheme {
 public:
  explicit Legacy(LegacyOptions options = {});

  std::string_view name() const override { return "legacy"; }
  /// Errors: kInvalidInput, as Scheme.
  Result<std::vector<net::HttpHeader>> sign(const OutgoingRequest& request,
                                            const keys::KeyPair& sender, Instant now,
                                            RandomSource& random) const override;
  bool is_used_by(std::span<const net::HttpHeader> headers) const override;
  Verdict verify(const ReceivedRequest& request, const keys::Hotkey& self,
                 Instant now) const override;

 private:
  LegacyOptions options_;
  mutable keys::KnownSigners signers_;
  mutable std::atomic<std::int64_t> last_nonce_ = 0;
};

/// What an axon's answer says about itself.
struct LegacyAnswer {
  std::string_view synapse;
  int status = 200;
  std::string_view message = "Success";
  std::chrono::duration<double> process_time = {};
  std::chrono::milliseconds timeout = std::chrono::seconds(9);
};

/// The headers that the SDK's dendrite reads from an answer. They are not signed, as it never looks
/// at a signature.
std::vector<net::HttpHeader> legacy_answer_headers(const LegacyAnswer& answer);

}  // namespace assay::protocol
