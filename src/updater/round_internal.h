/// \file
/// One call of update(), under way.

#pragma once

#include "updater/demand.h"
#include "updater/image_folder.h"
#include "updater/image_table.h"
#include "updater/update.h"

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <vector>

namespace assay::updater {

/// Errors of all: as update().
class Round {
 public:
  /// Lifetime: all outlive it.
  Round(cache::Store& store, hub::HubClient* hub, const UpdateOptions& options,
        cache::UpdateSource& source, UpdateReport& report, const OnUpdate& on_update)
      : store_(store),
        hub_(hub),
        options_(options),
        source_(source),
        report_(report),
        on_update_(on_update),
        intake_options_(intake_options(options)),
        intake_(store, intake_options_) {}

  Status run(const std::stop_token& stop);

 private:
  files::FileSystem& file_system() { return store_.tools().file_system; }
  RandomSource& random() { return store_.tools().random; }
  /// Nothing has to be fetched.
  bool is_here() const { return !options_.tables.empty() || !options_.folder.empty(); }
  tables::DatasetSources places() {
    return {.file_system = &file_system(), .remote = options_.remote};
  }
  static cache::ImportOptions intake_options(const UpdateOptions& options);
  Result<Demand> find_demand();
  Status check_room(const std::stop_token& stop);
  Status list_tables(const std::stop_token& stop);
  Status list_places();
  Status list_folder();
  Status list_hub(const std::stop_token& stop);
  void remember(std::vector<cache::TableState> found);
  bool is_closed(const cache::TableState& table);
  Status use_all(const std::stop_token& stop);
  Status fetch(cache::TableState& table, UsedTable& used, const std::stop_token& stop);
  /// Whether a row of it was looked at.
  Result<bool> use(cache::TableState& table, std::uint64_t limit, const std::stop_token& stop);
  Result<bool> use_rows(const ImageRows& opened, cache::TableState& table, std::uint64_t limit,
                        const std::stop_token& stop);
  Status take_rows(const ImageRows& source, cache::TableState& table, UsedTable& used,
                   const std::vector<std::uint64_t>& rows, const std::stop_token& stop);
  cache::Arrival arrival_of(TableRow row, const cache::TableState& table) const;
  Status take_in(std::vector<cache::Arrival>& arrivals, UsedTable& used,
                 const std::stop_token& stop);
  UsedTable& used(const cache::TableState& table);
  void tell(const cache::TableState& table, ByteCount done, ByteCount size);
  void forget_put_off();
  void drop_tables();
  std::string address_of(const cache::TableState& table) const;

  cache::Store& store_;
  hub::HubClient* hub_;
  const UpdateOptions& options_;
  cache::UpdateSource& source_;
  UpdateReport& report_;
  const OnUpdate& on_update_;
  cache::ImportOptions intake_options_;
  cache::Intake intake_;
  Demand demand_;
  std::optional<ImageFolder> folder_;
  /// Known tables that this round does not ask for, and another may.
  std::vector<cache::TableState> set_aside_;
  /// Of a table, by its path: the rows whose images could not be read this time.
  std::map<std::string, std::set<std::uint64_t>> put_off_;
};

}  // namespace assay::updater
