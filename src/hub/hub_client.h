/// \file
/// Asks a hub of data sets and models what it has, and reads its files.

#pragma once

#include "core/bytes.h"
#include "core/clock.h"
#include "core/random.h"
#include "core/result.h"
#include "core/sha256.h"
#include "crypto/secret.h"
#include "net/http_client.h"
#include "net/retry_policy.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace assay::hub {

enum class RepoKind : std::uint8_t { kDataset, kModel };

/// Whose files are meant, and in which state.
struct RepoAddress {
  RepoKind kind = RepoKind::kDataset;
  std::string name = {};  ///< `owner/name`.
  /// A branch, a tag or a commit; only a commit is always the same.
  std::string revision = "main";
};

/// Read `owner/name`, with `@revision` if wanted. Errors: kInvalidInput.
Result<RepoAddress> parse_repo(std::string_view text, RepoKind kind);
/// `data set owner/name`, with the revision unless it is `main`: for messages.
std::string to_string(const RepoAddress& repo);

/// A file as the listing has it.
struct HubFile {
  std::string path = {};  ///< Within the repository.
  ByteCount size = {};
  /// What git calls this content: another content has another one.
  std::string object = {};
  /// Of files that are kept outside git, as all large ones are.
  std::optional<Sha256> content = {};
};

/// Where the bytes of a file are now, and which they are.
struct ResolvedFile {
  net::Url location;
  std::string commit = {};
  std::string etag = {};  ///< Without quotes.
  std::optional<ByteCount> size = {};
  std::optional<Sha256> content = {};
};

/// What a client works with; all outlive it.
struct HubTools {
  net::HttpTransport& transport;
  Clock& clock;
  RandomSource& random;
  net::Wait wait = net::wait_for;
};

struct HubOptions {
  /// `https://huggingface.co`, or one that speaks as it does.
  net::Url endpoint;
  /// Sent to the endpoint alone, never to where it redirects to; empty: asked without a name.
  crypto::Secret token = {};
  /// Of single questions; files are asked for as DownloadOptions say.
  net::RetryOptions retry = {
      .initial_delay = std::chrono::seconds(1), .max_tries = 3, .total = std::chrono::seconds(60)};
  std::chrono::milliseconds question_timeout = std::chrono::seconds(30);
  /// A listing of more pages is no listing.
  std::size_t max_pages = 1000;
};

/// Threads: one thread at a time.
/// Errors: kDenied (401, 403), kNotFound (404), kUnavailable (429, 5xx, no connection; with
///         retry_after when the hub said so), kTimeout, kCorrupt (an answer that is none of a hub),
///         kCancelled, and those of HttpTransport::send(). Each says what to do.
class HubClient {
 public:
  /// Errors: kInvalidInput (a token that no header can hold; one that would go over a wire
  ///         unencrypted).
  static Result<HubClient> create(const HubTools& tools, HubOptions options);

  /// All files, of all pages. Order: as the hub gives them.
  Result<std::vector<HubFile>> list(const RepoAddress& repo, const std::stop_token& stop);
  Result<ResolvedFile> resolve(const RepoAddress& repo, std::string_view path,
                               const std::stop_token& stop);

  /// Gets the bytes at `position` of the file. Order: without a gap from the first call on; that is
  /// at the offset asked for, or at 0 where the server has no ranges.
  using OnBytes = std::function<Status(std::uint64_t position, std::string_view bytes)>;
  struct FetchOptions {
    std::uint64_t offset = 0;
    ByteCount max_size;
    std::chrono::milliseconds timeout = std::chrono::hours(1);
    std::chrono::milliseconds stall_timeout = std::chrono::seconds(60);
  };
  /// One try. Errors: also those of `on_bytes`.
  Status fetch(const ResolvedFile& file, const FetchOptions& options, const OnBytes& on_bytes,
               const std::stop_token& stop);

  /// The status of the answer that the last error is about; 0 when there was no answer.
  int last_status() const { return last_status_; }
  const HubTools& tools() const { return tools_; }
  const net::Url& endpoint() const { return options_.endpoint; }

 private:
  HubClient(HubTools tools, HubOptions options, net::HttpHeaders with_token)
      : tools_(std::move(tools)),
        options_(std::move(options)),
        with_token_(std::move(with_token)) {}
  /// Errors of all: as the class.
  Result<net::HttpResponse> ask(const RepoAddress& repo, net::HttpMethod method,
                                const net::Url& url, const std::stop_token& stop);
  Error refusal(const std::string& what, const net::HttpResponse& response) const;

  HubTools tools_;
  HubOptions options_;
  net::HttpHeaders with_token_;
  int last_status_ = 0;
};

}  // namespace assay::hub
