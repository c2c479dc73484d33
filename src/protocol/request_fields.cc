#include "core/bytes.h"
#include "core/hex.h"
#include "core/parse_number.h"
#include "crypto/blake2b.h"
#include "protocol/request_fields_internal.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

namespace assay::protocol {

Result<std::optional<std::string_view>> optional_header(std::span<const net::HttpHeader> headers,
                                                        std::string_view name) {
  std::optional<std::string_view> found;
  for (const net::HttpHeader& header : headers) {
    if (!net::equal_ignoring_case(header.name, name)) continue;
    if (found) return invalid_input(fmt::format("the header {} stands there twice", name));
    found = header.value;
  }
  return found;
}

Result<std::string_view> required_header(std::span<const net::HttpHeader> headers,
                                         std::string_view name) {
  ASSIGN_OR_RETURN(const auto found, optional_header(headers, name));
  if (!found || found->empty()) return invalid_input(fmt::format("the header {} is missing", name));
  return *found;
}

bool has_header(std::span<const net::HttpHeader> headers, std::string_view name) {
  return std::ranges::any_of(headers, [&](const net::HttpHeader& header) {
    return net::equal_ignoring_case(header.name, name);
  });
}

Result<std::int64_t> parse_digits(std::string_view name, std::string_view text) {
  const bool is_plain = !text.empty() &&
                        text.find_first_not_of("0123456789") == std::string_view::npos &&
                        (text.size() == 1 || text.front() != '0');
  const auto number = is_plain ? parse_integer(text) : Result<std::int64_t>(invalid_input(""));
  if (!number) {
    return invalid_input(fmt::format("the header {} is no whole number in plain digits", name));
  }
  return *number;
}

Result<keys::Hotkey> parse_hotkey(std::string_view name, std::string_view text) {
  auto hotkey = keys::Hotkey::parse(text);
  if (!hotkey) return invalid_input(fmt::format("the header {} is no hotkey's address", name));
  return hotkey;
}

bool is_uuid(std::string_view text) {
  constexpr std::size_t kSize = 36;
  if (text.size() != kSize) return false;
  for (std::size_t i = 0; i < kSize; ++i) {
    const bool is_dash = i == 8 || i == 13 || i == 18 || i == 23;
    if (is_dash ? text[i] != '-' : !hex_digit(text[i])) return false;
  }
  return true;
}

std::string make_uuid(RandomSource& random) {
  std::array<std::byte, 16> bytes;
  for (std::size_t i = 0; i < bytes.size(); i += sizeof(std::uint64_t)) {
    const std::uint64_t bits = random.next();
    std::memcpy(bytes.data() + i, &bits, sizeof bits);
  }
  bytes[6] = (bytes[6] & std::byte{0x0f}) | std::byte{0x40};
  bytes[8] = (bytes[8] & std::byte{0x3f}) | std::byte{0x80};
  const std::string hex = to_hex(bytes);
  const std::string_view digits = hex;
  return fmt::format("{}-{}-{}-{}-{}", digits.substr(0, 8), digits.substr(8, 4),
                     digits.substr(12, 4), digits.substr(16, 4), digits.substr(20));
}

ReplayMark mark_of(const keys::Hotkey& sender, std::string_view kind, std::string_view identity,
                   std::uint64_t number) {
  // A fixed size for each, whatever a sender makes up; nobody finds two requests of one digest.
  std::string text(as_text(sender.account()));
  text.append(kind).append(1, '\0').append(identity);
  const auto digest = crypto::blake2b_256(as_bytes(text));
  ReplayMark mark{.number = number};
  std::ranges::copy(std::span(digest).first(mark.key.size()), mark.key.begin());
  return mark;
}

std::optional<Refusal> check_freshness(Instant signed_at, Instant now, const Window& window,
                                       int status) {
  const std::chrono::nanoseconds age = now - signed_at;
  if (age > window.past) {
    return Refusal{.reason = RefusalReason::kStale,
                   .status = status,
                   .message = "the request was signed too long ago; compare the clocks",
                   .age = age};
  }
  if (age < -window.future) {
    return Refusal{.reason = RefusalReason::kFuture,
                   .status = status,
                   .message = "the request was signed at a time yet to come; compare the clocks",
                   .age = age};
  }
  return std::nullopt;
}

Status check_signable(const OutgoingRequest& request) {
  const auto is_printable = [](char c) { return c > ' ' && c < '\x7f'; };
  if (!std::ranges::all_of(request.target, is_printable) || !request.target.starts_with('/')) {
    return invalid_input("a request target to sign begins with / and has no blanks");
  }
  if (request.method.empty() ||
      !std::ranges::all_of(request.method, [](char c) { return c >= 'A' && c <= 'Z'; })) {
    return invalid_input("a method to sign has capital letters only");
  }
  return {};
}

}  // namespace assay::protocol
