#include "updater/source_plan.h"

#include <algorithm>
#include <queue>
#include <tuple>
#include <utility>

namespace assay::updater {

std::vector<ImageCounts> plan_sources(std::span<const SourceStock> sources,
                                      const ImageCounts& missing) {
  std::vector<ImageCounts> plan(sources.size());
  std::vector<std::uint64_t> room(sources.size());
  for (std::size_t i = 0; i < sources.size(); ++i) {
    const SourceStock& source = sources[i];
    room[i] = source.cap - std::min(source.cap, source.num_held);
  }
  // The label of which more is missing has its turn more often: where caps bind, both get a part.
  std::uint64_t most = 0;
  for (const auto& [label, count] : missing) most = std::max(most, count);
  using Place = std::tuple<double, std::size_t>;
  using Queue = std::priority_queue<Place, std::vector<Place>, std::greater<>>;
  std::map<cache::Label, Queue> queues;
  const auto place_of = [&](std::size_t i, cache::Label label) {
    const auto held = sources[i].stock.find(label);
    const std::uint64_t before = held == sources[i].stock.end() ? 0 : held->second;
    return Place(static_cast<double>(before + plan[i][label]) / sources[i].weight, i);
  };
  for (const auto& [label, count] : missing) {
    for (std::size_t i = 0; i < sources.size(); ++i) {
      const bool has_some = room[i] > 0 && !sources[i].out.contains(label);
      if (has_some) queues[label].push(place_of(i, label));
    }
  }
  for (std::uint64_t left = most; left > 0; --left) {
    for (const auto& [label, count] : missing) {
      Queue& queue = queues[label];
      while (count >= left && !queue.empty()) {
        const std::size_t i = std::get<1>(queue.top());
        queue.pop();
        if (room[i] == 0) continue;
        --room[i];
        ++plan[i][label];
        queue.push(place_of(i, label));
        break;
      }
    }
  }
  for (ImageCounts& counts : plan) {
    std::erase_if(counts, [](const auto& pair) { return pair.second == 0; });
  }
  return plan;
}

std::vector<std::size_t> order_of_sources(std::span<const SourceStock> sources) {
  std::vector<std::size_t> order;
  order.reserve(sources.size());
  for (std::size_t i = 0; i < sources.size(); ++i) order.push_back(i);
  std::ranges::stable_sort(order, {}, [&](std::size_t i) {
    return static_cast<double>(sources[i].num_held) / sources[i].weight;
  });
  return order;
}

}  // namespace assay::updater
