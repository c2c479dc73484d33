#include "protocol/btauth.h"

#include "core/bytes.h"
#include "crypto/digest.h"
#include "protocol/nonce_internal.h"
#include "protocol/request_fields_internal.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>

namespace assay::protocol {
namespace {

constexpr std::string_view kBtauthVersion = "X-Bittensor-Version";
constexpr std::string_view kBtauthHotkey = "X-Bittensor-Hotkey";
constexpr std::string_view kBtauthReceiver = "X-Bittensor-Receiver";
constexpr std::string_view kBtauthNonce = "X-Bittensor-Nonce";
constexpr std::string_view kBtauthCrypto = "X-Bittensor-Crypto";
constexpr std::string_view kBtauthSignature = "X-Bittensor-Signature";

struct BtauthShape {
  keys::Hotkey sender;
  std::string_view sender_text;
  std::string_view nonce = {};
  Instant signed_at = {};
  keys::Signature signature{};
  std::optional<std::string_view> receiver = std::nullopt;
};

// The addresses are signed as they are written, and there is one way to write each.
std::string btauth_signed_text(std::string_view method, std::string_view target,
                               std::string_view body, std::string_view nonce,
                               std::string_view sender, std::string_view receiver) {
  std::string capitals(method);
  std::ranges::transform(capitals, capitals.begin(), [](char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - ('a' - 'A')) : c;
  });
  return fmt::format("btauth/1\nsr25519\n{}\n{}\n{}\n{}\n{}\n{}", capitals, target,
                     crypto::sha256(body).to_hex(), nonce, sender, receiver);
}

Result<BtauthShape> read_btauth_shape(std::span<const net::HttpHeader> headers) {
  ASSIGN_OR_RETURN(const std::string_view version, required_header(headers, kBtauthVersion));
  if (version != "1") return invalid_input("the header X-Bittensor-Version is not 1");
  ASSIGN_OR_RETURN(const auto scheme, optional_header(headers, kBtauthCrypto));
  if (scheme && *scheme != "sr25519") {
    return invalid_input("the header X-Bittensor-Crypto is not sr25519");
  }
  ASSIGN_OR_RETURN(const std::string_view sender, required_header(headers, kBtauthHotkey));
  ASSIGN_OR_RETURN(const keys::Hotkey hotkey, parse_hotkey(kBtauthHotkey, sender));
  BtauthShape shape{.sender = hotkey, .sender_text = sender};
  ASSIGN_OR_RETURN(shape.nonce, required_header(headers, kBtauthNonce));
  ASSIGN_OR_RETURN(const std::int64_t nonce, parse_digits(kBtauthNonce, shape.nonce));
  shape.signed_at = Instant(std::chrono::nanoseconds(nonce));
  ASSIGN_OR_RETURN(const std::string_view signature, required_header(headers, kBtauthSignature));
  ASSIGN_OR_RETURN(shape.signature,
                   with_context(keys::parse_signature(signature), kBtauthSignature));
  ASSIGN_OR_RETURN(shape.receiver, optional_header(headers, kBtauthReceiver));
  return shape;
}

}  // namespace

Result<std::vector<net::HttpHeader>> Btauth::sign(const OutgoingRequest& request,
                                                  const keys::KeyPair& sender, Instant now,
                                                  RandomSource& random) const {
  RETURN_IF_ERROR(check_signable(request));
  const std::string nonce = std::to_string(next_nonce(last_nonce_, now));
  const std::string sender_text = sender.hotkey().to_ss58();
  const std::string receiver_text = request.receiver.to_ss58();
  const std::string text = btauth_signed_text(request.method, request.target, request.body, nonce,
                                              sender_text, receiver_text);
  const keys::Signature signature = sender.sign(as_bytes(text), random);
  return std::vector<net::HttpHeader>{{std::string(kBtauthVersion), "1"},
                                      {std::string(kBtauthHotkey), sender_text},
                                      {std::string(kBtauthReceiver), receiver_text},
                                      {std::string(kBtauthNonce), nonce},
                                      {std::string(kBtauthSignature), keys::to_text(signature)}};
}

bool Btauth::is_used_by(std::span<const net::HttpHeader> headers) const {
  return has_header(headers, kBtauthVersion) || has_header(headers, kBtauthSignature);
}

Verdict Btauth::verify(const ReceivedRequest& request, const keys::Hotkey& self,
                       Instant now) const {
  auto shape = read_btauth_shape(request.headers);
  if (!shape) {
    return Refusal{.reason = RefusalReason::kMalformed,
                   .status = kUnauthorized,
                   .message = std::move(shape.error().message)};
  }
  const std::string self_text = self.to_ss58();
  if (shape->receiver != self_text) {
    return Refusal{.reason = RefusalReason::kWrongReceiver,
                   .status = kUnauthorized,
                   .message = "the request is signed for another receiver, or for none"};
  }
  auto stale = check_freshness(shape->signed_at, now,
                               {.past = options_.past, .future = options_.future}, kUnauthorized);
  if (stale) return std::move(*stale);
  const std::string text = btauth_signed_text(request.method, request.target, request.body,
                                              shape->nonce, shape->sender_text, self_text);
  if (!signers_.verify(shape->sender, as_bytes(text), shape->signature)) {
    return Refusal{.reason = RefusalReason::kBadSignature,
                   .status = kUnauthorized,
                   .message = "the signature is not that of the sender for this request"};
  }
  return Authentic{.sender = shape->sender,
                   .age = now - shape->signed_at,
                   .marks = {mark_of(shape->sender, "btauth", shape->nonce)},
                   .fresh_until = shape->signed_at + options_.past};
}

}  // namespace assay::protocol
