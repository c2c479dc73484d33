#include "protocol/epistula.h"

#include "core/bytes.h"
#include "crypto/digest.h"
#include "json/python_repr.h"
#include "protocol/request_fields_internal.h"

#include <fmt/format.h>

#include <cmath>
#include <limits>
#include <string>
#include <utility>

namespace assay::protocol {
namespace {

constexpr std::string_view kEpistulaVersion = "Epistula-Version";
constexpr std::string_view kEpistulaTimestamp = "Epistula-Timestamp";
constexpr std::string_view kEpistulaUuid = "Epistula-Uuid";
constexpr std::string_view kEpistulaSignedBy = "Epistula-Signed-By";
constexpr std::string_view kEpistulaSignedFor = "Epistula-Signed-For";
constexpr std::string_view kEpistulaSignature = "Epistula-Request-Signature";

/// Beyond it a time in milliseconds would not fit one in nanoseconds.
constexpr std::int64_t kMaxTimestamp = std::numeric_limits<std::int64_t>::max() / 1'000'000;

struct EpistulaShape {
  keys::Hotkey sender;
  std::string_view uuid = {};
  std::string_view timestamp = {};
  Instant signed_at = {};
  keys::Signature signature{};
  std::string_view receiver = {};
};

std::string epistula_signed_text(std::string_view body, std::string_view uuid,
                                 std::string_view timestamp, std::string_view receiver) {
  return fmt::format("{}.{}.{}.{}", crypto::sha256(body).to_hex(), uuid, timestamp, receiver);
}

Result<EpistulaShape> read_epistula_shape(std::span<const net::HttpHeader> headers) {
  ASSIGN_OR_RETURN(const std::string_view version, required_header(headers, kEpistulaVersion));
  if (version != "2") return invalid_input("the header Epistula-Version is not 2");
  ASSIGN_OR_RETURN(const std::string_view sender, required_header(headers, kEpistulaSignedBy));
  ASSIGN_OR_RETURN(const keys::Hotkey hotkey, parse_hotkey(kEpistulaSignedBy, sender));
  EpistulaShape shape{.sender = hotkey};
  ASSIGN_OR_RETURN(shape.uuid, required_header(headers, kEpistulaUuid));
  if (!is_uuid(shape.uuid)) return invalid_input("the header Epistula-Uuid is no UUID");
  ASSIGN_OR_RETURN(shape.timestamp, required_header(headers, kEpistulaTimestamp));
  ASSIGN_OR_RETURN(const std::int64_t time, parse_digits(kEpistulaTimestamp, shape.timestamp));
  if (time > kMaxTimestamp)
    return invalid_input("the header Epistula-Timestamp is beyond all time");
  shape.signed_at = Instant(std::chrono::milliseconds(time));
  ASSIGN_OR_RETURN(const std::string_view signature, required_header(headers, kEpistulaSignature));
  ASSIGN_OR_RETURN(shape.signature,
                   with_context(keys::parse_signature(signature), kEpistulaSignature));
  ASSIGN_OR_RETURN(const auto receiver, optional_header(headers, kEpistulaSignedFor));
  shape.receiver = receiver.value_or("");
  return shape;
}

/// Python writes the interval as a float.
std::string secret_text(std::int64_t timestamp_ms, int offset, std::string_view receiver) {
  const double interval = std::ceil(static_cast<double>(timestamp_ms) / 1e4) * 1e4 + offset;
  return json::python_repr(interval) + "." + std::string(receiver);
}

}  // namespace

Result<std::vector<net::HttpHeader>> Epistula::sign(const OutgoingRequest& request,
                                                    const keys::KeyPair& sender, Instant now,
                                                    RandomSource& random) const {
  RETURN_IF_ERROR(check_signable(request));
  const std::int64_t time =
      std::chrono::floor<std::chrono::milliseconds>(now).time_since_epoch().count();
  const std::string timestamp = std::to_string(time);
  const std::string uuid = make_uuid(random);
  const std::string receiver = request.receiver.to_ss58();
  const auto signature_of = [&](std::string_view text) {
    return keys::to_text(sender.sign(as_bytes(text), random));
  };
  std::vector<net::HttpHeader> headers = {
      {std::string(kEpistulaVersion), "2"},
      {std::string(kEpistulaTimestamp), timestamp},
      {std::string(kEpistulaUuid), uuid},
      {std::string(kEpistulaSignedBy), sender.hotkey().to_ss58()},
      {std::string(kEpistulaSignature),
       signature_of(epistula_signed_text(request.body, uuid, timestamp, receiver))},
      {std::string(kEpistulaSignedFor), receiver}};
  for (int number = 0; number < 3; ++number) {
    headers.push_back({fmt::format("Epistula-Secret-Signature-{}", number),
                       signature_of(secret_text(time, number - 1, receiver))});
  }
  return headers;
}

bool Epistula::is_used_by(std::span<const net::HttpHeader> headers) const {
  return has_header(headers, kEpistulaVersion) || has_header(headers, kEpistulaSignature);
}

Verdict Epistula::verify(const ReceivedRequest& request, const keys::Hotkey& self,
                         Instant now) const {
  auto shape = read_epistula_shape(request.headers);
  if (!shape) {
    return Refusal{.reason = RefusalReason::kMalformed,
                   .status = kBadRequest,
                   .message = std::move(shape.error().message)};
  }
  if (shape->receiver != self.to_ss58()) {
    return Refusal{.reason = RefusalReason::kWrongReceiver,
                   .status = kBadRequest,
                   .message = "the request is signed for another receiver, or for none"};
  }
  auto stale = check_freshness(shape->signed_at, now,
                               {.past = options_.past, .future = options_.future}, kUnauthorized);
  if (stale) return std::move(*stale);
  const std::string text =
      epistula_signed_text(request.body, shape->uuid, shape->timestamp, shape->receiver);
  if (!signers_.verify(shape->sender, as_bytes(text), shape->signature)) {
    return Refusal{.reason = RefusalReason::kBadSignature,
                   .status = kUnauthorized,
                   .message = "the signature is not that of the sender for this request"};
  }
  return Authentic{.sender = shape->sender,
                   .age = now - shape->signed_at,
                   .marks = {mark_of(shape->sender, "epistula", shape->uuid)},
                   .fresh_until = shape->signed_at + options_.past};
}

}  // namespace assay::protocol
