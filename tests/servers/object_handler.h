/// \file
/// What the object server answers: the JSON API of GCS, S3 by path, plain HTTP, tokens, statistics.

#pragma once

#include "catalog.h"
#include "http_loop.h"

#include <chrono>
#include <cstdint>
#include <fstream>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace servers {

struct HandlerOptions {
  Catalog catalog;
  bool all_exist = false;  ///< Objects that are not in the catalog exist, too; listings answer 403.
  std::chrono::microseconds latency{0};  ///< Before each answer about objects.
  std::string required_token;  ///< The one bearer token that the API accepts; empty: any or none.
  bool requires_issued_token = false;  ///< The API accepts only tokens that POST /token gave.
  std::chrono::seconds token_lifetime{3600};
  std::uint64_t token_uses = 0;      ///< Requests for which an issued token is good; 0: no limit.
  std::optional<Fault> token_fault;  ///< Of POST /token.
  std::string
      required_access_key;    ///< S3 requests must be signed with this key; empty: any or none.
  bool denies_lists = false;  ///< Listings answer 403.
  std::string log_path;       ///< One line a request; empty: no log.
};

class ObjectHandler final : public Handler {
 public:
  /// Throws std::runtime_error when the log cannot be written.
  explicit ObjectHandler(HandlerOptions options);

  void handle(const Request& request, Reply& reply) override;
  /// The loop's own numbers go into the statistics.
  void attach(const HttpLoop& loop) { loop_ = &loop; }

 private:
  struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>{}(text);
    }
  };
  using Counts = std::unordered_map<std::string, std::uint32_t, TextHash, std::equal_to<>>;
  struct Token {
    std::chrono::steady_clock::time_point expires;
    std::uint64_t uses = 0;
  };
  /// What is at an address, after its faults had their say.
  struct Finding {
    const Object* object = nullptr;  // null: not there, or `reply` is already the fault's
    bool answered = false;
  };

  void route(const Request& request, Reply& reply);
  void answer_gcs(const Request& request, std::string_view rest, Reply& reply);
  void answer_gcs_list(const Request& request, std::string_view bucket, Reply& reply);
  void answer_s3(const Request& request, Reply& reply);
  void answer_s3_list(std::string_view bucket, std::string_view query, Reply& reply);
  static void answer_content(const Request& request, const Finding& finding, Reply& reply);
  void answer_token(const Request& request, Reply& reply);
  void answer_stats(const Request& request, Reply& reply);

  bool authorized(const Request& request);
  Finding find(std::string_view bucket, std::string_view name, Reply& reply);
  /// Whether the fault took the answer over.
  static bool apply(const Fault& fault, std::uint32_t asked_before, std::string_view what,
                    Reply& reply);
  std::uint32_t count(std::string_view kind, std::string_view what);
  static void fail(int status, std::string_view message, Reply& reply);

  HandlerOptions options_;
  const HttpLoop* loop_ = nullptr;
  std::ofstream log_;
  Object generic_;  // stands for every object of all_exist
  std::unordered_map<std::string, Token, TextHash, std::equal_to<>> tokens_;
  std::uint64_t num_requests_ = 0;
  std::uint32_t num_token_requests_ = 0;
  std::map<int, std::uint64_t> by_status_;
  std::map<std::string, std::uint64_t, std::less<>> by_kind_;
  Counts by_object_;
  std::string key_;
  bool counts_ = true;  // whether the request in hand goes into the statistics
};

}  // namespace servers
