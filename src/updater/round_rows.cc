#include "updater/round_internal.h"

#include <fmt/format.h>

#include <algorithm>
#include <future>
#include <utility>

namespace assay::updater {
namespace {

namespace fs = std::filesystem;
using cache::Arrival;
using cache::ImportOutcome;
using cache::TableState;

constexpr std::size_t kBatchSize = 32;

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
Status Round::take_rows(const ImageRows& source, TableState& table, UsedTable& used,
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
  Status read = source.read_rows(
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
