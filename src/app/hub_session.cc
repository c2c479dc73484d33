#include "app/hub_session.h"

#include "core/clock.h"
#include "core/random.h"
#include "files/atomic_file.h"
#include "files/file_system.h"
#include "net/url.h"

#include <cstdlib>
#include <filesystem>
#include <string_view>
#include <utility>
#include <vector>

namespace assay::app {
namespace {

constexpr std::string_view kDefaultEndpoint = "https://huggingface.co";
constexpr ByteCount kMaxTokenSize{4096};

std::string variable(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? std::string() : std::string(value);
}

crypto::Secret token_of(std::string text) {
  while (!text.empty() && std::string_view(" \t\r\n").contains(text.back())) text.pop_back();
  return crypto::Secret(std::move(text));
}

/// Errors: as open_hub().
Result<crypto::Secret> find_token(const HubChoices& choices) {
  files::FileSystem& file_system = files::posix_file_system();
  if (!choices.token_file.empty()) {
    auto text = files::read_file(file_system, choices.token_file, kMaxTokenSize);
    if (text) return token_of(std::move(*text));
    if (text.error().code == ErrorCode::kNotFound) {
      return missing("--token-file " + choices.token_file + ": there is no such file");
    }
    return std::move(text.error()).within("--token-file");
  }
  if (std::string token = variable("HF_TOKEN"); !token.empty()) return token_of(std::move(token));
  std::vector<std::filesystem::path> places;
  if (const std::string path = variable("HF_TOKEN_PATH"); !path.empty()) places.emplace_back(path);
  if (const std::string home = variable("HF_HOME"); !home.empty()) {
    places.push_back(std::filesystem::path(home) / "token");
  } else if (const std::string user = variable("HOME"); !user.empty()) {
    places.push_back(std::filesystem::path(user) / ".cache/huggingface/token");
  }
  for (const std::filesystem::path& place : places) {
    auto text = files::read_file(file_system, place, kMaxTokenSize);
    if (text) return token_of(std::move(*text));
  }
  return crypto::Secret();
}

}  // namespace

Result<HubSession> open_hub(const HubChoices& choices) {
  std::string address = choices.endpoint;
  if (address.empty()) address = variable("HF_ENDPOINT");
  if (address.empty()) address = kDefaultEndpoint;
  while (address.ends_with('/')) address.pop_back();
  ASSIGN_OR_RETURN(net::Url endpoint,
                   with_context(net::Url::parse(address), "the address of the hub"));
  if (endpoint.scheme() != net::UrlScheme::kHttps && endpoint.scheme() != net::UrlScheme::kHttp) {
    return invalid_input("the address of the hub: expected https:// or http://");
  }
  if (endpoint.target() != "/") {
    return invalid_input("the address of the hub: expected a host alone, without a path");
  }
  ASSIGN_OR_RETURN(crypto::Secret token, find_token(choices));
  HubSession session{.transport = net::make_http_transport(net::HttpOptions::from_environment()),
                     .client = nullptr};
  ASSIGN_OR_RETURN(
      hub::HubClient client,
      hub::HubClient::create(
          {.transport = *session.transport, .clock = system_clock(), .random = system_random()},
          {.endpoint = std::move(endpoint), .token = std::move(token)}));
  session.client = std::make_unique<hub::HubClient>(std::move(client));
  return session;
}

}  // namespace assay::app
