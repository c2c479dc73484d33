#include "updater/update_sources.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>

namespace assay::updater {
namespace {

/// Those that fill one cache.
class Group {
 public:
  Group(cache::Store& store, cache::CacheKind kind, const SourcesGoal& goal)
      : store_(store), kind_(kind), goal_(goal) {}

  void add(const SourceSetup& source) {
    members_.push_back(&source);
    stocks_.push_back({.weight = source.weight, .cap = source.cap});
  }
  std::span<const SourceSetup* const> members() const { return members_; }
  std::vector<SourceStock>& stocks() { return stocks_; }

  /// Look at what the cache holds: of all that it has by label. Errors of both: as ItemIndex.
  Result<ImageCounts> count_stock();
  Result<ImageCounts> find_missing(double refill_share);

 private:
  cache::Store& store_;
  cache::CacheKind kind_;
  const SourcesGoal& goal_;
  std::vector<const SourceSetup*> members_;
  std::vector<SourceStock> stocks_;
};

Result<ImageCounts> Group::count_stock() {
  std::map<std::string, SourceStock*, std::less<>> by_name;
  for (std::size_t i = 0; i < members_.size(); ++i) {
    stocks_[i].stock.clear();
    stocks_[i].num_held = 0;
    by_name[members_[i]->options.source] = &stocks_[i];
  }
  ImageCounts stock;
  for (const cache::ItemFolder folder : cache::kItemFolders) {
    if (kind_of(folder) != kind_) continue;
    RETURN_IF_ERROR(store_.index().for_each_in(folder, [&](const cache::Item& item) {
      const auto own = by_name.find(item.source);
      if (own != by_name.end()) ++own->second->num_held;
      if (!item.label || !is_eligible(item.state, item.label, item.label)) return;
      ++stock[*item.label];
      if (own != by_name.end()) ++own->second->stock[*item.label];
    }));
  }
  return stock;
}

Result<ImageCounts> Group::find_missing(double refill_share) {
  ASSIGN_OR_RETURN(ImageCounts stock, count_stock());
  ImageCounts missing;
  std::vector<cache::Label> labels = goal_.wanted;
  if (labels.empty()) labels = {cache::Label::kRoadwork, cache::Label::kNone};
  for (const cache::Label label : labels) {
    const bool is_stocked =
        static_cast<double>(stock[label]) >= refill_share * static_cast<double>(goal_.number);
    if (!is_stocked) missing[label] = goal_.number - std::min(goal_.number, stock[label]);
  }
  return missing;
}

std::uint64_t sum_of(const ImageCounts& counts) {
  std::uint64_t sum = 0;
  for (const auto& [label, count] : counts) sum += count;
  return sum;
}

std::uint64_t number_of(const ImageCounts& counts, cache::Label label) {
  const auto found = counts.find(label);
  return found == counts.end() ? 0 : found->second;
}

/// Goes on with those that are left until nothing is missing, or nobody has more.
class Rounds {
 public:
  Rounds(cache::Store& store, hub::HubClient* hub, std::set<std::string> names,
         const SourcesGoal& goal, UpdateTime time, const OnUpdate& on_update,
         const std::stop_token& stop, SourcesOutcome& outcome)
      : store_(store),
        hub_(hub),
        names_(std::move(names)),
        goal_(goal),
        time_(time),
        on_update_(on_update),
        stop_(stop),
        outcome_(outcome) {}

  /// Errors of both: as ItemIndex.
  Status fill_stock(Group& group);
  Status add_number(Group& group);

 private:
  /// Ask for `plan`; what came, by source.
  std::vector<ImageCounts> ask(Group& group, const std::vector<ImageCounts>& plan);
  bool is_stopped() const { return stop_.stop_requested(); }

  cache::Store& store_;
  hub::HubClient* hub_;
  std::set<std::string> names_;  // of all sources
  const SourcesGoal& goal_;
  UpdateTime time_;
  const OnUpdate& on_update_;
  const std::stop_token& stop_;
  SourcesOutcome& outcome_;
};

std::vector<ImageCounts> Rounds::ask(Group& group, const std::vector<ImageCounts>& plan) {
  std::vector<ImageCounts> came(plan.size());
  for (const std::size_t i : order_of_sources(group.stocks())) {
    const std::uint64_t number = sum_of(plan[i]);
    if (number == 0 || is_stopped()) continue;
    UpdateOptions options = group.members()[i]->options;
    options.sources_in_use = names_;
    options.goal = goal_.goal == UpdateGoal::kStock ? UpdateGoal::kGiven : UpdateGoal::kCount;
    options.number = number;
    options.given = plan[i];
    if (options.goal == UpdateGoal::kGiven) options.intake.stock = goal_.number;
    options.wanted = goal_.wanted;
    const bool is_here = !options.tables.empty() || !options.folder.empty();
    UpdateOutcome done =
        update(store_, is_here ? nullptr : hub_, options, time_, on_update_, stop_);
    const std::uint64_t added = done.report.intake.count(cache::ImportOutcome::kAdded);
    came[i][cache::Label::kNone] = added;
    outcome_.outcomes.push_back(std::move(done));
  }
  return came;
}

Status Rounds::fill_stock(Group& group) {
  ASSIGN_OR_RETURN(ImageCounts missing, group.find_missing(goal_.refill_share));
  outcome_.num_wanted += sum_of(missing);
  // In each further round one source is out of one label more.
  const std::size_t num_rounds = (group.members().size() * missing.size()) + 1;
  for (std::size_t i = 0; i < num_rounds && sum_of(missing) > 0; ++i) {
    const std::vector<ImageCounts> plan = plan_sources(group.stocks(), missing);
    if (std::ranges::all_of(plan, &ImageCounts::empty) || is_stopped()) break;
    const std::vector<SourceStock> before = group.stocks();
    ask(group, plan);
    const ImageCounts begun = std::move(missing);
    // What was begun is finished, though four fifths of it may be there by now.
    ASSIGN_OR_RETURN(missing, group.find_missing(1));
    for (std::size_t k = 0; k < plan.size(); ++k) {
      for (const auto& [label, count] : plan[k]) {
        SourceStock& source = group.stocks()[k];
        if (source.stock[label] < number_of(before[k].stock, label) + count) {
          source.out.insert(label);
        }
      }
    }
    std::erase_if(missing, [&](const auto& pair) { return !begun.contains(pair.first); });
  }
  outcome_.num_missing += sum_of(missing);
  return {};
}

Status Rounds::add_number(Group& group) {
  outcome_.num_wanted += goal_.number;
  std::uint64_t left = goal_.number;
  for (std::size_t i = 0; i <= group.members().size() && left > 0; ++i) {
    ASSIGN_OR_RETURN([[maybe_unused]] const ImageCounts held, group.count_stock());
    // Whatever is there: shares are those of what comes now.
    std::vector<SourceStock> stocks = group.stocks();
    for (SourceStock& stock : stocks) stock.stock.clear();
    const auto plan = plan_sources(stocks, {{cache::Label::kNone, left}});
    if (std::ranges::all_of(plan, &ImageCounts::empty) || is_stopped()) break;
    const std::vector<ImageCounts> came = ask(group, plan);
    for (std::size_t k = 0; k < plan.size(); ++k) {
      left -= std::min(left, sum_of(came[k]));
      if (sum_of(came[k]) < sum_of(plan[k])) group.stocks()[k].out.insert(cache::Label::kNone);
    }
  }
  outcome_.num_missing += left;
  return {};
}

}  // namespace

Result<SourcesOutcome> update_sources(cache::Store& store, hub::HubClient* hub,
                                      std::span<const SourceSetup> sources, const SourcesGoal& goal,
                                      UpdateTime time, const OnUpdate& on_update,
                                      const std::stop_token& stop) {
  SourcesOutcome outcome;
  std::set<std::string> names;
  for (const SourceSetup& source : sources) names.insert(source.options.source);
  Rounds rounds(store, hub, std::move(names), goal, time, on_update, stop, outcome);
  const bool is_stock = goal.goal == UpdateGoal::kStock;
  std::chrono::milliseconds interval = std::chrono::hours(1);
  for (const SourceSetup& source : sources) {
    interval = std::min(interval, source.options.interval);
  }
  for (const cache::CacheKind kind : cache::kCacheKinds) {
    Group group(store, kind, goal);
    for (const SourceSetup& source : sources) {
      if (source.options.intake.cache == kind) group.add(source);
    }
    if (group.members().empty()) continue;
    RETURN_IF_ERROR(is_stock ? rounds.fill_stock(group) : rounds.add_number(group));
  }
  outcome.next_due = store.tools().clock.now() + interval;
  for (const UpdateOutcome& done : outcome.outcomes) {
    outcome.next_due = std::min(outcome.next_due, done.next_due);
  }
  return outcome;
}

}  // namespace assay::updater
