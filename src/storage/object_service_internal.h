/// \file
/// The seam to one kind of service: how to ask whether an object exists, and how to read the
/// answer.

#pragma once

#include "core/result.h"
#include "net/http_message.h"
#include "storage/existence.h"
#include "storage/object_address.h"

#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace assay::storage {

/// What to do after an answer.
enum class NextStep : std::uint8_t {
  kDone,   ///< The verdict stands.
  kRetry,  ///< A later try may do better; the verdict stands if there is none.
  kRenew,  ///< The service does not accept our token; the verdict stands if a new one is no better.
  kAskAnother,  ///< Ask at once in the other way that the service learned of; counts as the same
                ///< try.
};

/// An answer about one object.
struct ObjectReading {
  NextStep next = NextStep::kDone;
  ExistenceVerdict verdict;
};

struct ListedObject {
  std::string name;
  std::optional<ObjectDetails> details = std::nullopt;
};

/// An answer with a page of a listing.
struct PageReading {
  NextStep next = NextStep::kDone;
  /// Whether there is a page; otherwise the listing is of no use.
  bool is_page = false;
  std::vector<ListedObject> objects;
  std::string next_page;  ///< Empty on the last page.
};

/// A request, and which token went with it.
struct ServiceRequest {
  net::HttpRequest request;
  std::uint64_t access_generation = 0;
};

/// One way of asking for an object; a service may have a second one.
enum class AskManner : std::uint8_t { kUsual, kOther };

/// Threads: one thread at a time.
class ObjectService {
 public:
  virtual ~ObjectService() = default;
  ObjectService() = default;
  ObjectService(const ObjectService&) = delete;
  ObjectService& operator=(const ObjectService&) = delete;

  /// Get ready for a run, which ends early when `stop` says so.
  /// Errors: what the token source says.
  virtual Status prepare(std::stop_token stop) = 0;

  /// Errors: kInvalidInput (an address that cannot be asked for); what the token source says.
  virtual Result<ServiceRequest> ask(const ObjectAddress& address, AskManner manner) = 0;
  virtual ObjectReading read(const ObjectAddress& address, AskManner manner,
                             const net::HttpResponse& response) = 0;

  /// Errors: as ask().
  virtual Result<ServiceRequest> ask_page(std::string_view bucket, std::string_view prefix,
                                          std::string_view page) = 0;
  virtual PageReading read_page(std::string_view bucket, const net::HttpResponse& response) = 0;

  /// Get a new token in place of that of `generation`, which was refused.
  /// Errors: what the token source says.
  virtual Status renew_access(std::uint64_t generation) = 0;
};

/// A verdict from nothing but the status: 404 is absent, 401 and 403 denied, the rest unknown.
ObjectReading reading_of_status(int status);

}  // namespace assay::storage
