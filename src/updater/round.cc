#include "hub/name_pattern.h"
#include "updater/round_internal.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <set>
#include <utility>

namespace assay::updater {
namespace {

namespace fs = std::filesystem;
using cache::ImportOutcome;
using cache::TableState;

/// The name of a kept table: no two contents share one.
std::string local_name(const TableState& table) {
  return fmt::format("{}-{}", table.identity.substr(0, 12),
                     fs::path(table.path).filename().native());
}

}  // namespace

cache::ImportOptions Round::intake_options(const UpdateOptions& options) {
  cache::ImportOptions intake = options.intake;
  if (options.goal == UpdateGoal::kStock) intake.stock = options.number;
  return intake;
}

Result<Demand> Round::find_demand() {
  if (options_.goal == UpdateGoal::kCount) return Demand::of_any(options_.number, options_.wanted);
  if (options_.goal == UpdateGoal::kGiven) return Demand::of_each(options_.given);
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

/// Nothing is fetched for a stock that has no room for one more of the size of those that are
/// there.
Status Round::check_room(const std::stop_token& stop) {
  if (!intake_options_.stock) return {};
  ASSIGN_OR_RETURN(const cache::WriteTurn turn, store_.begin_turn(stop));
  const Status fits =
      store_.check_room(turn, options_.intake.cache, {.stock = intake_options_.stock});
  if (!fits && fits.error().code == ErrorCode::kExhausted) report_.no_room = fits.error().message;
  return fits;
}

/// What is known of tables that are as they were stays; the others are forgotten.
void Round::remember(std::vector<TableState> found) {
  std::map<std::pair<std::string, std::string>, TableState*> known;
  for (TableState& table : source_.tables) known[{table.path, table.identity}] = &table;
  for (TableState& table : found) {
    const auto same = known.find({table.path, table.identity});
    if (same != known.end()) table = std::move(*same->second);
    report_.num_taken_before += table.taken.size();
  }
  source_.tables = std::move(found);
  report_.num_tables = source_.tables.size();
}

Status Round::list_places() {
  ASSIGN_OR_RETURN(const auto files, tables::expand_dataset(places(), options_.tables));
  std::vector<TableState> found;
  for (const tables::DatasetFile& file : files) {
    TableState table{.path = file.address};
    if (tables::is_remote_address(file.address)) {
      ASSIGN_OR_RETURN(const auto source, tables::open_source(places(), file.address));
      table.size_bytes = source->size().count();
      // Another content may have the same size.
      table.identity = fmt::format("{}-{}", table.size_bytes, source->version());
    } else {
      ASSIGN_OR_RETURN(const auto info, file_system().info(file.address));
      if (!info) return not_found(file.address + ": there is no such table");
      table.size_bytes = info->size.count();
      table.identity =
          fmt::format("{}-{}", info->size.count(), info->modified.time_since_epoch().count());
    }
    found.push_back(std::move(table));
  }
  remember(std::move(found));
  return {};
}

Status Round::list_folder() {
  ASSIGN_OR_RETURN(folder_,
                   ImageFolder::open(places(), options_.folder,
                                     {.label = options_.label,
                                      .labels_file = options_.labels_file,
                                      .cache_root = store_.layout().root(),
                                      .max_image_size = store_.options().limits.max_size_bytes}));
  if (folder_->num_rows() == 0) {
    return not_found(options_.folder + ": there are no images below it");
  }
  TableState found{.path = options_.folder, .identity = folder_->identity()};
  const auto before = std::ranges::find(source_.tables, found.path, &TableState::path);
  // Where only some of its images are others, the rest is not looked at again.
  if (before != source_.tables.end() && before->identity != found.identity) {
    found.taken = folder_->rows_of(before->marks);
    found.marks = folder_->marks(found.taken);
  }
  remember({std::move(found)});
  return {};
}

Status Round::list_hub(const std::stop_token& stop) {
  ASSIGN_OR_RETURN(const std::vector<hub::HubFile> files, hub_->list(options_.repo, stop));
  std::vector<TableState> found;
  std::set<std::pair<std::string, std::string>> others;
  for (const hub::HubFile& file : files) {
    std::string identity = file.content ? file.content->to_hex() : file.object;
    if (hub::matches_pattern(file.path, options_.pattern)) {
      found.push_back(
          {.path = file.path, .identity = std::move(identity), .size_bytes = file.size.count()});
    } else {
      others.emplace(file.path, std::move(identity));
    }
  }
  if (found.empty()) {
    return not_found(fmt::format("{}: none of its {} files is a table that fits '{}' (--files)",
                                 to_string(options_.repo), files.size(), options_.pattern));
  }
  for (TableState& table : source_.tables) {
    if (others.contains({table.path, table.identity})) set_aside_.push_back(std::move(table));
  }
  remember(std::move(found));
  return {};
}

Status Round::list_tables(const std::stop_token& stop) {
  if (!options_.folder.empty()) return list_folder();
  if (!options_.tables.empty()) return list_places();
  RETURN_IF_ERROR(list_hub(stop));
  for (TableState& table : source_.tables) {
    if (table.local.empty()) continue;
    ASSIGN_OR_RETURN(const auto info, file_system().info(store_.layout().tables() / table.local));
    if (!info || info->size.count() != table.size_bytes) table.local.clear();
  }
  return {};
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

/// Whether it lies on this disk and cannot even be opened.
bool Round::is_closed(const TableState& table) {
  return !options_.tables.empty() && !tables::is_remote_address(table.path) &&
         !file_system().open(table.path, files::OpenMode::kRead);
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
      order, [&](const TableState* table) { return is_here() || !table->local.empty(); });
  std::optional<Error> first_problem;
  std::size_t num_downloads = 0;
  // First some rows of each, then, of those that are here, what is still missing.
  for (const std::uint64_t limit : {options_.rows_per_table, std::uint64_t{1} << 62}) {
    for (TableState* const table : order) {
      if (demand_.num_open() == 0) return {};
      if (!table->refused.empty()) continue;
      Result<bool> is_used = true;
      if (!is_here() && table->local.empty()) {
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
                               error.code == ErrorCode::kNotFound || is_closed(*table);
      if (!is_of_table) return error;
      used(*table).problem = error.message;
      // Other choices of columns may find in it what these do not; broken it stays.
      if (error.code == ErrorCode::kCorrupt && (!table->local.empty() || is_here())) {
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
    done = check_room(stop);
    if (done) done = list_tables(stop);
    if (done) done = use_all(stop);
    forget_put_off();
    std::ranges::move(set_aside_, std::back_inserter(source_.tables));
    drop_tables();
  }
  // No failure that asking again would help.
  if (!report_.no_room.empty()) done = {};
  report_.num_missing = demand_.num_open();
  report_.commit = source_.commit;
  report_.intake = std::move(intake_.report());
  return done;
}

}  // namespace assay::updater
