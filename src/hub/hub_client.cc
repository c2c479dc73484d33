#include "hub/hub_client.h"

#include "core/check.h"
#include "core/parse_number.h"
#include "hub/hub_answer_internal.h"
#include "net/percent.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace assay::hub {
namespace {

constexpr int kMaxRedirects = 5;
constexpr std::size_t kMaxFiles = 1'000'000;

bool is_redirect(int status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

bool is_success(int status) { return status >= 200 && status < 300; }

bool is_name_part(std::string_view part) {
  const auto is_allowed = [](char letter) {
    return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
           (letter >= '0' && letter <= '9') || letter == '-' || letter == '_' || letter == '.';
  };
  return !part.empty() && part != "." && part != ".." && std::ranges::all_of(part, is_allowed);
}

std::string_view kind_path(RepoKind kind) {
  return kind == RepoKind::kDataset ? "datasets/" : "models/";
}

Result<net::HttpHeaders> range_from(std::uint64_t offset) {
  return net::HttpHeaders::create({{.name = "Range", .value = fmt::format("bytes={}-", offset)}});
}

/// Where a redirection leads. Errors: kCorrupt, kDenied, kInvalidInput.
Result<net::Url> redirected(const net::Url& from, const net::HttpResponse& response) {
  const auto location = response.header("location");
  if (!location) {
    return corrupt(fmt::format("{} redirects without saying where to", from.origin()));
  }
  ASSIGN_OR_RETURN(net::Url to,
                   with_context(resolve_reference(from, *location),
                                fmt::format("{} redirects to an address", from.origin())));
  // What came encrypted goes on encrypted.
  const bool is_weaker =
      from.scheme() == net::UrlScheme::kHttps && to.scheme() != net::UrlScheme::kHttps;
  const bool is_web = to.scheme() == net::UrlScheme::kHttps || to.scheme() == net::UrlScheme::kHttp;
  if (is_weaker || !is_web) {
    return denied(
        fmt::format("{} redirects to {}, which is not followed", from.origin(), to.origin()));
  }
  return to;
}

}  // namespace

Result<RepoAddress> parse_repo(std::string_view text, RepoKind kind) {
  const std::size_t at = text.find('@');
  const std::string_view name = text.substr(0, at);
  const std::size_t slash = name.find('/');
  const bool is_name = slash != std::string_view::npos && is_name_part(name.substr(0, slash)) &&
                       is_name_part(name.substr(slash + 1));
  RepoAddress repo{.kind = kind, .name = std::string(name)};
  if (at != std::string_view::npos) repo.revision = text.substr(at + 1);
  if (is_name && !repo.revision.empty()) return repo;
  return invalid_input(
      fmt::format("expected OWNER/NAME or OWNER/NAME@REVISION, as a hub names its {}: '{}'",
                  kind == RepoKind::kDataset ? "data sets" : "models", text));
}

std::string to_string(const RepoAddress& repo) {
  return fmt::format("{} {}{}{}", repo.kind == RepoKind::kDataset ? "data set" : "model", repo.name,
                     repo.revision == "main" ? "" : "@",
                     repo.revision == "main" ? "" : repo.revision);
}

Result<HubClient> HubClient::create(const HubTools& tools, HubOptions options) {
  net::HttpHeaders headers;
  if (!options.token.empty()) {
    if (options.endpoint.scheme() != net::UrlScheme::kHttps && !options.endpoint.is_loopback()) {
      return invalid_input(
          fmt::format("{}: a token is not sent unencrypted: name the hub by https://",
                      options.endpoint.origin()));
    }
    ASSIGN_OR_RETURN(headers,
                     with_context(net::HttpHeaders::create(
                                      {{.name = "Authorization",
                                        .value = "Bearer " + std::string(options.token.reveal())}}),
                                  "the token of the hub"));
  }
  return HubClient(tools, std::move(options), std::move(headers));
}

Result<net::HttpResponse> HubClient::ask(const RepoAddress& repo, net::HttpMethod method,
                                         const net::Url& url, const std::stop_token& stop) {
  last_status_ = 0;
  net::HttpRequest request{.method = method,
                           .url = url,
                           .timeout = options_.question_timeout,
                           .max_body = ByteCount(kMaxListingPage)};
  // Mirrors answer with addresses of the hub they mirror: those get no token.
  if (url.origin() == options_.endpoint.origin()) request.headers = with_token_;
  net::RetryPolicy policy(options_.retry, tools_.random);
  auto response =
      net::send_with_retry(tools_.transport, request, policy, tools_.clock, stop, tools_.wait);
  if (!response) return std::move(response.error()).within(to_string(repo));
  last_status_ = response->status;
  if (is_success(response->status) || is_redirect(response->status)) return response;
  return refusal(to_string(repo), *response);
}

Error HubClient::refusal(const std::string& what, const net::HttpResponse& response) const {
  const std::string_view hub = options_.endpoint.origin();
  const int status = response.status;
  if (status == 401) {
    return denied(options_.token.empty()
                      ? fmt::format("{}: {} answered 401: there is no such name, or it wants a "
                                    "token: check the name, or put a token into HF_TOKEN",
                                    what, hub)
                      : fmt::format("{}: {} answered 401: the token is not valid: make a new one "
                                    "and put it into HF_TOKEN or its file",
                                    what, hub));
  }
  if (status == 403) {
    return denied(
        fmt::format("{}: {} answered 403: {} may not read it: ask its owner for access "
                    "on its page there",
                    what, hub, options_.token.empty() ? "who has no token" : "the token's owner"));
  }
  if (status == 404) {
    return not_found(fmt::format(
        "{}: {} answered 404: no such name, revision or file there: check each", what, hub));
  }
  Error error = unavailable(
      status == 429 ? fmt::format("{}: {} answered 429: too many requests", what, hub)
                    : fmt::format("{}: {} answered {}: try again later", what, hub, status));
  if (const auto value = response.header("retry-after")) {
    error.retry_after = net::parse_retry_after(*value, tools_.clock.now());
  }
  if (error.retry_after) {
    error.message += fmt::format(", it asks to wait {}", assay::to_string(*error.retry_after));
  }
  if (status < 500 && status != 429 && status != 408) error.code = ErrorCode::kInvalidInput;
  return error;
}

Result<std::vector<HubFile>> HubClient::list(const RepoAddress& repo, const std::stop_token& stop) {
  ASSIGN_OR_RETURN(net::Url url,
                   options_.endpoint.with_target(fmt::format(
                       "/api/{}{}/tree/{}?recursive=True&expand=False", kind_path(repo.kind),
                       repo.name, net::percent_encode(repo.revision))));
  std::vector<HubFile> files;
  for (std::size_t page = 0; page < options_.max_pages; ++page) {
    net::HttpResponse response;
    for (int redirects = 0;; ++redirects) {
      ASSIGN_OR_RETURN(response, ask(repo, net::HttpMethod::kGet, url, stop));
      if (is_success(response.status)) break;
      if (redirects == kMaxRedirects)
        return unavailable(to_string(repo) + ": redirected in a ring");
      ASSIGN_OR_RETURN(url, redirected(url, response));
    }
    ASSIGN_OR_RETURN(std::vector<HubFile> more,
                     with_context(parse_listing(response.body), to_string(repo) + ": listing"));
    std::ranges::move(more, std::back_inserter(files));
    const auto next = next_page(response.header("link").value_or(""));
    if (!next) return files;
    if (files.size() > kMaxFiles) break;
    ASSIGN_OR_RETURN(url, with_context(resolve_reference(url, *next), "the next page"));
  }
  return corrupt(to_string(repo) + ": a listing without end");
}

Result<ResolvedFile> HubClient::resolve(const RepoAddress& repo, std::string_view path,
                                        const std::stop_token& stop) {
  const std::string_view folder = repo.kind == RepoKind::kDataset ? "datasets/" : "";
  ASSIGN_OR_RETURN(net::Url url,
                   options_.endpoint.with_target(fmt::format(
                       "/{}{}/resolve/{}/{}", folder, repo.name, net::percent_encode(repo.revision),
                       net::percent_encode(path, net::PercentKeep::kUnreservedAndSlash))));
  const std::string what = fmt::format("{}: {}", to_string(repo), path);
  for (int redirects = 0; redirects <= kMaxRedirects; ++redirects) {
    auto response = ask(repo, net::HttpMethod::kHead, url, stop);
    if (!response) return std::move(response.error()).within(path);
    const auto linked = response->header("x-linked-etag");
    // A repository that was renamed redirects within the hub, without naming a file.
    if (is_redirect(response->status) && !linked) {
      ASSIGN_OR_RETURN(url, redirected(url, *response));
      continue;
    }
    ResolvedFile file{.location = url};
    file.commit = response->header("x-repo-commit").value_or("");
    file.etag = plain_etag(linked.value_or(response->header("etag").value_or("")));
    const auto size = response->header(linked ? "x-linked-size" : "content-length");
    if (size) {
      const auto bytes = parse_integer(*size);
      if (!bytes || *bytes < 0) return corrupt(what + ": the hub gives no size of it");
      file.size = ByteCount(static_cast<std::uint64_t>(*bytes));
    }
    if (auto content = Sha256::parse(file.etag)) file.content = *content;
    if (is_redirect(response->status)) {
      ASSIGN_OR_RETURN(file.location, redirected(url, *response));
    }
    return file;
  }
  return unavailable(what + ": redirected in a ring");
}

Status HubClient::fetch(const ResolvedFile& file, const FetchOptions& options,
                        const OnBytes& on_bytes, const std::stop_token& stop) {
  last_status_ = 0;
  net::Url url = file.location;
  for (int redirects = 0; redirects <= kMaxRedirects; ++redirects) {
    std::optional<std::uint64_t> position;
    net::HttpRequest request{.url = url,
                             .timeout = options.timeout,
                             .max_body = options.max_size,
                             .stall_timeout = options.stall_timeout};
    // A file within git comes from the hub itself, which may want the token for it.
    if (url.origin() == options_.endpoint.origin()) request.headers = with_token_;
    if (options.offset > 0) {
      ASSIGN_OR_RETURN(const net::HttpHeaders range, range_from(options.offset));
      std::vector<net::HttpHeader> both(range.all().begin(), range.all().end());
      both.insert(both.end(), request.headers.all().begin(), request.headers.all().end());
      ASSIGN_OR_RETURN(request.headers, net::HttpHeaders::create(std::move(both)));
    }
    request.on_body = [&](const net::HttpResponse& head, std::string_view piece) -> Status {
      if (!position) {
        position = head.status == 206 ? options.offset : 0;
        if (head.status == 206 &&
            !begins_at(head.header("content-range").value_or(""), options.offset)) {
          return corrupt(fmt::format("{} sends another range than it was asked for", url.origin()));
        }
      }
      RETURN_IF_ERROR(on_bytes(*position, piece));
      *position += piece.size();
      return {};
    };
    ASSIGN_OR_RETURN(const net::HttpResponse response, tools_.transport.send(request, stop));
    last_status_ = response.status;
    if (is_success(response.status)) return {};
    if (!is_redirect(response.status)) return refusal(std::string(url.origin()), response);
    ASSIGN_OR_RETURN(url, redirected(url, response));
  }
  return unavailable("redirected in a ring");
}

}  // namespace assay::hub
