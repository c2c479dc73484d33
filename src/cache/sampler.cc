#include "cache/sampler.h"

#include "core/check.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <span>

namespace assay::cache {
namespace {

using PoolKey = std::pair<std::optional<std::uint16_t>, std::pair<int, int>>;

constexpr int kAny = -1;

template <typename T>
int number_of(const std::optional<T>& value) {
  return value ? static_cast<int>(*value) : kAny;
}

bool belongs(const PoolKey& key, std::uint16_t source, ItemFolder folder, ItemState state,
             std::optional<Label> label) {
  const auto [cache, wanted] = key.second;
  if (key.first && *key.first != source) return false;
  if (cache != kAny && cache != static_cast<int>(kind_of(folder))) return false;
  return is_eligible(state, label,
                     wanted == kAny ? std::nullopt : std::optional(static_cast<Label>(wanted)));
}

}  // namespace

std::string_view to_string(DrawPolicy policy) {
  constexpr std::array<std::string_view, 3> kNames = {"uniform", "sources", "least-used"};
  return kNames[static_cast<std::size_t>(policy)];
}

Result<DrawPolicy> parse_draw_policy(std::string_view text) {
  for (const DrawPolicy policy :
       {DrawPolicy::kUniform, DrawPolicy::kSources, DrawPolicy::kLeastUsed}) {
    if (text == to_string(policy)) return policy;
  }
  return invalid_input(
      fmt::format("no policy is called '{}'; there are uniform, sources and least-used", text));
}

Result<Sampler> Sampler::open(Store& store) {
  CHECK(store.served() != nullptr, "a store that only reads serves nothing");
  Sampler sampler(store);
  sampler.generation_ = store.served()->generation();
  RETURN_IF_ERROR(sampler.read_new());
  return sampler;
}

Status Sampler::read_new() {
  const std::size_t first_new = entries_.size();
  RETURN_IF_ERROR(store_->index().for_each_after(last_id_, [&](const Item& item) {
    last_id_ = item.id;
    auto source = source_numbers_.find(item.source);
    if (source == source_numbers_.end()) {
      // Beyond this many, sources share the last number: nothing but their names is confused.
      const std::size_t number = std::min<std::size_t>(sources_.size(), 0xFFFF);
      if (number == sources_.size()) sources_.push_back(item.source);
      source = source_numbers_.emplace(item.source, static_cast<std::uint16_t>(number)).first;
    }
    entries_.push_back({.id = item.id,
                        .source = source->second,
                        .folder = item.folder,
                        .state = item.state,
                        .label = item.label,
                        .name_size = 0,
                        .name = {}});
    set_name(entries_.back(), item.name);
  }));
  for (auto& [key, pool] : pools_) {
    for (std::size_t i = first_new; i < entries_.size(); ++i) {
      const Entry& entry = entries_[i];
      if (belongs(key, entry.source, entry.folder, entry.state, entry.label)) pool.add(entry.id);
    }
  }
  return store_->refresh_served();
}

Status Sampler::follow_index() {
  const ServedMap& served = *store_->served();
  if (served.is_retired()) {
    return unavailable(
        "the index of this cache was made anew by another process; open the cache again");
  }
  const std::uint64_t generation = served.generation();
  if (generation == generation_) return {};
  RETURN_IF_ERROR(read_new());
  generation_ = generation;
  return {};
}

DrawPool& Sampler::pool(const DrawOptions& options, std::optional<std::uint16_t> source) {
  const PoolKey key{source, {number_of(options.cache), number_of(options.label)}};
  const auto [found, is_new] = pools_.try_emplace(key);
  if (is_new) {
    for (const Entry& entry : entries_) {
      if (belongs(key, entry.source, entry.folder, entry.state, entry.label)) {
        found->second.add(entry.id);
      }
    }
  }
  return found->second;
}

ItemTable Sampler::item_table() const {
  if (entries_.empty()) return {};
  return {.entries = std::as_bytes(std::span(entries_)),
          .entry_size = sizeof(Entry),
          .first_id = entries_.front().id};
}

/// Sources in a random order, the first that has a free item.
std::optional<Claimed> Sampler::claim_of_sources(const DrawOptions& options,
                                                 const DrawMoment& moment) {
  RandomSource& random = store_->tools().random;
  std::vector<std::uint16_t> left(sources_.size());
  for (std::size_t i = 0; i < left.size(); ++i) left[i] = static_cast<std::uint16_t>(i);
  while (!left.empty()) {
    std::swap(left[random.below(left.size())], left.back());
    auto claimed =
        pool(options, left.back())
            .claim_free(*store_->served(), random, moment, PoolOrder::kUniform, item_table());
    if (claimed) return claimed;
    left.pop_back();
  }
  return std::nullopt;
}

void Sampler::set_name(Entry& entry, std::string_view name) {
  entry.name_size = static_cast<std::uint16_t>(name.size());
  if (name.size() <= entry.name.size()) {
    std::ranges::copy(name, entry.name.begin());
    return;
  }
  const std::size_t start = long_names_.size();
  std::memcpy(entry.name.data(), &start, sizeof(start));
  long_names_ += name;
}

std::string_view Sampler::name_of(const Entry& entry) const {
  if (entry.name_size <= entry.name.size()) return {entry.name.data(), entry.name_size};
  std::size_t start = 0;
  std::memcpy(&start, entry.name.data(), sizeof(start));
  return std::string_view(long_names_).substr(start, entry.name_size);
}

/// Ids rise by one, but for those that were removed: nearly always the first look finds it.
std::size_t Sampler::position_of(std::uint64_t id) const {
  const std::size_t last = std::min<std::size_t>(id - entries_.front().id, entries_.size() - 1);
  if (entries_[last].id == id) return last;
  const auto until = entries_.begin() + static_cast<std::ptrdiff_t>(last);
  return static_cast<std::size_t>(
      std::ranges::lower_bound(entries_.begin(), until, id, {}, &Entry::id) - entries_.begin());
}

Draw Sampler::make_draw(const Claimed& claimed, const DrawOptions& options) {
  const Entry& entry = entries_[position_of(claimed.id)];
  Draw draw{.id = claimed.id,
            .folder = entry.folder,
            .name = std::string(name_of(entry)),
            .state = entry.state,
            .label = entry.label,
            .source = sources_[entry.source],
            .num_served_before = claimed.num_served,
            .num_eligible = pool(options, std::nullopt).size()};
  if (claimed.last_served != ServedMap::kNever) {
    draw.last_served = Timestamp(std::chrono::microseconds(claimed.last_served));
  }
  return draw;
}

Result<std::uint64_t> Sampler::count_eligible(const DrawOptions& options) {
  RETURN_IF_ERROR(follow_index());
  return static_cast<std::uint64_t>(pool(options, std::nullopt).size());
}

Result<std::optional<Draw>> Sampler::draw(const DrawOptions& options) {
  RETURN_IF_ERROR(follow_index());
  const auto now =
      std::max<std::int64_t>(store_->tools().clock.now().time_since_epoch().count(), 1);
  const std::int64_t since =
      now - std::chrono::duration_cast<std::chrono::microseconds>(options.cool_down).count();
  const DrawMoment moment{
      .now = static_cast<std::uint64_t>(now),
      .free_since = static_cast<std::uint64_t>(std::max<std::int64_t>(since, 0))};
  ServedMap& served = *store_->served();
  DrawPool& all = pool(options, std::nullopt);
  std::optional<Claimed> claimed;
  if (options.policy == DrawPolicy::kSources) {
    claimed = claim_of_sources(options, moment);
  } else {
    claimed = all.claim_free(
        served, store_->tools().random, moment,
        options.policy == DrawPolicy::kUniform ? PoolOrder::kUniform : PoolOrder::kLeastUsed,
        item_table());
  }
  if (!claimed) claimed = all.claim_oldest(served, moment);
  if (!claimed) return std::optional<Draw>();
  Draw draw = make_draw(*claimed, options);
  draw.is_cooling = claimed->last_served > moment.free_since;
  return std::optional(std::move(draw));
}

}  // namespace assay::cache
