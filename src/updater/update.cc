#include "updater/update.h"

#include "hub/name_pattern.h"
#include "updater/demand.h"

#include <fmt/format.h>

#include <algorithm>
#include <future>
#include <set>
#include <utility>

namespace assay::updater {
namespace {

namespace fs = std::filesystem;
using cache::Arrival;
using cache::ImportOutcome;
using cache::TableState;
using cache::UpdateSource;

constexpr std::size_t kBatchSize = 32;
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

/// The name of a kept table: no two contents share one.
std::string local_name(const TableState& table) {
  return fmt::format("{}-{}", table.identity.substr(0, 12),
                     fs::path(table.path).filename().native());
}

/// One call under way.
class Round {
 public:
  Round(cache::Store& store, hub::HubClient* hub, const UpdateOptions& options,
        UpdateSource& source, UpdateReport& report, const OnUpdate& on_update)
      : store_(store),
        hub_(hub),
        options_(options),
        source_(source),
        report_(report),
        on_update_(on_update),
        intake_(store, options.intake) {}

  /// Errors of all: as update().
  Status run(const std::stop_token& stop);

 private:
  files::FileSystem& file_system() { return store_.tools().file_system; }
  RandomSource& random() { return store_.tools().random; }
  bool is_local() const { return !options_.local_tables.empty(); }
  Result<Demand> find_demand();
  Status list_tables(const std::stop_token& stop);
  Status list_local_tables();
  Status list_hub(const std::stop_token& stop);
  void remember(std::vector<TableState> found);
  Status use_all(const std::stop_token& stop);
  Status fetch(TableState& table, UsedTable& used, const std::stop_token& stop);
  /// Whether a row of it was looked at.
  Result<bool> use(TableState& table, std::uint64_t limit, const std::stop_token& stop);
  Status take_rows(const ImageTable& opened, TableState& table, UsedTable& used,
                   const std::vector<std::uint64_t>& rows, const std::stop_token& stop);
  Arrival arrival_of(TableRow row, const TableState& table) const;
  Status take_in(std::vector<Arrival>& arrivals, UsedTable& used, const std::stop_token& stop);
  UsedTable& used(const TableState& table);
  void tell(const TableState& table, ByteCount done, ByteCount size);
  void drop_tables();
  fs::path path_of(const TableState& table) const;

  cache::Store& store_;
  hub::HubClient* hub_;
  const UpdateOptions& options_;
  UpdateSource& source_;
  UpdateReport& report_;
  const OnUpdate& on_update_;
  cache::Intake intake_;
  Demand demand_;
};

Result<Demand> Round::find_demand() {
  if (options_.goal == UpdateGoal::kCount) return Demand::of_any(options_.number, options_.wanted);
  std::map<cache::Label, std::uint64_t> stock;
  for (const cache::ItemFolder folder : cache::kItemFolders) {
    if (kind_of(folder) != options_.intake.cache) continue;
    RETURN_IF_ERROR(store_.index().for_each_in(folder, [&](const cache::Item& item) {
      if (item.label && is_eligible(item.state, item.label, item.label)) ++stock[*item.label];
    }));
  }
  std::map<cache::Label, std::uint64_t> open;
  std::vector<cache::Label> labels = options_.wanted;
  if (labels.empty()) labels = {cache::Label::kRoadwork, cache::Label::kNone};
  for (const cache::Label label : labels) {
    const bool is_stocked = static_cast<double>(stock[label]) >=
                            options_.refill_share * static_cast<double>(options_.number);
    if (!is_stocked) open[label] = options_.number - std::min(options_.number, stock[label]);
  }
  return Demand::of_each(std::move(open));
}

/// What is known of tables that are as they were stays; the others are forgotten.
void Round::remember(std::vector<TableState> found) {
  std::map<std::pair<std::string, std::string>, TableState*> known;
  for (TableState& table : source_.tables) known[{table.path, table.identity}] = &table;
  for (TableState& table : found) {
    const auto same = known.find({table.path, table.identity});
    if (same != known.end()) table = std::move(*same->second);
  }
  source_.tables = std::move(found);
  report_.num_tables = source_.tables.size();
}

Status Round::list_local_tables() {
  std::vector<TableState> found;
  for (const fs::path& path : options_.local_tables) {
    ASSIGN_OR_RETURN(const auto info, file_system().info(path));
    if (!info) return not_found(path.native() + ": there is no such table");
    found.push_back({.path = path.native(),
                     .identity = fmt::format("{}-{}", info->size.count(),
                                             info->modified.time_since_epoch().count()),
                     .size_bytes = info->size.count()});
  }
  remember(std::move(found));
  return {};
}

Status Round::list_hub(const std::stop_token& stop) {
  ASSIGN_OR_RETURN(const std::vector<hub::HubFile> files, hub_->list(options_.repo, stop));
  std::vector<TableState> found;
  for (const hub::HubFile& file : files) {
    if (!hub::matches_pattern(file.path, options_.pattern)) continue;
    found.push_back({.path = file.path,
                     .identity = file.content ? file.content->to_hex() : file.object,
                     .size_bytes = file.size.count()});
  }
  if (found.empty()) {
    return not_found(fmt::format("{}: none of its {} files is a table that fits '{}' (--files)",
                                 to_string(options_.repo), files.size(), options_.pattern));
  }
  remember(std::move(found));
  return {};
}

Status Round::list_tables(const std::stop_token& stop) {
  RETURN_IF_ERROR(is_local() ? list_local_tables() : list_hub(stop));
  for (TableState& table : source_.tables) {
    if (table.local.empty()) continue;
    ASSIGN_OR_RETURN(const auto info, file_system().info(store_.layout().tables() / table.local));
    if (!info || info->size.count() != table.size_bytes) table.local.clear();
  }
  return {};
}

fs::path Round::path_of(const TableState& table) const {
  return options_.local_tables.empty() ? store_.layout().tables() / table.local
                                       : fs::path(table.path);
}

UsedTable& Round::used(const TableState& table) {
  const auto found = std::ranges::find(report_.tables, table.path, &UsedTable::path);
  if (found != report_.tables.end()) return *found;
  report_.tables.push_back({.path = table.path});
  return report_.tables.back();
}

void Round::tell(const TableState& table, ByteCount done, ByteCount size) {
  if (!on_update_) return;
  on_update_({.table = table.path,
              .downloaded = done,
              .size = size,
              .num_added = intake_.report().count(ImportOutcome::kAdded),
              .num_wanted = report_.num_wanted});
}

Status Round::fetch(TableState& table, UsedTable& used, const std::stop_token& stop) {
  hub::HubFile file{
      .path = table.path, .size = ByteCount(table.size_bytes), .object = table.identity};
  if (auto content = Sha256::parse(table.identity)) file.content = *content;
  hub::DownloadOptions options = options_.download;
  options.on_progress = [&](ByteCount done, ByteCount size) { tell(table, done, size); };
  const std::string name = local_name(table);
  ASSIGN_OR_RETURN(const hub::Downloaded done,
                   hub::download(*hub_, file_system(), options_.repo, file,
                                 store_.layout().tables() / name, options, stop));
  table.local = name;
  source_.commit = done.commit;
  used.downloaded += done.size - done.resumed_from;
  return {};
}

Arrival Round::arrival_of(TableRow row, const TableState& table) const {
  const std::string file_name = fs::path(table.path).filename().native();
  Arrival arrival{
      .bytes = std::move(row.image),
      .origin = fmt::format("{} row {}", table.path, row.row),
      .draft = {.label = options_.label ? options_.label : row.label,
                .description = std::move(row.description),
                .source = options_.source,
                .original_name = row.original_name,
                .table = cache::TableOrigin{.table = table.path,
                                            .data_set = is_local() ? "" : options_.repo.name,
                                            .revision = is_local() ? "" : source_.commit,
                                            .row = row.row,
                                            .columns = std::move(row.columns)}},
      .name = [stem = cache::plain_stem(file_name),
               number = row.row](const cache::ExaminedImage& image) {
        return fmt::format("{}__image_{}.{}", stem, number, image.facts.format);
      }};
  if (arrival.draft.original_name.empty()) {
    arrival.draft.original_name =
        fmt::format("{}__image_{}", cache::plain_stem(file_name), row.row);
  }
  if (arrival.bytes.empty()) {
    arrival.outcome = ImportOutcome::kUnreadable;
    arrival.reason = row.problem.empty() ? "the row has no image" : std::move(row.problem);
  }
  return arrival;
}

Status Round::take_in(std::vector<Arrival>& arrivals, UsedTable& used,
                      const std::stop_token& stop) {
  RETURN_IF_ERROR(intake_.take_in(arrivals, stop));
  for (const Arrival& arrival : arrivals) {
    if (arrival.outcome != ImportOutcome::kAdded) continue;
    demand_.take(arrival.draft.label);
    ++used.num_added;
  }
  return {};
}

/// A batch is written while the next is read and decoded.
Status Round::take_rows(const ImageTable& opened, TableState& table, UsedTable& used,
                        const std::vector<std::uint64_t>& rows, const std::stop_token& stop) {
  std::vector<Arrival> batch;
  std::future<Status> writing;
  std::vector<std::uint64_t> in_writing;
  std::vector<std::uint64_t> in_batch;
  std::vector<std::uint64_t> done;
  const auto finish_writing = [&] -> Status {
    if (!writing.valid()) return {};
    RETURN_IF_ERROR(writing.get());
    done.insert(done.end(), in_writing.begin(), in_writing.end());
    tell(table, {}, {});
    return {};
  };
  const auto flush = [&] -> Status {
    RETURN_IF_ERROR(parallel_for(
        store_.tools().pool, batch.size(),
        [&](std::size_t i) -> Status {
          if (!batch[i].bytes.empty()) look_at(batch[i], store_.options().limits);
          return {};
        },
        stop));
    RETURN_IF_ERROR(finish_writing());
    in_writing = std::exchange(in_batch, {});
    writing = std::async(std::launch::async,
                         [this, &used, &stop, ready = std::exchange(batch, {})] mutable {
                           return take_in(ready, used, stop);
                         });
    return {};
  };
  Status read = opened.read_rows(
      rows,
      [&](TableRow row) -> Status {
        in_batch.push_back(row.row);
        batch.push_back(arrival_of(std::move(row), table));
        return batch.size() < kBatchSize ? Status() : flush();
      },
      stop);
  if (read && !batch.empty()) read = flush();
  Status written = finish_writing();
  used.num_looked_at += done.size();
  std::ranges::sort(done);
  const std::size_t middle = table.taken.size();
  table.taken.insert(table.taken.end(), done.begin(), done.end());
  std::ranges::inplace_merge(table.taken,
                             table.taken.begin() + static_cast<std::ptrdiff_t>(middle));
  RETURN_IF_ERROR(written);
  return read;
}

Result<bool> Round::use(TableState& table, std::uint64_t limit, const std::stop_token& stop) {
  tables::DatasetSources sources{.file_system = &file_system()};
  ASSIGN_OR_RETURN(const ImageTable opened,
                   ImageTable::open(sources, path_of(table).native(), options_.columns, stop));
  table.num_rows = opened.num_rows();
  const bool wants_labels = options_.goal == UpdateGoal::kStock || !options_.wanted.empty();
  if (wants_labels && !options_.label && !opened.has_labels()) {
    return invalid_input(fmt::format(
        "{}: it has no column '{}' that says what the images show: name one by --label-column, or "
        "say it for all by --set-label",
        table.path, options_.columns.label));
  }
  std::vector<std::optional<cache::Label>> labels(opened.num_rows(), options_.label);
  if (!options_.label) {
    ASSIGN_OR_RETURN(labels, opened.read_labels(stop));
  }
  bool is_used = false;
  // Rows that came to nothing are made up for by others.
  for (std::uint64_t left = limit; left > 0 && demand_.num_open() > 0;) {
    const std::vector<std::uint64_t> rows = demand_.choose(labels, table.taken, left, random());
    if (rows.empty()) break;
    UsedTable& report = used(table);
    const std::uint64_t before = report.num_added;
    is_used = true;
    RETURN_IF_ERROR(take_rows(opened, table, report, rows, stop));
    left -= std::min(left, report.num_added - before);
  }
  return is_used;
}

Status Round::use_all(const std::stop_token& stop) {
  std::vector<TableState*> order;
  for (TableState& table : source_.tables) {
    if (table.refused.empty() && !table.is_used_up()) order.push_back(&table);
  }
  for (std::size_t i = order.size(); i > 1; --i) {
    std::swap(order[i - 1], order[random().below(i)]);
  }
  std::ranges::stable_partition(
      order, [&](const TableState* table) { return is_local() || !table->local.empty(); });
  std::optional<Error> first_problem;
  std::size_t num_downloads = 0;
  // First some rows of each, then, of those that are here, what is still missing.
  for (const std::uint64_t limit : {options_.rows_per_table, std::uint64_t{1} << 62}) {
    for (TableState* const table : order) {
      if (demand_.num_open() == 0) return {};
      if (!table->refused.empty()) continue;
      Result<bool> is_used = true;
      if (!is_local() && table->local.empty()) {
        if (num_downloads >= options_.max_downloads) continue;
        ++num_downloads;
        UsedTable& report = used(*table);
        const Status fetched = fetch(*table, report, stop);
        if (!fetched) is_used = fetched.error();
      }
      if (is_used) is_used = use(*table, limit, stop);
      if (is_used) continue;
      Error error = std::move(is_used.error());
      // What is wrong with one table need not be with the next; all else would be.
      const bool is_of_table = error.code == ErrorCode::kCorrupt ||
                               error.code == ErrorCode::kInvalidInput ||
                               error.code == ErrorCode::kNotFound;
      if (!is_of_table) return error;
      used(*table).problem = error.message;
      // Other choices of columns may find in it what these do not; broken it stays.
      if (error.code == ErrorCode::kCorrupt && (!table->local.empty() || is_local())) {
        table->refused = error.message;
      }
      if (!first_problem) first_problem = std::move(error);
    }
  }
  const bool is_all_in_vain = intake_.report().count(ImportOutcome::kAdded) == 0;
  if (first_problem && is_all_in_vain) return *first_problem;
  return {};
}

/// Tables of which nothing is left to take, and those beyond the bound: remove_forgotten() has
/// their files.
void Round::drop_tables() {
  ByteCount size;
  for (TableState& table : source_.tables) {
    if (table.local.empty()) continue;
    const ByteCount with_it = size + ByteCount(table.size_bytes);
    if (table.is_used_up() || !table.refused.empty() || with_it > options_.max_tables_bytes) {
      table.local.clear();
    } else {
      size = with_it;
    }
  }
}

Status Round::run(const std::stop_token& stop) {
  ASSIGN_OR_RETURN(demand_, find_demand());
  report_.num_wanted = demand_.num_open();
  Status done;
  if (report_.num_wanted > 0) {
    done = list_tables(stop);
    if (done) done = use_all(stop);
    drop_tables();
  }
  report_.num_missing = demand_.num_open();
  report_.commit = source_.commit;
  report_.intake = std::move(intake_.report());
  return done;
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

}  // namespace

UpdateOutcome update(cache::Store& store, hub::HubClient* hub, const UpdateOptions& options,
                     UpdateTime time, const OnUpdate& on_update, const std::stop_token& stop) {
  files::FileSystem& file_system = store.tools().file_system;
  UpdateOutcome outcome{.report = {.source = options.source}};
  auto state = cache::read_update_state(file_system, store.layout());
  cache::UpdateState fresh;
  cache::UpdateState& kept = state ? *state : fresh;
  UpdateSource& source = kept.source(options.source);
  const Timestamp now = store.tools().clock.now();
  const bool is_waiting = source.num_failures > 0 && source.next_due && *source.next_due > now;
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
  outcome.status = state ? round.run(stop) : Status(state.error());
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
  Status noted = cache::write_update_state(file_system, store.layout(), kept);
  if (noted) noted = remove_forgotten(store, kept);
  if (outcome.status && !noted) {
    outcome.status = std::move(noted.error());
    outcome.cause = cause_of(outcome.status.error(), 0);
  }
  return outcome;
}

}  // namespace assay::updater
