/// \file
/// Who we are to the object stores: found once, kept apart from every address and message.

#pragma once

#include "core/result.h"
#include "crypto/secret.h"
#include "files/file_system.h"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace assay::storage {

/// The variables of the environment; nothing for one that is not set or empty.
using Environment = std::function<std::optional<std::string>(std::string_view name)>;

/// The environment of this process. Threads: none may change it meanwhile.
Environment process_environment();

enum class Access : std::uint8_t {
  kAbsent,     ///< Nothing was found and nothing was asked for.
  kAnonymous,  ///< Requests are not signed; only public objects can be seen.
  kKey,
};

struct AwsKeys {
  std::string access_key_id;
  crypto::Secret secret_access_key;
  crypto::Secret session_token;  ///< Empty for keys that do not expire.

  AwsKeys copy() const;
};

struct AwsAccess {
  Access access = Access::kAbsent;
  AwsKeys keys;  ///< Of kKey.
  std::string region = "us-east-1";
  std::string endpoint;  ///< `http://host:port`; empty for Amazon's own.
  std::string origin;    ///< Where the keys came from, for people.
};

struct GcsAccess {
  Access access = Access::kAbsent;
  std::filesystem::path key_file;  ///< Of kKey.
  crypto::Secret key_json;         ///< The text of the key file, as it is.
  std::string endpoint;            ///< `http://host:port`; empty for Google's own.
  std::string origin;
};

/// For people and logs: no part of a key is in it.
std::string to_string(const AwsAccess& access);
std::string to_string(const GcsAccess& access);

/// What the user asked for; it wins over the environment.
struct CredentialRequest {
  std::optional<std::filesystem::path> gcs_key_file = std::nullopt;
  std::optional<std::string> aws_profile = std::nullopt;
  /// kAnonymous uses no key even if there is one.
  enum class Use : std::uint8_t { kWhatIsFound, kAnonymous } use = Use::kWhatIsFound;
};

/// Each store's own; what could not be found out is an error only for the one who needs it.
struct Credentials {
  Result<AwsAccess> aws;
  Result<GcsAccess> gcs;
};

/// What to tell someone who has none.
inline constexpr std::string_view kNoAwsCredentials =
    "no AWS credentials; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE to a "
    "profile of ~/.aws/credentials";
inline constexpr std::string_view kNoGoogleCredentials =
    "no Google credentials; set GOOGLE_APPLICATION_CREDENTIALS to the key file of a service "
    "account";

/// Find the credentials and endpoints.
///
/// AWS, first of: the requested profile; AWS_ACCESS_KEY_ID with AWS_SECRET_ACCESS_KEY (and
/// AWS_SESSION_TOKEN); the profile AWS_PROFILE or `default` of AWS_SHARED_CREDENTIALS_FILE
/// (~/.aws/credentials) or AWS_CONFIG_FILE (~/.aws/config). Region: AWS_REGION, AWS_DEFAULT_REGION,
/// the profile's. Endpoint: AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL.
/// GCS, first of: the requested key file; GOOGLE_APPLICATION_CREDENTIALS; anonymous when
/// STORAGE_EMULATOR_HOST names an endpoint.
///
/// Errors (in the results): kMissing (a named file or profile that is not there, half a pair of
///         keys), kDenied, kInvalidInput (an endpoint or file that cannot be read as one),
///         kExhausted (a file over 1 MiB). None shows a value.
Credentials resolve_credentials(files::FileSystem& file_system, const Environment& environment,
                                const CredentialRequest& request);

}  // namespace assay::storage
