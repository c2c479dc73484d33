/// \file
/// The state of a check of existence: what to ask next, and what an answer changes. Knows no
/// sockets, so that tests drive it with answers of their own.

#pragma once

#include "net/http_pool.h"
#include "net/retry_policy.h"
#include "storage/existence.h"
#include "storage/list_plan_internal.h"
#include "storage/object_service_internal.h"
#include "storage/request_pace_internal.h"

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <queue>
#include <span>
#include <stop_token>
#include <vector>

namespace assay::storage {

/// The services of each scheme that the addresses use; null for the others.
using ServiceTable = std::array<std::unique_ptr<ObjectService>, 5>;

/// Threads: one thread at a time.
class ExistenceEngine {
 public:
  using Time = std::chrono::nanoseconds;  // of Clock::monotonic()

  /// How far a run goes.
  enum class Reach {
    kFirstPages,  ///< Only the first page of each listing.
    kAll,
  };

  ExistenceEngine(std::span<const ObjectAddress> addresses, const ExistenceOptions& options,
                  ServiceTable services, const PaceOptions& pace, Clock& clock,
                  RandomSource& random);

  /// Start a run; answers go to `on_verdict` until the next begin().
  /// Errors: what the services say that get ready.
  Status begin(Reach reach, const ExistenceCheck::OnVerdict& on_verdict,
               const std::stop_token& stop);
  Result<net::NextRequest> next();
  Status answered(std::uint64_t id, const Result<net::HttpResponse>& response);

  const ExistencePlan& plan() const { return plan_; }
  const ExistenceStats& stats() const { return stats_; }

 private:
  enum class Kind : std::uint8_t { kObject, kPage };

  /// Something to ask: an object by its address, or the next page of a listing by its group.
  struct Task {
    std::uint32_t index = 0;
    std::uint16_t tries = 0;  // made already
    Kind kind = Kind::kObject;
    AskManner manner = AskManner::kUsual;
    bool has_new_token = false;
  };
  struct Flight {
    Task task;
    std::uint64_t access_generation = 0;
    bool in_use = false;
  };
  struct Later {
    Time due;
    Task task;
    bool operator>(const Later& other) const { return due > other.due; }
  };
  struct Listing {
    PrefixGroup group;
    std::size_t num_answered = 0;  // of group.wanted, from its beginning
    std::size_t num_pages = 0;
    std::string next_page;
    std::string last_name;
    bool is_over = false;
  };

  ObjectService& service(AddressScheme scheme) {
    return *services_[static_cast<std::size_t>(scheme)];
  }
  AddressScheme scheme_of(const Task& task) const;
  bool has_task_now(Time now) const;
  /// Whether something new may be asked, or the many that failed come first.
  bool may_start_new() const;
  Task take_task(Time now);
  bool is_finished() const;
  Result<ServiceRequest> request_for(const Task& task);
  net::PooledRequest depart(const Task& task, ServiceRequest request);

  Status read_object(const Flight& flight, const Result<net::HttpResponse>& response);
  Status read_page(const Flight& flight, const Result<net::HttpResponse>& response);
  /// Whether the step leads to another request; else the verdict stands.
  Result<bool> follow(const Flight& flight, NextStep next, const net::TryOutcome& outcome);
  Status take_page(Listing& listing, PageReading page);
  void go_on(Listing& listing, std::uint32_t index);
  void give_up(Listing& listing);
  /// What the answer means for the pace, and for another try.
  net::TryOutcome weigh(const Result<net::HttpResponse>& response, NextStep next);
  void estimate();
  /// Count an object or page of a store that no whole answer came for, to its last try.
  /// Errors: that of the last try, once so many failed in a row that nobody seems to be there.
  Status count_failure(AddressScheme scheme, const Error& error);

  std::span<const ObjectAddress> addresses_;
  ExistenceOptions options_;
  ServiceTable services_;
  Clock& clock_;
  net::RetryPolicy retry_;
  RequestPace pace_;
  ExistenceCheck::OnVerdict on_verdict_;
  Reach reach_ = Reach::kAll;

  std::deque<std::uint32_t> singles_;
  std::vector<Listing> listings_;
  std::vector<Task> at_once_;  // follow-ups that need no pause
  std::deque<std::uint32_t> first_pages_;
  std::deque<std::uint32_t> further_pages_;
  std::priority_queue<Later, std::vector<Later>, std::greater<>> later_;
  std::vector<Flight> flights_;
  std::vector<std::uint32_t> free_flights_;
  std::size_t num_in_flight_ = 0;
  // Renewals after which the service still refused, in a row: a token is then not what is missing.
  int num_useless_renewals_ = 0;
  bool has_answer_ = false;
  std::size_t num_failed_in_a_row_ = 0;  // since the last answer
  std::optional<Error> last_failure_;
  ExistencePlan plan_;
  ExistenceStats stats_;
};

}  // namespace assay::storage
