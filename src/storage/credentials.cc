#include "storage/credentials.h"

#include "core/bytes.h"
#include "files/atomic_file.h"
#include "storage/aws_profile_internal.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <utility>

namespace assay::storage {
namespace {

namespace fs = std::filesystem;

constexpr ByteCount kMaxCredentialFile{std::uint64_t{1} << 20};

// A host, with a scheme and a port or without, as `http://host:port`.
Result<std::string> parse_endpoint(std::string_view variable, std::string_view text,
                                   std::string_view default_scheme) {
  const auto refuse = [&](std::string_view why) {
    // Not the value: it may hold a password by mistake.
    return invalid_input(fmt::format("{}: {}; give http://host:port", variable, why));
  };
  std::string_view scheme = default_scheme;
  if (const std::size_t split = text.find("://"); split != std::string_view::npos) {
    scheme = text.substr(0, split);
    text.remove_prefix(split + 3);
  }
  if (scheme != "http" && scheme != "https") return refuse("the scheme is neither http nor https");
  while (text.ends_with('/')) text.remove_suffix(1);
  if (text.empty()) return refuse("there is no host");
  if (text.contains('@')) return refuse("a user name does not belong there");
  const bool is_clean = std::ranges::all_of(text, [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '.' || c == '-' || c == '_' || c == ':' || c == '[' ||
           c == ']';
  });
  if (!is_clean) return refuse("only a host and a port belong there");
  return fmt::format("{}://{}", scheme, text);
}

Result<std::string> find_endpoint(const Environment& environment,
                                  std::span<const std::string_view> variables,
                                  std::string_view default_scheme) {
  for (const std::string_view variable : variables) {
    if (const auto value = environment(variable)) {
      return parse_endpoint(variable, *value, default_scheme);
    }
  }
  return std::string();
}

class AwsSearch {
 public:
  AwsSearch(files::FileSystem& file_system, const Environment& environment,
            const CredentialRequest& request)
      : file_system_(&file_system), environment_(&environment), request_(&request) {}

  Result<AwsAccess> run() {
    constexpr std::array<std::string_view, 2> kEndpoints = {"AWS_ENDPOINT_URL_S3",
                                                            "AWS_ENDPOINT_URL"};
    AwsAccess access;
    ASSIGN_OR_RETURN(access.endpoint, find_endpoint(*environment_, kEndpoints, "https"));
    if (request_->use == CredentialRequest::Use::kAnonymous) {
      access.access = Access::kAnonymous;
      access.origin = "--credentials";
    } else if (!request_->aws_profile) {
      RETURN_IF_ERROR(look_in_environment(access));
    }
    RETURN_IF_ERROR(look_in_files(access));
    for (const std::string_view variable : {"AWS_DEFAULT_REGION", "AWS_REGION"}) {
      if (auto region = (*environment_)(variable)) access.region = std::move(*region);
    }
    return access;
  }

 private:
  Status look_in_environment(AwsAccess& access) const {
    auto id = (*environment_)("AWS_ACCESS_KEY_ID");
    auto secret = (*environment_)("AWS_SECRET_ACCESS_KEY");
    if (!id && !secret) return {};
    if (!id || !secret) {
      return missing(fmt::format("{} is set without {}; set both or none",
                                 id ? "AWS_ACCESS_KEY_ID" : "AWS_SECRET_ACCESS_KEY",
                                 id ? "AWS_SECRET_ACCESS_KEY" : "AWS_ACCESS_KEY_ID"));
    }
    access.access = Access::kKey;
    access.keys.access_key_id = std::move(*id);
    access.keys.secret_access_key = crypto::Secret(std::move(*secret));
    if (auto token = (*environment_)("AWS_SESSION_TOKEN")) {
      access.keys.session_token = crypto::Secret(std::move(*token));
    }
    access.origin = "AWS_ACCESS_KEY_ID";
    return {};
  }

  // The keys, unless there are some already, and the region.
  Status look_in_files(AwsAccess& access) const {
    const auto asked_profile =
        request_->aws_profile ? request_->aws_profile : (*environment_)("AWS_PROFILE");
    const std::string name = asked_profile.value_or("default");
    struct Place {
      std::string_view variable;
      std::string_view file;
    };
    constexpr std::array kPlaces = {Place{"AWS_SHARED_CREDENTIALS_FILE", ".aws/credentials"},
                                    Place{"AWS_CONFIG_FILE", ".aws/config"}};
    bool is_there = false;
    for (const Place& place : kPlaces) {
      const auto named = (*environment_)(place.variable);
      const auto home = (*environment_)("HOME");
      if (!named && !home) continue;
      const fs::path path = named ? fs::path(*named) : fs::path(*home) / place.file;
      auto profile = read_profile(path, name);
      if (!profile && access.access != Access::kAbsent) continue;  // only a region is lost
      if (!profile) return std::move(profile.error());
      if (!*profile) continue;
      is_there = true;
      RETURN_IF_ERROR(
          take_profile(**profile, fmt::format("profile {} of {}", name, path.native()), access));
    }
    if (!is_there && asked_profile && access.access == Access::kAbsent) {
      return missing(fmt::format(
          "there is no AWS profile {} in ~/.aws/credentials or ~/.aws/config; check its name",
          name));
    }
    return {};
  }

  Result<std::optional<AwsProfile>> read_profile(const fs::path& path,
                                                 const std::string& name) const {
    auto text = files::read_file(*file_system_, path, kMaxCredentialFile);
    if (!text && text.error().code == ErrorCode::kNotFound) return std::optional<AwsProfile>();
    if (!text) return std::move(text.error()).within("AWS credentials");
    const crypto::Secret wiped_later(std::move(*text));
    auto profiles = parse_aws_profiles(wiped_later.reveal());
    if (!profiles) return std::move(profiles.error()).within(path.native());
    const auto found = profiles->find(name);
    if (found == profiles->end()) return std::optional<AwsProfile>();
    return std::optional(std::move(found->second));
  }

  static Status take_profile(AwsProfile& profile, const std::string& origin, AwsAccess& access) {
    const auto region = profile.find("region");
    if (region != profile.end()) access.region = region->second.reveal();
    if (access.access != Access::kAbsent) return {};
    const auto id = profile.find("aws_access_key_id");
    const auto secret = profile.find("aws_secret_access_key");
    if (id == profile.end() && secret == profile.end()) return {};
    if (id == profile.end() || secret == profile.end()) {
      return missing(
          fmt::format("{} has only one of aws_access_key_id and aws_secret_access_key", origin));
    }
    access.access = Access::kKey;
    access.keys.access_key_id = id->second.reveal();
    access.keys.secret_access_key = std::move(secret->second);
    if (const auto token = profile.find("aws_session_token"); token != profile.end()) {
      access.keys.session_token = std::move(token->second);
    }
    access.origin = origin;
    return {};
  }

  files::FileSystem* file_system_;
  const Environment* environment_;
  const CredentialRequest* request_;
};

Result<GcsAccess> find_gcs_access(files::FileSystem& file_system, const Environment& environment,
                                  const CredentialRequest& request) {
  constexpr std::array<std::string_view, 1> kEndpoints = {"STORAGE_EMULATOR_HOST"};
  GcsAccess access;
  ASSIGN_OR_RETURN(access.endpoint, find_endpoint(environment, kEndpoints, "http"));
  if (request.use == CredentialRequest::Use::kAnonymous) {
    access.access = Access::kAnonymous;
    access.origin = "--credentials";
    return access;
  }
  const auto named = environment("GOOGLE_APPLICATION_CREDENTIALS");
  if (!request.gcs_key_file && !named) {
    if (access.endpoint.empty()) return access;
    access.access = Access::kAnonymous;
    access.origin = "STORAGE_EMULATOR_HOST is set and no key is";
    return access;
  }
  access.key_file = request.gcs_key_file ? *request.gcs_key_file : fs::path(*named);
  access.origin = request.gcs_key_file ? "--credentials" : "GOOGLE_APPLICATION_CREDENTIALS";
  auto text = files::read_file(file_system, access.key_file, kMaxCredentialFile);
  if (!text) {
    Error error = std::move(text.error());
    // What the work needs is absent, not something that was looked for.
    if (error.code == ErrorCode::kNotFound) {
      return missing(
          fmt::format("Credentials file not found: {} ({}); name the key file of a service account",
                      access.key_file.string(), access.origin));
    }
    return std::move(error).within(fmt::format("Google credentials ({})", access.origin));
  }
  access.access = Access::kKey;
  access.key_json = crypto::Secret(std::move(*text));
  return access;
}

std::string describe(Access access, std::string_view origin, std::string_view endpoint) {
  std::string text;
  switch (access) {
    case Access::kAbsent:
      text = "no credentials";
      break;
    case Access::kAnonymous:
      text = fmt::format("anonymous ({})", origin);
      break;
    case Access::kKey:
      text = fmt::format("key *** ({})", origin);
      break;
  }
  if (!endpoint.empty()) text += fmt::format(", endpoint {}", endpoint);
  return text;
}

}  // namespace

Environment process_environment() {
  return [](std::string_view name) -> std::optional<std::string> {
    const char* value = std::getenv(std::string(name).c_str());
    if (value == nullptr || *value == '\0') return std::nullopt;
    return value;
  };
}

AwsKeys AwsKeys::copy() const {
  return {.access_key_id = access_key_id,
          .secret_access_key = secret_access_key.copy(),
          .session_token = session_token.copy()};
}

std::string to_string(const AwsAccess& access) {
  return fmt::format("AWS: {}, region {}", describe(access.access, access.origin, access.endpoint),
                     access.region);
}

std::string to_string(const GcsAccess& access) {
  return fmt::format("Google: {}", describe(access.access, access.origin, access.endpoint));
}

Credentials resolve_credentials(files::FileSystem& file_system, const Environment& environment,
                                const CredentialRequest& request) {
  return {.aws = AwsSearch(file_system, environment, request).run(),
          .gcs = find_gcs_access(file_system, environment, request)};
}

}  // namespace assay::storage
