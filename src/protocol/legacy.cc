#include "protocol/legacy.h"

#include "core/bytes.h"
#include "core/hex.h"
#include "core/parse_number.h"
#include "crypto/digest.h"
#include "json/python_repr.h"
#include "protocol/nonce_internal.h"
#include "protocol/request_fields_internal.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace assay::protocol {
namespace {

constexpr std::string_view kLegacyName = "name";
constexpr std::string_view kLegacyTimeout = "timeout";
constexpr std::string_view kLegacyBodyHash = "computed_body_hash";
constexpr std::string_view kLegacyReceiver = "bt_header_axon_hotkey";
constexpr std::string_view kLegacyNonce = "bt_header_dendrite_nonce";
constexpr std::string_view kLegacyUuid = "bt_header_dendrite_uuid";
constexpr std::string_view kLegacySender = "bt_header_dendrite_hotkey";
constexpr std::string_view kLegacySignature = "bt_header_dendrite_signature";
/// Any text is an identifier to the SDK; a longer one is an attack.
constexpr std::size_t kMaxUuidSize = 64;

constexpr int kMethodNotAllowed = 405;

struct LegacyShape {
  keys::Hotkey sender;
  std::int64_t nonce = 0;
  std::string_view uuid = {};
  std::chrono::nanoseconds timeout{};
};

std::string legacy_signed_text(std::int64_t nonce, std::string_view sender,
                               std::string_view receiver, std::string_view uuid,
                               std::string_view body_hash) {
  return fmt::format("{}.{}.{}.{}.{}", nonce, sender, receiver, uuid, body_hash);
}

std::string_view synapse_of(std::string_view target) {
  const std::string_view path = target.substr(0, target.find('?'));
  return path.starts_with('/') ? path.substr(1) : path;
}

std::chrono::nanoseconds believed_timeout(double seconds, std::chrono::nanoseconds most) {
  const double bounded = std::clamp(seconds, 0.0, std::chrono::duration<double>(most).count());
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
      std::chrono::duration<double>(bounded));
}

bool is_identifier(std::string_view text) {
  // A point would let one signed text be read as another request.
  return text.size() <= kMaxUuidSize && std::ranges::all_of(text, [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                  c == '-';
         });
}

Result<LegacyShape> read_legacy_shape(const ReceivedRequest& request,
                                      const LegacyOptions& options) {
  const auto headers = request.headers;
  ASSIGN_OR_RETURN(const auto synapse, optional_header(headers, kLegacyName));
  if (synapse && *synapse != synapse_of(request.target)) {
    return invalid_input("the header name is not that of the path");
  }
  ASSIGN_OR_RETURN(const std::string_view sender, required_header(headers, kLegacySender));
  ASSIGN_OR_RETURN(const keys::Hotkey hotkey, parse_hotkey(kLegacySender, sender));
  LegacyShape shape{.sender = hotkey};
  ASSIGN_OR_RETURN(const std::string_view nonce, required_header(headers, kLegacyNonce));
  ASSIGN_OR_RETURN(shape.nonce, parse_digits(kLegacyNonce, nonce));
  ASSIGN_OR_RETURN(shape.uuid, required_header(headers, kLegacyUuid));
  if (!is_identifier(shape.uuid)) {
    return invalid_input("the header bt_header_dendrite_uuid is no identifier");
  }
  ASSIGN_OR_RETURN(const auto timeout, optional_header(headers, kLegacyTimeout));
  if (timeout) {
    const auto seconds = parse_real(*timeout);
    if (!seconds) return invalid_input("the header timeout is no number of seconds");
    shape.timeout = believed_timeout(*seconds, options.max_timeout);
  }
  ASSIGN_OR_RETURN(const std::string_view body_hash, required_header(headers, kLegacyBodyHash));
  if (body_hash != options.body_hash) {
    return invalid_input("the header computed_body_hash is not the hash of this request");
  }
  return shape;
}

Refusal unauthorized(RefusalReason reason, std::string message) {
  return {.reason = reason, .status = kUnauthorized, .message = std::move(message)};
}

}  // namespace

std::string legacy_body_hash(std::span<const std::string> fields) {
  std::string digests;
  for (const std::string& field : fields) digests += to_hex(crypto::sha3_256(as_bytes(field)));
  return to_hex(crypto::sha3_256(as_bytes(digests)));
}

LegacyOptions::LegacyOptions() : body_hash(legacy_body_hash({})) {}

Legacy::Legacy(LegacyOptions options) : options_(std::move(options)) {}

Result<std::vector<net::HttpHeader>> Legacy::sign(const OutgoingRequest& request,
                                                  const keys::KeyPair& sender, Instant now,
                                                  RandomSource& random) const {
  RETURN_IF_ERROR(check_signable(request));
  if (request.method != "POST") return invalid_input("the legacy headers go with POST alone");
  const std::int64_t nonce = next_nonce(last_nonce_, now);
  // A fresh one each time: an axon takes the nonces of one uuid in their order only, and requests
  // that are under way together may arrive in another.
  const std::string uuid = make_uuid(random);
  const std::string sender_text = sender.hotkey().to_ss58();
  const std::string receiver_text = request.receiver.to_ss58();
  const std::string text =
      legacy_signed_text(nonce, sender_text, receiver_text, uuid, options_.body_hash);
  std::vector<net::HttpHeader> headers = {
      {std::string(kLegacyName), std::string(synapse_of(request.target))},
      {std::string(kLegacyTimeout),
       json::python_repr(std::chrono::duration<double>(request.timeout).count())},
      {"bt_header_axon_ip", request.receiver_ip},
      {"bt_header_axon_port", std::to_string(request.receiver_port)},
      {std::string(kLegacyReceiver), receiver_text},
      {"bt_header_dendrite_ip", request.sender_ip},
      {"bt_header_dendrite_version", std::to_string(options_.version)},
      {std::string(kLegacyNonce), std::to_string(nonce)},
      {std::string(kLegacyUuid), uuid},
      {std::string(kLegacySender), sender_text},
      {std::string(kLegacySignature), keys::to_text(sender.sign(as_bytes(text), random))}};
  std::size_t header_size = 0;
  for (const net::HttpHeader& header : headers) {
    header_size += header.name.size() + header.value.size();
  }
  headers.push_back({"header_size", std::to_string(header_size)});
  headers.push_back({"total_size", std::to_string(header_size + request.body.size())});
  headers.push_back({std::string(kLegacyBodyHash), options_.body_hash});
  return headers;
}

bool Legacy::is_used_by(std::span<const net::HttpHeader> headers) const {
  return has_header(headers, kLegacySender) || has_header(headers, kLegacyNonce) ||
         has_header(headers, kLegacySignature);
}

Verdict Legacy::verify(const ReceivedRequest& request, const keys::Hotkey& self,
                       Instant now) const {
  if (request.method != "POST") {
    return Refusal{.reason = RefusalReason::kMalformed,
                   .status = kMethodNotAllowed,
                   .message = "a synapse is sent by POST"};
  }
  auto shape = read_legacy_shape(request, options_);
  const auto receiver = optional_header(request.headers, kLegacyReceiver);
  if (!shape || !receiver) {
    return Refusal{.reason = RefusalReason::kMalformed,
                   .status = kBadRequest,
                   .message = shape ? receiver.error().message : shape.error().message};
  }
  const auto signature_text = required_header(request.headers, kLegacySignature);
  if (!signature_text) {
    return unauthorized(RefusalReason::kMalformed, signature_text.error().message);
  }
  const auto signature = keys::parse_signature(*signature_text);
  if (!signature) {
    return unauthorized(RefusalReason::kMalformed,
                        "the header bt_header_dendrite_signature is not "
                        "0x and 128 digits");
  }
  const std::string self_text = self.to_ss58();
  if (*receiver && **receiver != self_text) {
    return unauthorized(RefusalReason::kWrongReceiver, "the request is for another receiver");
  }
  const Instant signed_at{std::chrono::nanoseconds(shape->nonce)};
  const Window window{.past = options_.past + shape->timeout, .future = options_.future};
  auto stale = check_freshness(signed_at, now, window, kUnauthorized);
  if (stale) return std::move(*stale);
  const std::string sender_text = shape->sender.to_ss58();
  const std::string text =
      legacy_signed_text(shape->nonce, sender_text, self_text, shape->uuid, options_.body_hash);
  if (!signers_.verify(shape->sender, as_bytes(text), *signature)) {
    return unauthorized(RefusalReason::kBadSignature,
                        "the signature is not that of the sender for this request");
  }
  // The timeout is unsigned: a repetition can claim the longest one, so that is how long to
  // remember.
  Authentic authentic{.sender = shape->sender,
                      .age = now - signed_at,
                      .marks = {mark_of(shape->sender, "legacy", std::to_string(shape->nonce))},
                      .fresh_until = signed_at + options_.past + options_.max_timeout};
  if (options_.order == NonceOrder::kIncreasing) {
    authentic.marks.push_back(mark_of(shape->sender, "legacy-order", shape->uuid,
                                      static_cast<std::uint64_t>(shape->nonce)));
  }
  return authentic;
}

std::vector<net::HttpHeader> legacy_answer_headers(const LegacyAnswer& answer) {
  return {{"name", std::string(answer.synapse)},
          {"timeout", json::python_repr(std::chrono::duration<double>(answer.timeout).count())},
          {"bt_header_axon_status_code", std::to_string(answer.status)},
          {"bt_header_axon_status_message", std::string(answer.message)},
          {"bt_header_axon_process_time", json::python_repr(answer.process_time.count())}};
}

}  // namespace assay::protocol
