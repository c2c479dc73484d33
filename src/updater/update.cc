#include "updater/update.h"

#include "updater/round_internal.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

namespace assay::updater {
namespace {

namespace fs = std::filesystem;
using cache::TableState;
using cache::UpdateSource;

constexpr std::chrono::hours kMaxRetryAfter{24};
constexpr std::chrono::milliseconds kMinInterval = std::chrono::seconds(1);

std::string cause_of(const Error& error, int hub_status) {
  switch (hub_status) {
    case 401:
      return "unauthorized";
    case 403:
      return "forbidden";
    case 404:
      return "not_found";
    case 429:
      return "rate_limited";
    default:
      break;
  }
  if (hub_status >= 500) return "hub_error";
  switch (error.code) {
    case ErrorCode::kUnavailable:
      return "out_of_reach";
    case ErrorCode::kCorrupt:
      return "damaged";
    case ErrorCode::kExhausted:
      return "over_limit";
    default:
      return std::string(to_string(error.code));
  }
}

/// Files of tables that nobody remembers.
Status remove_forgotten(cache::Store& store, const cache::UpdateState& state) {
  files::FileSystem& file_system = store.tools().file_system;
  const fs::path folder = store.layout().tables();
  ASSIGN_OR_RETURN(const auto info, file_system.info(folder));
  if (!info) return {};
  std::set<std::string, std::less<>> kept;
  for (const UpdateSource& source : state.sources) {
    for (const TableState& table : source.tables) kept.insert(table.local);
  }
  ASSIGN_OR_RETURN(const auto names, file_system.list(folder));
  for (const std::string& name : names) {
    if (kept.contains(name) || hub::is_partial_name(name)) continue;
    RETURN_IF_ERROR(file_system.remove(folder / name));
  }
  return {};
}

/// When the source is due again.
Timestamp next_due(const UpdateSource& source, const UpdateOptions& options, const Status& status,
                   Timestamp now, RandomSource& random) {
  using std::chrono::milliseconds;
  if (status) return now + std::max(options.interval, kMinInterval);
  auto delay = static_cast<double>(options.initial_delay.count());
  for (std::uint64_t i = 1; i < source.num_failures && delay < 1e12; ++i) delay *= 2;
  delay = std::min(delay, static_cast<double>(options.max_delay.count()));
  milliseconds wait(static_cast<std::int64_t>(delay / 2 * (1 + random.unit())));
  if (status.error().retry_after) {
    wait = std::max(wait, std::min<milliseconds>(*status.error().retry_after, kMaxRetryAfter));
  }
  return now + std::max(wait, kMinInterval);
}

/// A disk does not mind being asked again.
bool asks_others(const UpdateOptions& options) {
  if (options.tables.empty() && options.folder.empty()) return true;
  return tables::is_remote_address(options.folder) ||
         std::ranges::any_of(options.tables, tables::is_remote_address);
}

/// Such a name was mistyped, as far as is known.
bool was_never_found(const UpdateSource& source) {
  return source.failure && source.failure->cause == to_string(ErrorCode::kNotFound) &&
         !source.last_success && source.tables.empty();
}

}  // namespace

UpdateOutcome update(cache::Store& store, hub::HubClient* hub, const UpdateOptions& options,
                     UpdateTime time, const OnUpdate& on_update, const std::stop_token& stop) {
  files::FileSystem& file_system = store.tools().file_system;
  UpdateOutcome outcome{
      .report = {.source = options.source, .state_file = store.layout().update_state()}};
  auto state = cache::read_update_state(file_system, store.layout());
  if (!state) {
    // Nothing is known then of the tables that are kept, and of the rows that were looked at.
    outcome.status = state.error();
    outcome.cause = cause_of(state.error(), 0);
    outcome.next_due = store.tools().clock.now() + options.initial_delay;
    return outcome;
  }
  cache::UpdateState& kept = *state;
  // While nobody asks for another one it is told, and not asked sooner than it is due.
  std::erase_if(kept.sources, [&](const UpdateSource& one) {
    return one.name != options.source && !options.sources_in_use.contains(one.name) &&
           was_never_found(one);
  });
  UpdateSource& source = kept.source(options.source);
  const Timestamp now = store.tools().clock.now();
  const bool is_waiting =
      source.num_failures > 0 && source.next_due && *source.next_due > now && asks_others(options);
  if (time == UpdateTime::kWhenDue && is_waiting) {
    outcome.status = unavailable(fmt::format(
        "{} is not asked before {}: the last try failed ({}); --now asks all the same", source.name,
        to_rfc3339(*source.next_due), source.failure ? source.failure->message : "no reason kept"));
    outcome.cause = source.failure ? source.failure->cause : "unknown";
    outcome.next_due = *source.next_due;
    return outcome;
  }
  source.last_attempt = now;
  Round round(store, hub, options, source, outcome.report, on_update);
  outcome.status = round.run(stop);
  const Timestamp end = store.tools().clock.now();
  if (outcome.status) {
    source.last_success = end;
    source.num_failures = 0;
    source.failure.reset();
  } else if (outcome.status.error().code != ErrorCode::kCancelled) {
    ++source.num_failures;
    outcome.cause = cause_of(outcome.status.error(), hub == nullptr ? 0 : hub->last_status());
    source.failure = {.cause = outcome.cause, .message = outcome.status.error().message, .at = end};
  }
  const bool is_stopped = !outcome.status && outcome.cause.empty();
  outcome.next_due =
      is_stopped ? end : next_due(source, options, outcome.status, end, store.tools().random);
  source.next_due = outcome.next_due;
  // A path on the disk costs nothing to ask again.
  if (source.name.starts_with('/') && was_never_found(source)) {
    std::erase_if(kept.sources, [&](const UpdateSource& one) { return &one == &source; });
  }
  Status noted = cache::write_update_state(file_system, store.layout(), kept);
  if (noted) noted = remove_forgotten(store, kept);
  if (outcome.status && !noted) {
    outcome.status = std::move(noted.error());
    outcome.cause = cause_of(outcome.status.error(), 0);
  }
  return outcome;
}

}  // namespace assay::updater
