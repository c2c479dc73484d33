#include "updater/round_internal.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <future>
#include <span>
#include <utility>

namespace assay::updater {
namespace {

namespace fs = std::filesystem;
using cache::Arrival;
using cache::ImportOutcome;
using cache::TableState;

constexpr std::size_t kBatchSize = 16;

/// While rows are read those before them are looked at, and those before these are written.
/// Errors: those of the functions it is given; kCancelled.
class RowPipeline {
 public:
  using OnArrival = std::function<Status(Arrival&)>;
  using OnBatch = std::function<Status(std::vector<Arrival>&, std::span<const std::uint64_t>)>;

  /// `look` is called on threads of `pool`, `take_in` with the rows of its arrivals on one thread
  /// at a time, and `on_written` by the calls of this class.
  RowPipeline(ThreadPool& pool, OnArrival look, OnBatch take_in, std::function<void()> on_written)
      : pool_(pool),
        look_(std::move(look)),
        take_in_(std::move(take_in)),
        on_written_(std::move(on_written)) {}

  Status add(std::uint64_t row, Arrival arrival, const std::stop_token& stop) {
    batch_.rows.push_back(row);
    batch_.arrivals.push_back(std::move(arrival));
    return batch_.rows.size() < kBatchSize ? Status() : pass_on(stop);
  }

  /// What came since the last call goes on its way.
  Status pass_on(const std::stop_token& stop) {
    RETURN_IF_ERROR(finish_looking());
    if (batch_.rows.empty()) return {};
    looking_ = std::async(std::launch::async,
                          [this, stop, batch = std::exchange(batch_, {})] mutable -> Result<Batch> {
                            RETURN_IF_ERROR(parallel_for(
                                pool_, batch.arrivals.size(),
                                [&](std::size_t i) { return look_(batch.arrivals[i]); }, stop));
                            return std::move(batch);
                          });
    return {};
  }

  /// Return once all that was passed on is written.
  Status finish() {
    Status looked = finish_looking();
    RETURN_IF_ERROR(finish_writing());
    return looked;
  }

  /// The rows that were written.
  const std::vector<std::uint64_t>& done() const { return done_; }

 private:
  struct Batch {
    std::vector<Arrival> arrivals = {};
    std::vector<std::uint64_t> rows = {};
  };

  Status finish_looking() {
    if (!looking_.valid()) return {};
    ASSIGN_OR_RETURN(Batch batch, looking_.get());
    RETURN_IF_ERROR(finish_writing());
    in_writing_ = std::move(batch.rows);
    writing_ = std::async(std::launch::async, [this, arrivals = std::move(batch.arrivals)] mutable {
      return take_in_(arrivals, in_writing_);
    });
    return {};
  }

  Status finish_writing() {
    if (!writing_.valid()) return {};
    RETURN_IF_ERROR(writing_.get());
    done_.insert(done_.end(), in_writing_.begin(), in_writing_.end());
    on_written_();
    return {};
  }

  ThreadPool& pool_;
  OnArrival look_;
  OnBatch take_in_;
  std::function<void()> on_written_;
  Batch batch_;
  std::vector<std::uint64_t> in_writing_;
  std::vector<std::uint64_t> done_;
  std::future<Result<Batch>> looking_;  // ends before what it uses
  std::future<Status> writing_;
};

}  // namespace

cache::Arrival Round::arrival_of(TableRow row, const TableState& table) const {
  Arrival arrival{.bytes = std::move(row.image),
                  .draft = {.label = options_.label ? options_.label : row.label,
                            .description = std::move(row.description),
                            .source = options_.source,
                            .original_name = row.original_name}};
  if (folder_) {
    arrival.origin = fmt::format("{}: {}", table.path, row.original_name);
  } else {
    const bool is_of_hub = !is_here();
    const std::string stem = cache::plain_stem(fs::path(table.path).filename().native());
    arrival.origin = fmt::format("{} row {}", table.path, row.row);
    arrival.draft.table = cache::TableOrigin{.table = table.path,
                                             .data_set = is_of_hub ? options_.repo.name : "",
                                             .revision = is_of_hub ? source_.commit : "",
                                             .row = row.row,
                                             .columns = std::move(row.columns)};
    arrival.name = [stem, number = row.row](const cache::ExaminedImage& image) {
      return fmt::format("{}__image_{}.{}", stem, number, image.facts.format);
    };
    if (arrival.draft.original_name.empty()) {
      arrival.draft.original_name = fmt::format("{}__image_{}", stem, row.row);
    }
  }
  if (arrival.bytes.empty()) {
    arrival.outcome = ImportOutcome::kUnreadable;
    arrival.reason = row.problem.empty() ? "the row has no image" : std::move(row.problem);
    arrival.may_pass = row.may_pass;
  }
  return arrival;
}

Status Round::take_in(std::vector<Arrival>& arrivals, UsedTable& used,
                      const std::stop_token& stop) {
  Status taken_in = intake_.take_in(arrivals, stop);
  const bool is_full = std::ranges::any_of(arrivals, &Arrival::has_no_room);
  if (!taken_in && !is_full) return taken_in;
  if (is_full && intake_options_.stock) report_.no_room = taken_in.error().message;
  for (const Arrival& arrival : arrivals) {
    if (arrival.outcome != ImportOutcome::kAdded || arrival.has_no_room) continue;
    demand_.take(arrival.draft.label);
    ++used.num_added;
  }
  return taken_in;
}

Status Round::take_rows(const ImageRows& source, TableState& table, UsedTable& used,
                        const std::vector<std::uint64_t>& rows, const std::stop_token& stop) {
  RowPipeline pipeline(
      store_.tools().pool,
      [&](Arrival& arrival) {
        return look_at(arrival, store_.options().limits, options_.intake.label_check);
      },
      [&](std::vector<Arrival>& arrivals, std::span<const std::uint64_t> numbers) -> Status {
        RETURN_IF_ERROR(take_in(arrivals, used, stop));
        for (std::size_t i = 0; i < arrivals.size(); ++i) {
          if (arrivals[i].may_pass) put_off_[table.path].insert(numbers[i]);
        }
        return {};
      },
      [&] { tell(table, {}, {}); });
  Status read = source.read_rows(
      rows,
      [&](TableRow row) {
        const std::uint64_t number = row.row;
        return pipeline.add(number, arrival_of(std::move(row), table), stop);
      },
      stop);
  if (read) read = pipeline.pass_on(stop);
  const Status taken_in = pipeline.finish();
  std::vector<std::uint64_t> done = pipeline.done();
  used.num_looked_at += done.size();
  std::ranges::sort(done);
  const std::size_t middle = table.taken.size();
  table.taken.insert(table.taken.end(), done.begin(), done.end());
  std::ranges::inplace_merge(table.taken,
                             table.taken.begin() + static_cast<std::ptrdiff_t>(middle));
  if (folder_) table.marks = folder_->marks(table.taken);
  if (!taken_in) return taken_in.error();
  return read;
}

/// Rows that nobody could look at are for the next round; in this one they were in vain.
void Round::forget_put_off() {
  for (TableState& table : source_.tables) {
    const auto put_off = put_off_.find(table.path);
    if (put_off == put_off_.end()) continue;
    std::erase_if(table.taken, [&](std::uint64_t row) { return put_off->second.contains(row); });
    if (folder_) table.marks = folder_->marks(table.taken);
  }
}

std::string Round::address_of(const cache::TableState& table) const {
  return is_here() ? table.path : (store_.layout().tables() / table.local).native();
}

Result<bool> Round::use(cache::TableState& table, std::uint64_t limit,
                        const std::stop_token& stop) {
  if (folder_) return use_rows(*folder_, table, limit, stop);
  ASSIGN_OR_RETURN(const ImageTable opened,
                   ImageTable::open(places(), address_of(table), options_.columns, stop));
  return use_rows(opened, table, limit, stop);
}

Result<bool> Round::use_rows(const ImageRows& opened, cache::TableState& table, std::uint64_t limit,
                             const std::stop_token& stop) {
  table.num_rows = opened.num_rows();
  const bool wants_labels = options_.goal != UpdateGoal::kCount || !options_.wanted.empty();
  if (wants_labels && !options_.label && !opened.has_labels()) {
    if (folder_) {
      return invalid_input(table.path +
                           ": nothing says what its images show: lay them into folders roadwork "
                           "and none, name a file of labels, or give one label for all");
    }
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

}  // namespace assay::updater
