/// \file
/// A cache gets photos from the tables of a data set: those that are missing, and no more.

#pragma once

#include "cache/intake.h"
#include "cache/update_state.h"
#include "hub/download.h"
#include "hub/hub_client.h"
#include "updater/image_table.h"
#include "updater/source_plan.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace assay::updater {

/// What `number` counts.
enum class UpdateGoal : std::uint8_t {
  kStock,  ///< Images of each label that can be served, those that are there among them.
  kCount,  ///< Images that are added, of all labels together.
  kGiven,  ///< Nothing: `given` says how many of each label are added.
};

/// Whether a source is asked before it is due again.
enum class UpdateTime : std::uint8_t { kWhenDue, kNow };

struct UpdateOptions {
  /// Where the images are: a data set of the hub, unless one of the next two is given.
  hub::RepoAddress repo = {};
  /// Tables: files, folders, patterns, `s3://` and `gs://` addresses.
  std::vector<std::string> tables = {};
  /// A folder of plain images, or their prefix in an object store, and a CSV with their labels.
  std::string folder = {};
  std::filesystem::path labels_file = {};
  /// Through which object stores are reached; null: they are not.
  tables::RemoteSources* remote = nullptr;
  /// What `source` of the images says, and under which name the state is kept.
  std::string source = {};
  /// Of all sources in use: another name under which nothing was ever found is forgotten.
  std::set<std::string> sources_in_use = {};
  /// Of the tables of the repository, by their paths; `*` and `?` stand for what they usually do.
  std::string pattern = "*.parquet";
  ImageColumns columns = {};
  /// Of all images, whatever their rows say.
  std::optional<cache::Label> label = {};
  /// Of images that are wanted; none of them: all, those without a label too.
  std::vector<cache::Label> wanted = {};

  UpdateGoal goal = UpdateGoal::kStock;
  std::uint64_t number = 500;
  ImageCounts given = {};
  /// A stock above this share of `number` is left alone.
  double refill_share = 0.8;
  /// Rows from one table before the next one's turn, so that the images are mixed.
  std::uint64_t rows_per_table = 100;
  /// Tables fetched in one call.
  std::size_t max_downloads = 5;
  /// Of tables that are kept for the next time.
  ByteCount max_tables_bytes{100'000'000'000};
  /// After a call that went well; the next one is due then.
  std::chrono::milliseconds interval = std::chrono::hours(1);
  /// After one that did not: doubled by each, half of it drawn by chance, up to `max_delay`; but
  /// never less than the hub asks for.
  std::chrono::milliseconds initial_delay = std::chrono::minutes(1);
  std::chrono::milliseconds max_delay = std::chrono::hours(1);

  cache::ImportOptions intake = {};
  hub::DownloadOptions download = {};
};

/// What became of a table that was asked for.
struct UsedTable {
  std::string path = {};
  std::uint64_t num_looked_at = 0;
  std::uint64_t num_added = 0;
  ByteCount downloaded = {};
  std::string problem = {};  ///< Why it could not be used.
};

struct UpdateReport {
  std::string source = {};
  std::string commit = {};
  std::uint64_t num_wanted = 0;
  std::uint64_t num_missing = 0;  ///< Still, when all was done that could be.
  std::uint64_t num_tables = 0;   ///< Of the data set; 0 when nothing had to be asked.
  /// Of these, rows that earlier calls looked at; `state_file` remembers them.
  std::uint64_t num_taken_before = 0;
  std::filesystem::path state_file = {};
  std::vector<UsedTable> tables = {};
  /// Why a stock has no room for more; empty: it has, or nothing was missing.
  std::string no_room = {};
  cache::ImportReport intake = {};
};

/// What one call came to. The source is not asked before `next_due`, by whichever process.
struct UpdateOutcome {
  Status status = {};
  std::string cause = {};  ///< Of a failure, in snake case.
  /// What was done, also before a failure.
  UpdateReport report = {};
  Timestamp next_due = {};
};

struct UpdateProgress {
  std::string_view table;
  ByteCount downloaded = {};  ///< Of `size`; both 0 once it is there.
  ByteCount size = {};
  std::uint64_t num_added = 0;
  std::uint64_t num_wanted = 0;
};
using OnUpdate = std::function<void(const UpdateProgress&)>;

/// Add what is missing of a stock, or a number of images: rows that were not looked at before,
/// drawn by chance, first from tables that are kept, then from others of the data set. A table is
/// fetched whole and checked before a row of it is used, and not again while the hub names the same
/// content. What was done and what failed is noted beside the cache; after a kill the same call
/// goes on. A stock that the budget cannot hold is filled as far as it goes, and that is no
/// failure. With kWhenDue a source that failed is not asked again before its time: that is
/// kUnavailable.
///
/// Pre:    the index is up to date, and this process holds the update lock.
/// Cost:   a batch of images and a page of the table in memory.
/// Errors: in the outcome: as HubClient, download(), ImageTable, Intake.
UpdateOutcome update(cache::Store& store, hub::HubClient* hub, const UpdateOptions& options,
                     UpdateTime time, const OnUpdate& on_update, const std::stop_token& stop);

}  // namespace assay::updater
