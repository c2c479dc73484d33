#include "net/google_token.h"

#include "crypto/base64.h"
#include "json/value.h"
#include "json/writer.h"
#include "net/percent.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

namespace assay::net {
namespace {

constexpr std::string_view kGrantType = "urn:ietf:params:oauth:grant-type:jwt-bearer";
constexpr std::chrono::seconds kGrantLifetime = std::chrono::hours(1);
constexpr ByteCount kMaxTokenAnswer(64U << 10);
// In seconds; a token that claims to live longer is renewed all the same.
constexpr std::int64_t kLongestLife = 86'400;
// After a renewal ahead of time has failed.
constexpr std::chrono::seconds kRenewalPause(30);

std::int64_t unix_seconds(Timestamp time) {
  return std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
}

std::string base64_url(std::string_view text) {
  return crypto::base64_encode(as_bytes(text), crypto::Base64Alphabet::kUrlSafe,
                               crypto::Base64Padding::kUnpadded);
}

Status check_fields(const json::Value& file) {
  if (file.object() == nullptr) {
    return invalid_input(
        fmt::format("not a service-account key: {}, not an object", file.kind_name()));
  }
  const json::Value* const type = file.find("type");
  if (type != nullptr && type->text() != nullptr && *type->text() != "service_account") {
    return invalid_input(
        R"(not a service-account key: "type" is not "service_account"; make a key of that kind)");
  }
  std::vector<std::string> wrong;
  for (const std::string_view name : {"type", "client_email", "private_key", "token_uri"}) {
    const json::Value* const field = file.find(name);
    if (field == nullptr) {
      wrong.push_back(fmt::format("\"{}\" is absent", name));
    } else if (field->text() == nullptr) {
      wrong.push_back(fmt::format("\"{}\" is {}, not a text", name, field->kind_name()));
    } else if (field->text()->empty()) {
      wrong.push_back(fmt::format("\"{}\" is empty", name));
    }
  }
  if (wrong.empty()) return {};
  return invalid_input(fmt::format("not a whole service-account key: {}; download it again",
                                   fmt::join(wrong, ", ")));
}

// The service's own word for what is wrong, if it is one: free text could echo what we sent.
std::string refusal_word(const HttpResponse& response) {
  const auto answer = json::parse(response.body, {.max_size = kMaxTokenAnswer});
  if (!answer) return "";
  const json::Value* const error = answer->find("error");
  if (error == nullptr || error->text() == nullptr) return "";
  const std::string& word = *error->text();
  const auto is_plain = [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; };
  if (word.size() > 40 || !std::ranges::all_of(word, is_plain)) return "";
  return fmt::format(", {}", word);
}

}  // namespace

Result<ServiceAccountKey> ServiceAccountKey::parse(std::string_view json) {
  auto file = json::parse(json);
  if (!file) {
    return invalid_input(
        "not a service-account key: not JSON; is it the file that was downloaded?");
  }
  RETURN_IF_ERROR(check_fields(*file));
  ASSIGN_OR_RETURN(std::string pem_text, file->require_text("private_key"));
  const crypto::Secret pem(std::move(pem_text));
  auto private_key = crypto::RsaPrivateKey::parse_pem(pem.reveal());
  if (!private_key) {
    return std::move(private_key.error()).within("service-account key: \"private_key\"");
  }
  ASSIGN_OR_RETURN(const std::string token_uri_text, file->require_text("token_uri"));
  auto token_uri = Url::parse(token_uri_text);
  if (!token_uri) return std::move(token_uri.error()).within("service-account key: \"token_uri\"");
  const bool is_safe = token_uri->scheme() == UrlScheme::kHttps ||
                       (token_uri->scheme() == UrlScheme::kHttp && token_uri->is_loopback());
  if (!is_safe) {
    return invalid_input(
        "service-account key: \"token_uri\": the account's grant would travel in the clear: use "
        "https");
  }
  ASSIGN_OR_RETURN(std::string client_email, file->require_text("client_email"));
  return ServiceAccountKey{.client_email = std::move(client_email),
                           .private_key_id = file->require_text("private_key_id").value_or(""),
                           .private_key = std::move(*private_key),
                           .token_uri = std::move(*token_uri)};
}

GoogleTokenSource::GoogleTokenSource(ServiceAccountKey key, HttpTransport& transport,
                                     const Clock& clock, RandomSource& random,
                                     GoogleTokenOptions options)
    : key_(std::move(key)),
      transport_(&transport),
      clock_(&clock),
      options_(std::move(options)),
      retry_(options_.retry, random) {}

Result<AccessToken> GoogleTokenSource::token(std::stop_token stop) {
  const std::scoped_lock lock(mutex_);
  const Timestamp now = clock_->now();
  if (token_ && now < renew_at_) return *token_;
  Result<AccessToken> next = fetch(std::move(stop));
  if (!next && next.error().code != ErrorCode::kCancelled && token_ && now < token_->expires) {
    renew_at_ = std::min(now + kRenewalPause, token_->expires);
    return *token_;
  }
  return next;
}

Result<AccessToken> GoogleTokenSource::renew(std::uint64_t generation, std::stop_token stop) {
  const std::scoped_lock lock(mutex_);
  if (token_ && token_->generation != generation) return *token_;
  return fetch(std::move(stop));
}

Result<AccessToken> GoogleTokenSource::fetch(std::stop_token stop) {
  const Timestamp now = clock_->now();
  ASSIGN_OR_RETURN(std::string body, grant(now));
  ASSIGN_OR_RETURN(HttpHeaders headers,
                   HttpHeaders::create({{"Content-Type", "application/x-www-form-urlencoded"}}));
  const HttpRequest request{.method = HttpMethod::kPost,
                            .url = key_.token_uri,
                            .headers = std::move(headers),
                            .body = std::move(body),
                            .timeout = options_.timeout,
                            .max_body = kMaxTokenAnswer};
  auto response = send_with_retry(*transport_, request, retry_, *clock_, std::move(stop));
  if (!response) return std::move(response.error()).within("get an access token");
  auto token = with_context(read_answer(*response, clock_->now()), "get an access token");
  crypto::wipe(response->body);
  if (token) token_ = *token;
  return token;
}

Result<std::string> GoogleTokenSource::grant(Timestamp now) const {
  json::Writer header;
  header.begin_object().name("alg").text("RS256").name("typ").text("JWT");
  if (!key_.private_key_id.empty()) header.name("kid").text(key_.private_key_id);
  header.end_object();
  json::Writer claims;
  claims.begin_object();
  claims.name("iss").text(key_.client_email).name("scope").text(options_.scope);
  claims.name("aud").text(key_.token_uri.text());
  claims.name("iat").integer(unix_seconds(now));
  claims.name("exp").integer(unix_seconds(now + kGrantLifetime)).end_object();

  std::string assertion = base64_url(header.take()) + "." + base64_url(claims.take());
  ASSIGN_OR_RETURN(const std::vector<std::byte> signature,
                   key_.private_key.sign_rs256(as_bytes(assertion)));
  return fmt::format("grant_type={}&assertion={}.{}", percent_encode(kGrantType), assertion,
                     base64_url(as_text(signature)));
}

Result<AccessToken> GoogleTokenSource::read_answer(const HttpResponse& response, Timestamp now) {
  const std::string_view service = key_.token_uri.origin();
  if (is_retryable_status(response.status)) {
    return unavailable(fmt::format("{} answered {}", service, response.status));
  }
  if (response.status != 200) {
    return denied(fmt::format(
        "{} refuses the service account ({}{}): is the key still valid, and this machine's clock "
        "right?",
        service, response.status, refusal_word(response)));
  }
  const auto answer = json::parse(response.body, {.max_size = kMaxTokenAnswer});
  if (!answer) return corrupt(fmt::format("{} gave an answer that is not JSON", service));
  const auto text = answer->require_text("access_token");
  const auto lifetime = answer->require_integer("expires_in");
  if (!text || text->empty() || !lifetime || *lifetime <= 0) {
    return corrupt(fmt::format("{} gave an answer without access_token and expires_in", service));
  }
  auto secret = std::make_shared<const crypto::Secret>(std::string_view(*text));
  auto headers =
      HttpHeaders::create({{"Authorization", fmt::format("Bearer {}", secret->reveal())}});
  if (!headers) return corrupt(fmt::format("{} gave a token that HTTP cannot carry", service));
  const std::chrono::seconds life(std::min(*lifetime, kLongestLife));
  renew_at_ = now + life - std::min<std::chrono::seconds>(options_.renew_before, life / 2);
  return AccessToken{.authorization = std::move(*headers),
                     .text = std::move(secret),
                     .expires = now + life,
                     .generation = ++num_tokens_};
}

}  // namespace assay::net
