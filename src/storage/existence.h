/// \file
/// Many addresses, one verdict each: does the object exist?

#pragma once

#include "core/clock.h"
#include "core/random.h"
#include "core/result.h"
#include "core/timestamp.h"
#include "files/file_system.h"
#include "net/http_client.h"
#include "storage/object_address.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

namespace assay::net {
class GoogleTokenSource;
}  // namespace assay::net

namespace assay::storage {

struct AwsKeys;

/// Persisted by the audit desk's verdict journal: do not change the values of existing entries.
enum class Presence : std::uint8_t {
  kPresent = 0,
  kAbsent = 1,
  kDenied = 2,   ///< The service knows, and refuses to say (401, 403).
  kUnknown = 3,  ///< No usable answer.
};

/// Why a verdict is kUnknown.
enum class Doubt : std::uint8_t {
  kNone = 0,
  kStatus = 1,        ///< `status` is no answer to the question.
  kBrokenAnswer = 2,  ///< 200, but not what the service's interface promises.
  kConnection = 3,    ///< No whole answer came.
  kTimeout = 4,
  kBadAddress = 5,  ///< The address is none that can be asked for.
};

/// What the service says about an object, where it does.
struct ObjectDetails {
  std::optional<std::uint64_t> size_bytes = std::nullopt;
  std::optional<Timestamp> created = std::nullopt;
  std::string
      md5_base64;  ///< Empty when the service does not know it (composed and multipart objects).
};

struct ExistenceVerdict {
  Presence presence = Presence::kUnknown;
  Doubt doubt = Doubt::kNone;
  std::uint16_t status = 0;  ///< Of the last answer; 0 when none came.
  std::uint16_t tries = 0;   ///< 0 when a listing answered.
  std::optional<ObjectDetails> details = std::nullopt;
  /// The service's words, when they were asked for. They may hold the object's name.
  std::string message = {};
};

enum class DetailUse { kIgnore, kAsk };
enum class MessageUse { kDrop, kKeep };
enum class ListUse {
  kAuto,   ///< List where objects lie close together and fewer requests do.
  kNever,  ///< Ask for each object.
};

struct ExistenceOptions {
  /// Requests under way at once.
  std::size_t concurrency = 256;
  /// Nothing: as fast as the answers come, below what the services allow.
  std::optional<double> requests_per_second = std::nullopt;
  /// How often an object is asked for before it is kUnknown.
  std::uint16_t tries = 6;
  /// Of one try.
  std::chrono::milliseconds timeout = std::chrono::seconds(30);
  DetailUse details = DetailUse::kIgnore;
  MessageUse messages = MessageUse::kDrop;
  ListUse lists = ListUse::kAuto;
  /// Where the JSON API of GCS is, if not at Google: no ramp is kept there.
  std::string gcs_endpoint = {};
  /// Where S3 is, if not at Amazon; then buckets are addressed by path.
  std::string s3_endpoint = {};
  std::string s3_region = "us-east-1";
};

/// What a check of existence needs from the world. Lifetime: all outlive the check.
struct ExistenceServices {
  net::HttpOptions http = {};
  net::GoogleTokenSource* gcs_token = nullptr;  ///< Null: ask without a token.
  const AwsKeys* s3_keys = nullptr;             ///< Null: ask without a signature.
  files::FileSystem* file_system = nullptr;     ///< For AddressScheme::kFile.
  Clock* clock = nullptr;
  RandomSource* random = nullptr;  ///< Spreads the retries.
};

/// One group of objects that a listing may answer.
struct ListEstimate {
  AddressScheme scheme = AddressScheme::kGcs;
  std::uint64_t num_objects = 0;  ///< Wanted ones.
  std::uint64_t num_pages = 0;    ///< Of the listing, as far as is known or estimated.
  bool is_listed = false;         ///< Whether listing it needs fewer requests.
};

/// How many requests a check takes, retries not counted.
struct ExistencePlan {
  std::uint64_t num_objects = 0;
  /// Asking for each object takes so many.
  std::uint64_t num_single_requests = 0;
  /// The plan: so many listing pages (those of the look-ahead included) and single requests.
  std::uint64_t num_list_pages = 0;
  std::uint64_t num_planned_singles = 0;
  std::vector<ListEstimate> lists;

  std::uint64_t num_planned() const { return num_list_pages + num_planned_singles; }
};

struct ExistenceStats {
  std::uint64_t num_requests = 0;  ///< Sent, of all kinds.
  std::uint64_t num_list_pages = 0;
  std::uint64_t num_retries = 0;
  std::uint64_t num_throttled = 0;  ///< Answers 429 and 503.
};

/// Asks for many objects from one thread: retries with growing pauses, slows down when the service
/// throttles, renews the token, and lists where that needs fewer requests.
/// Threads: one thread at a time; verdicts come on the thread of the call.
/// Errors: kCancelled; what the token source says when no token can be had; kInvalidInput (an
///         endpoint that is no address); kUnavailable or kTimeout when no answer at all comes from
///         a store, or none any more; and whatever `on_verdict` returns. That a single object
///         cannot be asked for is a verdict.
class ExistenceCheck {
 public:
  /// Called once for each address with its place. Order: of arrival.
  using OnVerdict = std::function<Status(std::size_t index, const ExistenceVerdict& verdict)>;

  /// Lifetime: the addresses and their text outlive the check.
  static Result<ExistenceCheck> create(std::span<const ObjectAddress> addresses,
                                       const ExistenceOptions& options,
                                       const ExistenceServices& services);

  ExistenceCheck(ExistenceCheck&&) noexcept;
  ExistenceCheck& operator=(ExistenceCheck&&) = delete;
  ~ExistenceCheck();

  /// Read the first page of each listing that may be worth it, so that plan() knows. What the pages
  /// answer goes to `on_verdict` and is not asked again. Optional; run() does it if it was not
  /// done.
  Status look_ahead(const OnVerdict& on_verdict, std::stop_token stop);

  /// Give a verdict on every address that has none yet.
  Status run(const OnVerdict& on_verdict, std::stop_token stop);

  const ExistencePlan& plan() const;
  const ExistenceStats& stats() const;

 private:
  class Implementation;
  explicit ExistenceCheck(std::unique_ptr<Implementation> implementation);

  std::unique_ptr<Implementation> implementation_;
};

}  // namespace assay::storage
