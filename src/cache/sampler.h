/// \file
/// Draws items of the cache, beside other processes that do the same.

#pragma once

#include "cache/draw_pool.h"
#include "cache/store.h"
#include "core/huge_pages.h"

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace assay::cache {

enum class DrawPolicy : std::uint8_t {
  kUniform,    ///< Each item that is free.
  kSources,    ///< Each source that has a free item, then each item of it.
  kLeastUsed,  ///< The free item that was served least often.
};

/// `uniform`, `sources` or `least-used`.
std::string_view to_string(DrawPolicy policy);
/// Errors: kInvalidInput, which names the three.
Result<DrawPolicy> parse_draw_policy(std::string_view text);

struct DrawOptions {
  std::optional<CacheKind> cache = {};
  std::optional<Label> label = {};
  DrawPolicy policy = DrawPolicy::kUniform;
  /// No item is served again within this time, by whichever process, while another one is free.
  std::chrono::milliseconds cool_down = std::chrono::hours(1);
};

struct Draw {
  std::uint64_t id = 0;
  ItemFolder folder = ItemFolder::kRoadworkImage;
  std::string name = {};
  ItemState state = ItemState::kReady;
  std::optional<Label> label = {};
  std::string source = {};
  std::uint64_t num_served_before = 0;
  std::optional<Timestamp> last_served = {};
  /// All were cooling: this is the one that was served least recently.
  bool is_cooling = false;
  std::uint64_t num_eligible = 0;  ///< Items that the draw was from.
};

/// A view of the index in memory, which follows it. A draw writes nothing but its claim in the
/// shared map.
/// Threads: one thread at a time; each process or thread has its own.
/// Errors: as Store.
class Sampler {
 public:
  /// Pre: `store` is open for writing. Lifetime: `store` outlives the sampler.
  static Result<Sampler> open(Store& store);

  /// Take an item: nobody else gets it within the cool-down. Nothing only when not one item is
  /// eligible.
  Result<std::optional<Draw>> draw(const DrawOptions& options);

  /// How many items a draw would be from, the cooling ones among them. Cost: of the first call of a
  /// kind, as that of open(); then none.
  Result<std::uint64_t> count_eligible(const DrawOptions& options);

  /// Items of the view, of any state.
  std::size_t num_items() const { return entries_.size(); }

 private:
  /// A line of the processor's cache: most names are short.
  struct alignas(64) Entry {
    std::uint64_t id;
    std::uint16_t source;
    ItemFolder folder;
    ItemState state;
    std::optional<Label> label;
    std::uint16_t name_size;
    std::array<char, 48> name;  // longer ones: where they start in long_names_
  };
  /// Any where there is none.
  using PoolKey = std::pair<std::optional<std::uint16_t>, std::pair<int, int>>;

  explicit Sampler(Store& store) : store_(&store) {}
  Status follow_index();
  Status read_new();
  DrawPool& pool(const DrawOptions& options, std::optional<std::uint16_t> source);
  std::optional<Claimed> claim_of_sources(const DrawOptions& options, const DrawMoment& moment);
  ItemTable item_table() const;
  std::size_t position_of(std::uint64_t id) const;
  void set_name(Entry& entry, std::string_view name);
  std::string_view name_of(const Entry& entry) const;
  Draw make_draw(const Claimed& claimed, const DrawOptions& options);

  Store* store_;
  std::uint64_t generation_ = 0;
  std::uint64_t last_id_ = 0;
  std::vector<std::string> sources_;
  std::map<std::string, std::uint16_t, std::less<>> source_numbers_;
  std::string long_names_;
  std::vector<Entry, HugePageAllocator<Entry>> entries_;  // by id
  std::map<PoolKey, DrawPool> pools_;
};

}  // namespace assay::cache
