/// \file
/// AWS Signature Version 4: signs requests to S3 and to services that speak its protocol.

#pragma once

#include "core/result.h"
#include "core/timestamp.h"
#include "crypto/secret.h"
#include "net/http_message.h"

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace assay::net {

struct SigV4Credentials {
  std::string access_key_id;
  crypto::Secret secret_access_key;
  /// Of temporary credentials; empty for others.
  crypto::Secret session_token;
};

/// The SHA-256 of no bytes, in hex: the payload hash of GET and HEAD.
inline constexpr std::string_view kEmptyPayloadHash =
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
/// What stands in place of the payload hash where TLS protects the body.
inline constexpr std::string_view kUnsignedPayload = "UNSIGNED-PAYLOAD";

struct SigV4Request {
  HttpMethod method = HttpMethod::kGet;
  const Url& url;
  /// To be signed and sent as well; host and the x-amz- headers of signing itself are added.
  std::span<const HttpHeader> headers = {};
  /// SHA-256 of the body in hex, or kUnsignedPayload.
  std::string_view payload_hash = kEmptyPayloadHash;
  Timestamp time;
};

/// Signs for one account, region and service. Keeps the key of the day.
/// Threads: one thread at a time.
class SigV4Signer {
 public:
  /// For "s3" the path is encoded once and x-amz-content-sha256 is sent; every other service wants
  /// the path without dots, encoded twice, and the header left out.
  SigV4Signer(SigV4Credentials credentials, std::string region, std::string service);

  /// Every header to send, those given included. What is sent must be exactly what was signed: the
  /// signature holds for 15 minutes around `time`.
  /// Errors: kInvalidInput (a header that HTTP does not allow, a % without digits).
  Result<HttpHeaders> sign(const SigV4Request& request);

 private:
  bool is_s3() const { return service_ == "s3"; }
  std::vector<HttpHeader> headers_to_sign(const SigV4Request& request, std::string_view time) const;
  Result<std::string> canonical_path(std::string_view path) const;
  std::string_view key_of_day(std::string_view date);

  SigV4Credentials credentials_;
  std::string region_;
  std::string service_;
  std::string day_;
  crypto::Secret day_key_;
};

}  // namespace assay::net
