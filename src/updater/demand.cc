#include "updater/demand.h"

#include <algorithm>
#include <utility>

namespace assay::updater {

Demand Demand::of_any(std::uint64_t number, std::vector<cache::Label> labels) {
  Demand demand;
  demand.any_ = number;
  demand.labels_ = std::move(labels);
  return demand;
}

Demand Demand::of_each(std::map<cache::Label, std::uint64_t> numbers) {
  Demand demand;
  demand.is_of_each_ = true;
  demand.each_ = std::move(numbers);
  return demand;
}

std::uint64_t Demand::num_open() const {
  if (!is_of_each_) return any_;
  std::uint64_t sum = 0;
  for (const auto& [label, number] : each_) sum += number;
  return sum;
}

bool Demand::wants(std::optional<cache::Label> label) const {
  if (is_of_each_) {
    const auto found = label ? each_.find(*label) : each_.end();
    return found != each_.end() && found->second > 0;
  }
  if (any_ == 0) return false;
  return labels_.empty() || (label && std::ranges::find(labels_, *label) != labels_.end());
}

void Demand::take(std::optional<cache::Label> label) {
  std::uint64_t& number = is_of_each_ ? each_[label.value_or(cache::Label::kNone)] : any_;
  number -= std::min<std::uint64_t>(number, 1);
}

std::vector<std::uint64_t> Demand::choose(std::span<const std::optional<cache::Label>> labels,
                                          std::span<const std::uint64_t> taken, std::uint64_t limit,
                                          RandomSource& random) const {
  // By label, in an order of chance; what is of any label is one list.
  std::map<std::optional<cache::Label>, std::vector<std::uint64_t>> free;
  std::size_t next_taken = 0;
  for (std::uint64_t row = 0; row < labels.size(); ++row) {
    while (next_taken < taken.size() && taken[next_taken] < row) ++next_taken;
    if (next_taken < taken.size() && taken[next_taken] == row) continue;
    if (!wants(labels[row])) continue;
    free[is_of_each_ ? labels[row] : std::nullopt].push_back(row);
  }
  for (auto& [label, rows] : free) {
    for (std::size_t i = rows.size(); i > 1; --i) std::swap(rows[i - 1], rows[random.below(i)]);
  }
  Demand left = *this;
  std::vector<std::uint64_t> chosen;
  while (chosen.size() < limit) {
    std::optional<std::optional<cache::Label>> best;
    std::uint64_t most = 0;
    for (const auto& [label, rows] : free) {
      const std::uint64_t open = label ? left.each_[*label] : left.any_;
      if (rows.empty() || open <= most) continue;
      best = label;
      most = open;
    }
    if (!best) break;
    chosen.push_back(free[*best].back());
    free[*best].pop_back();
    left.take(*best);
  }
  std::ranges::sort(chosen);
  return chosen;
}

}  // namespace assay::updater
