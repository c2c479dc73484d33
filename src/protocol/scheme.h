/// \file
/// A way to say who sends a request: how it is signed, and what makes it authentic.

#pragma once

#include "core/random.h"
#include "core/result.h"
#include "keys/sr25519.h"
#include "keys/ss58.h"
#include "net/http_message.h"

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace assay::protocol {

/// An instant in UTC, to the nanosecond: signed times are that fine.
using Instant = std::chrono::sys_time<std::chrono::nanoseconds>;

/// What is to be signed and sent.
struct OutgoingRequest {
  std::string_view method = "POST";
  /// The request target exactly as it is sent: path and query, percent-encoded.
  std::string_view target = "/";
  std::string_view body = {};
  keys::Hotkey receiver;
  /// How long an answer is waited for; the legacy headers tell it.
  std::chrono::milliseconds timeout = std::chrono::seconds(9);
  /// Where the receiver listens, and where the sender is seen from; only told by legacy headers.
  std::string receiver_ip = "0.0.0.0";
  std::uint16_t receiver_port = 0;
  std::string sender_ip = "0.0.0.0";
};

/// What arrived. Lifetime: views of the caller's.
struct ReceivedRequest {
  std::string_view method;
  /// As it was sent, nothing decoded.
  std::string_view target;
  std::span<const net::HttpHeader> headers;
  std::string_view body;
};

/// What tells a repeated request: the same key seen with the same number or a larger one.
struct ReplayMark {
  std::array<std::byte, 16> key{};
  std::uint64_t number = 0;
};

enum class RefusalReason {
  kMalformed,      ///< A header is missing, twice there, or not in its one form.
  kWrongReceiver,  ///< For somebody else.
  kStale,          ///< Signed too long ago.
  kFuture,         ///< Signed at a time that has not come.
  kBadSignature,
  kReplayed,
  kUnwelcome,  ///< Authentic, but policy lets nobody like the sender in.
  kTooMany,    ///< The sender has more requests remembered than one may have.
  kOverloaded,
};

std::string_view to_string(RefusalReason reason);

struct Refusal {
  RefusalReason reason = RefusalReason::kMalformed;
  /// Of the HTTP response.
  int status = 401;
  /// For the log and the response: names a header, shows nothing of the request.
  std::string message = {};
  /// How old the request claims to be, where that is why.
  std::optional<std::chrono::nanoseconds> age = std::nullopt;
};

/// A request whose signature holds. Whether it is a repetition is yet to be asked.
struct Authentic {
  keys::Hotkey sender;
  /// By our clock; negative when the sender's is ahead.
  std::chrono::nanoseconds age = {};
  std::vector<ReplayMark> marks = {};
  /// Once this has passed, its signed time alone refuses a repetition.
  Instant fresh_until = {};
};

using Verdict = std::variant<Authentic, Refusal>;

/// Threads: all calls are safe from any thread, if `random` is.
class Scheme {
 public:
  virtual ~Scheme() = default;
  Scheme() = default;
  Scheme(const Scheme&) = delete;
  Scheme& operator=(const Scheme&) = delete;

  virtual std::string_view name() const = 0;

  /// The headers to send with the request. Two calls never give the same, so that a second try is
  /// signed anew. Errors: kInvalidInput (a method, target or address that cannot be signed).
  virtual Result<std::vector<net::HttpHeader>> sign(const OutgoingRequest& request,
                                                    const keys::KeyPair& sender, Instant now,
                                                    RandomSource& random) const = 0;

  /// Whether the request is signed in this way, well or badly.
  virtual bool is_used_by(std::span<const net::HttpHeader> headers) const = 0;

  /// Shape, receiver, time, signature, in that order: the cheap checks stand before the costly one.
  virtual Verdict verify(const ReceivedRequest& request, const keys::Hotkey& self,
                         Instant now) const = 0;
};

}  // namespace assay::protocol
