/// \file
/// A hub in memory, with the faults of a real one.

#pragma once

#include "hub/hub_client.h"
#include "net/http_client.h"

#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace assay::hub::testing {

/// Threads: one thread at a time.
class FakeHub final : public net::HttpTransport {
 public:
  static constexpr std::uint64_t kAll = std::numeric_limits<std::uint64_t>::max();

  struct Faults {
    /// Every question is answered so; 0: as it should be.
    int status = 0;
    std::string retry_after = {};
    /// How many questions are answered so, then all is well.
    std::uint64_t num_refused = kAll;
    /// Of a file: a connection brings so many bytes and breaks.
    std::uint64_t breaks_after = kAll;
    /// It breaks as if that were the end of the file.
    bool ends_early = false;
    bool has_ranges = true;
    bool flips_a_bit = false;
    std::string token = {};  ///< Without it: 401.
    std::size_t page_size = 1000;
  };

  Faults faults;

  /// A file that is kept outside git, or within.
  void put(const std::string& path, std::string bytes) { files_[path] = {std::move(bytes), true}; }
  void put_small(const std::string& path, std::string bytes) {
    files_[path] = {std::move(bytes), false};
  }

  Result<net::HttpResponse> send(const net::HttpRequest& request, std::stop_token stop) override;

  /// What was asked: method, host and target.
  const std::vector<std::string>& requests() const { return requests_; }
  /// Of those, how many came with a token although they were not for the hub itself.
  int num_leaked_tokens() const { return num_leaked_tokens_; }
  std::uint64_t bytes_sent() const { return bytes_sent_; }

  static net::Url endpoint() { return net::Url::parse("http://127.0.0.1:9").value(); }
  static RepoAddress repo() { return {.name = "owner/photos"}; }
  /// `main` is another commit from here on; the first can still be asked for.
  void move_to(std::string commit) { newest_ = std::move(commit); }
  /// Of the first.
  static std::string_view commit() { return "0123456789abcdef0123456789abcdef01234567"; }

 private:
  struct File {
    std::string bytes;
    bool is_large = true;
  };

  /// None: there is no such revision.
  std::optional<std::string> commit_of(std::string_view revision) const;
  net::HttpResponse list(const net::HttpRequest& request) const;
  net::HttpResponse resolve(std::string_view revision, std::string_view path) const;
  Result<net::HttpResponse> send_file(const File& file, const net::HttpRequest& request);

  std::map<std::string, File, std::less<>> files_;
  std::string newest_{commit()};
  std::vector<std::string> requests_;
  int num_leaked_tokens_ = 0;
  std::uint64_t bytes_sent_ = 0;
};

}  // namespace assay::hub::testing
