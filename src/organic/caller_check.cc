#include "organic/caller_check.h"

#include "core/bytes.h"
#include "crypto/base64.h"
#include "crypto/digest.h"
#include "crypto/ed25519.h"
#include "json/value.h"
#include "organic/access_token.h"
#include "protocol/btauth.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <span>
#include <utility>

namespace assay::organic {
namespace {

constexpr std::size_t kSignatureSize = 64;
constexpr std::size_t kPublicKeySize = 32;
/// Of a digest, enough digits to tell clients apart in a log.
constexpr std::size_t kShownDigits = 8;

std::vector<std::unique_ptr<protocol::Scheme>> schemes() {
  std::vector<std::unique_ptr<protocol::Scheme>> made;
  made.push_back(std::make_unique<protocol::Btauth>());
  return made;
}

CallerRefusal unauthenticated(std::string message) {
  return {.status = 401, .message = std::move(message)};
}

}  // namespace

Result<OldCredentials> parse_old_credentials(std::string_view json) {
  ASSIGN_OR_RETURN(const json::Value value, json::parse(json));
  ASSIGN_OR_RETURN(std::string message, value.require_text("message"));
  ASSIGN_OR_RETURN(const std::string text, value.require_text("signature"));
  ASSIGN_OR_RETURN(std::vector<std::byte> signature,
                   with_context(crypto::base64_decode(text), "\"signature\" of the credentials"));
  if (signature.size() != kSignatureSize) {
    return invalid_input(fmt::format("\"signature\" of the credentials: expected {} bytes, not {}",
                                     kSignatureSize, signature.size()));
  }
  return OldCredentials{.message = std::move(message), .signature = std::move(signature)};
}

CallerCheck::CallerCheck(const keys::Hotkey& self, CallerOptions options, const Clock& clock)
    : self_(self),
      options_(std::move(options)),
      clock_(&clock),
      gate_(self, schemes(), [this](const keys::Hotkey& sender) -> std::optional<std::string> {
        if (sender == self_ || std::ranges::count(options_.allowed, sender) > 0) {
          return std::nullopt;
        }
        return "this hotkey may not ask here";
      }) {}

void CallerCheck::trust(OldCredentials credentials) {
  const std::scoped_lock lock(mutex_);
  credentials_ = std::move(credentials);
}

CallerCheck::Verdict CallerCheck::judge(const net::ServedRequest& request) {
  if (protocol::Btauth().is_used_by(request.headers)) return judge_signature(request);
  const auto is_authorization = [](const net::HttpHeader& header) {
    return net::equal_ignoring_case(header.name, "Authorization");
  };
  const auto count = std::ranges::count_if(request.headers, is_authorization);
  if (count == 0) return unauthenticated("Authorization header missing");
  if (count > 1) return unauthenticated("there must be one Authorization header");
  return judge_bearer(request.header("Authorization").value_or(""));
}

CallerCheck::Verdict CallerCheck::judge_signature(const net::ServedRequest& request) {
  const auto verdict = gate_.check({.method = net::to_string(request.method),
                                    .target = request.raw_target,
                                    .headers = request.headers,
                                    .body = request.body},
                                   clock_->now());
  if (const auto* refusal = std::get_if<protocol::Refusal>(&verdict)) {
    return CallerRefusal{.status = refusal->status, .message = refusal->message};
  }
  return Caller{.name = std::get<protocol::Authentic>(verdict).sender.to_ss58()};
}

CallerCheck::Verdict CallerCheck::judge_bearer(std::string_view authorization) const {
  constexpr std::string_view kBearer = "Bearer ";
  if (authorization.size() > kBearer.size() &&
      net::equal_ignoring_case(authorization.substr(0, kBearer.size()), kBearer)) {
    auto grant = read_access_token(authorization.substr(kBearer.size()), self_, clock_->now());
    if (!grant) return unauthenticated(std::move(grant.error().message));
    return Caller{.name = std::move(grant->client)};
  }
  if (options_.old_bearer == CallerOptions::OldBearer::kTaken) {
    return judge_old_bearer(authorization);
  }
  return unauthenticated("Authorization: expected a bearer token of this validator");
}

CallerCheck::Verdict CallerCheck::judge_old_bearer(std::string_view public_key) const {
  const auto key = crypto::base64_decode(public_key);
  if (!key || key->size() != kPublicKeySize) {
    return unauthenticated("Authorization: expected a public key in base64");
  }
  const std::scoped_lock lock(mutex_);
  if (!credentials_) return unauthenticated("the validator has no credentials yet");
  if (!crypto::verify_ed25519(std::span(*key).first<kPublicKeySize>(),
                              as_bytes(credentials_->message),
                              std::span(credentials_->signature).first<kSignatureSize>())) {
    return unauthenticated("the public key is not that of the credentials");
  }
  return Caller{.name = "old-" + crypto::sha256(*key).to_hex().substr(0, kShownDigits)};
}

}  // namespace assay::organic
