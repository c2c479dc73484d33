#include "organic/access_token.h"

#include "core/bytes.h"
#include "core/parse_number.h"
#include "core/shown_text.h"
#include "crypto/base64.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace assay::organic {
namespace {

using std::chrono::seconds;

constexpr std::string_view kVersion = "assay1";
constexpr std::size_t kNumParts = 5;
/// Name, two times and a signature need less.
constexpr std::size_t kMaxToken = 256;
/// How far the clock of who made it may be ahead.
constexpr seconds kMaxAhead{60};

bool is_name(std::string_view name) {
  return !name.empty() && name.size() <= kMaxClientName && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_';
  });
}

std::int64_t unix_seconds(Timestamp time) {
  return std::chrono::floor<seconds>(time).time_since_epoch().count();
}

// The first line keeps it apart from all else that a hotkey signs.
std::string signed_text(const keys::Hotkey& validator, std::string_view client, std::int64_t issued,
                        std::int64_t expires) {
  return fmt::format("assay-access/1\n{}\n{}\n{}\n{}", validator.to_ss58(), client, issued,
                     expires);
}

std::optional<std::array<std::string_view, kNumParts>> split(std::string_view token) {
  std::array<std::string_view, kNumParts> parts;
  for (std::size_t i = 0; i + 1 < kNumParts; ++i) {
    const std::size_t dot = token.find('.');
    if (dot == std::string_view::npos) return std::nullopt;
    parts.at(i) = token.substr(0, dot);
    token.remove_prefix(dot + 1);
  }
  parts.back() = token;
  return parts;
}

/// In the one form that fmt gives, so that what was signed has one text.
std::optional<std::int64_t> read_time(std::string_view text) {
  const auto time = parse_integer(text);
  if (!time || *time < 0 || *time > std::int64_t{1} << 40U || fmt::format("{}", *time) != text) {
    return std::nullopt;
  }
  return *time;
}

Error no_token() { return denied("this is not a token of a validator"); }

}  // namespace

Result<std::string> make_access_token(const AccessGrant& grant, const keys::KeyPair& validator,
                                      RandomSource& random) {
  if (!is_name(grant.client)) {
    return invalid_input(fmt::format("a client's name has 1 to {} letters, digits, - and _, not {}",
                                     kMaxClientName, shown_text(grant.client)));
  }
  const std::int64_t issued = unix_seconds(grant.issued);
  const std::int64_t expires = unix_seconds(grant.expires);
  if (expires <= issued || seconds(expires - issued) > kMaxTokenTime) {
    return invalid_input(
        fmt::format("a token is good for 1 second to {} hours", kMaxTokenTime.count()));
  }
  const std::string text = signed_text(validator.hotkey(), grant.client, issued, expires);
  const keys::Signature signature = validator.sign(as_bytes(text), random);
  return fmt::format("{}.{}.{}.{}.{}", kVersion, grant.client, issued, expires,
                     crypto::base64_encode(signature, crypto::Base64Alphabet::kUrlSafe,
                                           crypto::Base64Padding::kUnpadded));
}

Result<AccessGrant> read_access_token(std::string_view token, const keys::Hotkey& validator,
                                      Timestamp now) {
  if (token.size() > kMaxToken) return no_token();
  const auto parts = split(token);
  if (!parts || (*parts)[0] != kVersion || !is_name((*parts)[1])) return no_token();
  const auto issued = read_time((*parts)[2]);
  const auto expires = read_time((*parts)[3]);
  const auto signature = crypto::base64_decode((*parts)[4], crypto::Base64Alphabet::kUrlSafe,
                                               crypto::Base64Padding::kUnpadded);
  if (!issued || !expires || !signature || signature->size() != 64) return no_token();
  if (*expires <= *issued || seconds(*expires - *issued) > kMaxTokenTime) {
    return denied("the token is good for longer than any may be");
  }
  const std::int64_t at = unix_seconds(now);
  if (at >= *expires) return denied("the token has expired: ask the validator for a new one");
  if (seconds(*issued - at) > kMaxAhead) return denied("the token is from the future");
  const std::string text = signed_text(validator, (*parts)[1], *issued, *expires);
  if (!keys::verify(validator, as_bytes(text), std::span(*signature).first<64>())) {
    return denied("the token was not signed by this validator");
  }
  return AccessGrant{.client = std::string((*parts)[1]),
                     .issued = Timestamp(seconds(*issued)),
                     .expires = Timestamp(seconds(*expires))};
}

}  // namespace assay::organic
