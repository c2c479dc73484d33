/// \file
/// What the schemes share: statuses, headers that stand once, numbers and identifiers in their one
/// form.

#pragma once

#include "core/result.h"
#include "keys/ss58.h"
#include "net/http_message.h"
#include "protocol/scheme.h"

#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace assay::protocol {

/// Statuses of refusals.
inline constexpr int kBadRequest = 400;
inline constexpr int kUnauthorized = 401;

/// The value of the header of this name; nothing when it is absent.
/// Errors: kInvalidInput (it stands twice: whoever reads the other one sees another request).
Result<std::optional<std::string_view>> optional_header(std::span<const net::HttpHeader> headers,
                                                        std::string_view name);
/// Errors: as above; also when it is absent or empty.
Result<std::string_view> required_header(std::span<const net::HttpHeader> headers,
                                         std::string_view name);
bool has_header(std::span<const net::HttpHeader> headers, std::string_view name);

/// Decimal digits alone, without a leading zero, below 2^63. Errors: kInvalidInput.
Result<std::int64_t> parse_digits(std::string_view name, std::string_view text);
/// `name` stands in front of what is wrong. Errors: kInvalidInput.
Result<keys::Hotkey> parse_hotkey(std::string_view name, std::string_view text);

/// 8-4-4-4-12 hexadecimal digits of either case.
bool is_uuid(std::string_view text);
/// A random one (RFC 9562, version 4).
std::string make_uuid(RandomSource& random);

/// A mark of the sender and what tells this request from its others.
ReplayMark mark_of(const keys::Hotkey& sender, std::string_view kind, std::string_view identity,
                   std::uint64_t number = 0);

/// How old or early a request may be; both bounds count as within.
struct Window {
  std::chrono::nanoseconds past;
  std::chrono::nanoseconds future;
};

/// Nothing when the instant is within; `status` is that of the refusal.
std::optional<Refusal> check_freshness(Instant signed_at, Instant now, const Window& window,
                                       int status);

/// One line that a signature covers: no control characters, which could begin another line.
Status check_signable(const OutgoingRequest& request);

}  // namespace assay::protocol
