#include "core/check.h"
#include "storage/existence_engine_internal.h"

#include <algorithm>
#include <utility>

namespace assay::storage {
namespace {

using namespace std::chrono_literals;

// A look at a listing costs one request: at most this share of what asking for each would take.
constexpr std::size_t kMinObjectsToList = 32;
constexpr int kMaxUselessRenewals = 3;
// Objects that wait for another try, as a multiple of the concurrency: with more of them the
// service is in trouble, and asking on would only add to it.
constexpr std::size_t kMaxWaitingShare = 4;

Doubt doubt_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::kTimeout:
      return Doubt::kTimeout;
    case ErrorCode::kExhausted:
      return Doubt::kBrokenAnswer;
    default:
      return Doubt::kConnection;
  }
}

std::uint64_t pages_to_go(std::size_t remaining, std::size_t answered, std::size_t pages) {
  if (remaining == 0) return 0;
  // None answered yet by so many pages: no sign that the listing ever reaches what is wanted.
  if (answered == 0) return remaining;
  return (remaining * pages + answered - 1) / answered;
}

}  // namespace

ExistenceEngine::ExistenceEngine(std::span<const ObjectAddress> addresses,
                                 const ExistenceOptions& options, ServiceTable services,
                                 const PaceOptions& pace, Clock& clock, RandomSource& random)
    : addresses_(addresses),
      options_(options),
      services_(std::move(services)),
      clock_(clock),
      retry_({.max_tries = options.tries}, random),
      pace_(pace, clock.monotonic()) {
  ListPlan lists;
  if (options.lists == ListUse::kAuto) {
    lists = plan_lists(addresses, kMinObjectsToList);
  } else {
    for (std::uint32_t i = 0; i < addresses.size(); ++i) lists.singles.push_back(i);
  }
  // Files are looked at by the caller: they need no requests.
  for (const std::uint32_t index : lists.singles) {
    if (addresses[index].scheme != AddressScheme::kFile) singles_.push_back(index);
  }
  plan_.num_objects = addresses.size();
  plan_.num_single_requests = singles_.size();
  for (PrefixGroup& group : lists.groups) {
    first_pages_.push_back(static_cast<std::uint32_t>(listings_.size()));
    plan_.num_single_requests += group.wanted.size();
    Listing& listing = listings_.emplace_back();
    listing.group = std::move(group);
  }
  flights_.reserve(options.concurrency);
}

Status ExistenceEngine::begin(Reach reach, const ExistenceCheck::OnVerdict& on_verdict,
                              const std::stop_token& stop) {
  CHECK(num_in_flight_ == 0, "a run begins while another is under way");
  reach_ = reach;
  on_verdict_ = on_verdict;
  for (const auto& each : services_) {
    if (each != nullptr) RETURN_IF_ERROR(each->prepare(stop));
  }
  return {};
}

AddressScheme ExistenceEngine::scheme_of(const Task& task) const {
  return task.kind == Kind::kObject ? addresses_[task.index].scheme
                                    : listings_[task.index].group.scheme;
}

bool ExistenceEngine::may_start_new() const {
  return later_.size() < options_.concurrency * (has_answer_ ? kMaxWaitingShare : 1);
}

bool ExistenceEngine::has_task_now(Time now) const {
  if (!at_once_.empty()) return true;
  if (!later_.empty() && later_.top().due <= now) return true;
  if (!may_start_new()) return false;
  if (!first_pages_.empty()) return true;
  return reach_ == Reach::kAll && (!further_pages_.empty() || !singles_.empty());
}

bool ExistenceEngine::is_finished() const {
  return num_in_flight_ == 0 && later_.empty() && at_once_.empty() && first_pages_.empty() &&
         (reach_ == Reach::kFirstPages || (further_pages_.empty() && singles_.empty()));
}

ExistenceEngine::Task ExistenceEngine::take_task(Time now) {
  const auto take = [](std::deque<std::uint32_t>& queue, Kind kind) {
    const Task task{.index = queue.front(), .kind = kind};
    queue.pop_front();
    return task;
  };
  if (!at_once_.empty()) {
    const Task task = at_once_.back();
    at_once_.pop_back();
    return task;
  }
  if (!later_.empty() && later_.top().due <= now) {
    const Task task = later_.top().task;
    later_.pop();
    return task;
  }
  if (!first_pages_.empty()) return take(first_pages_, Kind::kPage);
  if (!further_pages_.empty()) return take(further_pages_, Kind::kPage);
  return take(singles_, Kind::kObject);
}

Result<net::NextRequest> ExistenceEngine::next() {
  const auto ask_again = [](Time at, Time now) -> net::NextRequest {
    return net::AskAgain{std::chrono::steady_clock::now() +
                         std::chrono::duration_cast<std::chrono::steady_clock::duration>(at - now)};
  };
  for (;;) {
    const Time now = clock_.monotonic();
    if (num_in_flight_ >= pace_.window()) return ask_again(now + 1h, now);
    if (!has_task_now(now)) {
      if (is_finished()) {
        // All failed, and not one answer: that says nothing about the objects.
        if (reach_ == Reach::kAll && last_failure_ && !has_answer_) return *last_failure_;
        estimate();
        return net::NoMoreRequests{};
      }
      return ask_again(later_.empty() ? now + 1h : later_.top().due, now);
    }
    if (const Time start = pace_.next_start(now); start > now) return ask_again(start, now);
    const Task task = take_task(now);
    auto request = request_for(task);
    if (request) return depart(task, std::move(*request));
    if (request.error().code != ErrorCode::kInvalidInput) return std::move(request.error());
    if (task.kind == Kind::kPage) {
      give_up(listings_[task.index]);
      continue;
    }
    RETURN_IF_ERROR(on_verdict_(task.index, {.doubt = Doubt::kBadAddress}));
  }
}

Result<ServiceRequest> ExistenceEngine::request_for(const Task& task) {
  ObjectService& asked = service(scheme_of(task));
  if (task.kind == Kind::kObject) return asked.ask(addresses_[task.index], task.manner);
  const Listing& listing = listings_[task.index];
  return asked.ask_page(listing.group.bucket, listing.group.prefix, listing.next_page);
}

net::PooledRequest ExistenceEngine::depart(const Task& task, ServiceRequest request) {
  std::uint32_t id = 0;
  if (free_flights_.empty()) {
    id = static_cast<std::uint32_t>(flights_.size());
    flights_.emplace_back();
  } else {
    id = free_flights_.back();
    free_flights_.pop_back();
  }
  flights_[id] = {.task = task, .access_generation = request.access_generation, .in_use = true};
  flights_[id].task.tries = static_cast<std::uint16_t>(task.tries + 1);
  ++num_in_flight_;
  pace_.started();
  ++stats_.num_requests;
  if (task.kind == Kind::kPage) ++stats_.num_list_pages;
  return {.id = id, .request = std::move(request.request)};
}

Status ExistenceEngine::answered(std::uint64_t id, const Result<net::HttpResponse>& response) {
  CHECK(id < flights_.size() && flights_[id].in_use, "an answer to a request that was not made");
  const Flight flight = flights_[id];
  flights_[id].in_use = false;
  free_flights_.push_back(static_cast<std::uint32_t>(id));
  --num_in_flight_;
  return flight.task.kind == Kind::kObject ? read_object(flight, response)
                                           : read_page(flight, response);
}

net::TryOutcome ExistenceEngine::weigh(const Result<net::HttpResponse>& response, NextStep next) {
  net::TryOutcome outcome = net::outcome_of(response, clock_.now());
  if (outcome.kind == net::TryOutcome::Kind::kThrottled) {
    ++stats_.num_throttled;
    pace_.answered_throttled(clock_.monotonic(), outcome.retry_after);
  } else if (response) {
    pace_.answered_well();
  }
  if (response) {
    has_answer_ = true;
    num_failed_in_a_row_ = 0;
  }
  // A broken answer of status 200 is worth another try, too.
  if (next == NextStep::kRetry && outcome.kind == net::TryOutcome::Kind::kFinal) {
    outcome.kind = net::TryOutcome::Kind::kTryAgain;
  }
  return outcome;
}

Status ExistenceEngine::read_object(const Flight& flight,
                                    const Result<net::HttpResponse>& response) {
  const Task& task = flight.task;
  ObjectReading reading;
  if (response) {
    reading = service(scheme_of(task)).read(addresses_[task.index], task.manner, *response);
  } else {
    const ErrorCode code = response.error().code;
    if (code == ErrorCode::kCancelled || code == ErrorCode::kInternal)
      return Error(response.error());
    reading.verdict.doubt = doubt_of(code);
    if (is_retryable(code)) reading.next = NextStep::kRetry;
  }
  const net::TryOutcome outcome = weigh(response, reading.next);
  ASSIGN_OR_RETURN(const bool asks_again, follow(flight, reading.next, outcome));
  if (asks_again) return {};
  if (!response && reading.next == NextStep::kRetry) {
    RETURN_IF_ERROR(count_failure(scheme_of(task), response.error()));
  }
  reading.verdict.tries = task.tries;
  return on_verdict_(task.index, reading.verdict);
}

Status ExistenceEngine::count_failure(AddressScheme scheme, const Error& error) {
  // Web addresses are of many hosts: that some are gone says nothing about the others.
  if (scheme != AddressScheme::kGcs && scheme != AddressScheme::kS3) return {};
  last_failure_ = Error(error).within("no answer from the object store");
  const std::size_t patience = options_.concurrency * (has_answer_ ? 2 : 1);
  return ++num_failed_in_a_row_ < patience ? Status() : *last_failure_;
}

Result<bool> ExistenceEngine::follow(const Flight& flight, NextStep next,
                                     const net::TryOutcome& outcome) {
  Task task = flight.task;
  if (task.has_new_token) {
    num_useless_renewals_ = next == NextStep::kRenew ? num_useless_renewals_ + 1 : 0;
  }
  switch (next) {
    case NextStep::kDone:
      return false;
    case NextStep::kRetry: {
      const auto delay = retry_.next_delay(task.tries, outcome, 0ms);
      if (!delay) return false;
      ++stats_.num_retries;
      later_.push({clock_.monotonic() + *delay, task});
      return true;
    }
    case NextStep::kRenew:
      if (task.has_new_token || num_useless_renewals_ >= kMaxUselessRenewals) return false;
      RETURN_IF_ERROR(service(scheme_of(task)).renew_access(flight.access_generation));
      task.has_new_token = true;
      break;
    case NextStep::kAskAnother:
      if (task.manner == AskManner::kOther) return false;
      task.manner = AskManner::kOther;
      break;
  }
  --task.tries;  // it is the same try
  at_once_.push_back(task);
  return true;
}

Status ExistenceEngine::read_page(const Flight& flight, const Result<net::HttpResponse>& response) {
  Listing& listing = listings_[flight.task.index];
  PageReading reading;
  if (response) {
    reading = service(listing.group.scheme).read_page(listing.group.bucket, *response);
  } else {
    const ErrorCode code = response.error().code;
    if (code == ErrorCode::kCancelled || code == ErrorCode::kInternal)
      return Error(response.error());
    if (is_retryable(code)) reading.next = NextStep::kRetry;
  }
  const net::TryOutcome outcome = weigh(response, reading.next);
  ASSIGN_OR_RETURN(const bool asks_again, follow(flight, reading.next, outcome));
  if (asks_again) return {};
  if (!response && reading.next == NextStep::kRetry) {
    RETURN_IF_ERROR(count_failure(listing.group.scheme, response.error()));
  }
  if (!reading.is_page) {
    give_up(listing);
    return {};
  }
  RETURN_IF_ERROR(take_page(listing, std::move(reading)));
  if (!listing.is_over) go_on(listing, flight.task.index);
  return {};
}

// Both the page and the wanted objects are in the order of names. What the page skips is absent;
// what lies behind its last name is for the next page.
Status ExistenceEngine::take_page(Listing& listing, PageReading page) {
  const auto before = [](const ListedObject& left, const ListedObject& right) {
    return left.name < right.name;
  };
  const bool is_in_order = std::ranges::is_sorted(page.objects, before) &&
                           (page.objects.empty() || listing.num_pages == 0 ||
                            page.objects.front().name > listing.last_name);
  const bool goes_on = !page.next_page.empty() && page.next_page != listing.next_page;
  if (!is_in_order || (!goes_on && !page.next_page.empty())) {
    give_up(listing);
    return {};
  }
  ++listing.num_pages;
  std::size_t at = 0;
  while (listing.num_answered < listing.group.wanted.size()) {
    const std::uint32_t index = listing.group.wanted[listing.num_answered];
    const std::string_view name = addresses_[index].name;
    while (at < page.objects.size() && page.objects[at].name < name) ++at;
    if (at == page.objects.size() && goes_on) break;
    const bool is_there = at < page.objects.size() && page.objects[at].name == name;
    ExistenceVerdict verdict{.presence = is_there ? Presence::kPresent : Presence::kAbsent,
                             .status = 200};
    if (is_there) verdict.details = page.objects[at].details;
    ++listing.num_answered;
    RETURN_IF_ERROR(on_verdict_(index, verdict));
  }
  if (!page.objects.empty()) listing.last_name = page.objects.back().name;
  listing.next_page = std::move(page.next_page);
  listing.is_over = listing.num_answered == listing.group.wanted.size();
  return {};
}

void ExistenceEngine::go_on(Listing& listing, std::uint32_t index) {
  const std::size_t remaining = listing.group.wanted.size() - listing.num_answered;
  if (pages_to_go(remaining, listing.num_answered, listing.num_pages) < remaining) {
    further_pages_.push_back(index);
  } else {
    give_up(listing);
  }
}

void ExistenceEngine::give_up(Listing& listing) {
  const auto& wanted = listing.group.wanted;
  singles_.insert(singles_.end(),
                  wanted.begin() + static_cast<std::ptrdiff_t>(listing.num_answered), wanted.end());
  listing.is_over = true;
}

void ExistenceEngine::estimate() {
  if (reach_ != Reach::kFirstPages) return;
  plan_.lists.clear();
  plan_.num_list_pages = 0;
  plan_.num_planned_singles = singles_.size();
  for (const Listing& listing : listings_) {
    const std::size_t wanted = listing.group.wanted.size();
    const std::size_t remaining = wanted - listing.num_answered;
    const bool is_listed = remaining == 0 || !listing.is_over;
    // The look itself is a request, also where it brought nothing.
    std::uint64_t pages = std::max<std::uint64_t>(listing.num_pages, 1);
    if (is_listed) pages += pages_to_go(remaining, listing.num_answered, listing.num_pages);
    plan_.num_list_pages += pages;
    plan_.lists.push_back({.scheme = listing.group.scheme,
                           .num_objects = wanted,
                           .num_pages = pages,
                           .is_listed = is_listed});
  }
}

}  // namespace assay::storage
