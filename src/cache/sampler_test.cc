#include "cache/sampler.h"

#include "cache/testing/cache_fixture.h"
#include "core/testing/slowness.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <map>
#include <numeric>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace assay::cache {
namespace {

using assay::testing::kSlowness;
using testing::CacheFixture;

/// Items of the index without files: nothing here reads them.
void fill(Store& store, std::size_t count, std::optional<Label> label, const std::string& source) {
  static int batch = 0;
  ++batch;
  std::vector<Item> items;
  for (std::size_t i = 0; i < count; ++i) {
    items.push_back({.folder = ItemFolder::kRoadworkImage,
                     .name = "item-" + std::to_string(batch) + "-" + std::to_string(i) + ".jpg",
                     .state = label ? ItemState::kReady : ItemState::kNoLabel,
                     .label = label,
                     .source = source});
  }
  const auto turn = store.begin_turn();
  ASSERT_TRUE(turn);
  ASSERT_TRUE(store.put(*turn, items));
}

Draw draw_one(Sampler& sampler, const DrawOptions& options) {
  const auto draw = sampler.draw(options);
  EXPECT_TRUE(draw);
  EXPECT_TRUE(*draw);
  return **draw;
}

/// How far counts are from equal, in standard deviations of chi-square: some -3 to 4 by chance.
double chi_square_excess(const std::vector<double>& counts) {
  const double expected =
      std::accumulate(counts.begin(), counts.end(), 0.0) / static_cast<double>(counts.size());
  double sum = 0;
  for (const double count : counts) sum += (count - expected) * (count - expected) / expected;
  const auto freedom = static_cast<double>(counts.size() - 1);
  return (sum - freedom) / std::sqrt(2 * freedom);
}

template <typename Key>
std::vector<double> counts_of(const std::map<Key, int>& drawn) {
  std::vector<double> counts;
  for (const auto& [key, count] : drawn) counts.push_back(count);
  return counts;
}

TEST(Sampler, AnEmptyCacheGivesNothing) {
  CacheFixture fixture;
  const auto store = fixture.open();
  auto sampler = Sampler::open(*store);
  ASSERT_TRUE(sampler);
  for (const DrawPolicy policy :
       {DrawPolicy::kUniform, DrawPolicy::kSources, DrawPolicy::kLeastUsed}) {
    const auto draw = sampler->draw({.policy = policy});
    ASSERT_TRUE(draw);
    EXPECT_FALSE(*draw);
  }
}

TEST(Sampler, FindsTheOneItemOfItsLabelAmongMany) {
  CacheFixture fixture;
  const auto store = fixture.open();
  fill(*store, 5000, Label::kNone, "a");
  fill(*store, 1, Label::kRoadwork, "a");
  fill(*store, 5000, std::nullopt, "a");
  auto sampler = Sampler::open(*store);
  for (int i = 0; i < 50; ++i) {
    const Draw draw = draw_one(*sampler, {.label = Label::kRoadwork});
    EXPECT_EQ(draw.label, Label::kRoadwork);
    EXPECT_EQ(draw.num_served_before, static_cast<std::uint64_t>(i));
    EXPECT_EQ(draw.is_cooling, i > 0);
    EXPECT_EQ(draw.num_eligible, 1U);
  }
}

TEST(Sampler, NamesOfAnyLengthComeWhole) {
  CacheFixture fixture;
  const auto store = fixture.open();
  std::set<std::string> names;
  std::vector<Item> items;
  for (const std::size_t size : {1, 47, 48, 49, 120, 255}) {
    const std::string name(size, static_cast<char>('a' + size % 26));
    names.insert(name);
    items.push_back({.folder = ItemFolder::kRoadworkImage,
                     .name = name,
                     .state = ItemState::kReady,
                     .label = Label::kNone});
  }
  const auto turn = store->begin_turn();
  ASSERT_TRUE(turn && store->put(*turn, items));
  auto sampler = Sampler::open(*store);
  ASSERT_TRUE(sampler);
  std::set<std::string> drawn;
  for (std::size_t i = 0; i < items.size(); ++i) drawn.insert(draw_one(*sampler, {}).name);
  EXPECT_EQ(drawn, names);
}

TEST(Sampler, IsUniform) {
  CacheFixture fixture;
  const auto store = fixture.open();
  fill(*store, 1000, Label::kNone, "a");
  auto sampler = Sampler::open(*store);
  std::map<std::uint64_t, int> drawn;
  for (int i = 0; i < 100'000; ++i) {
    ++drawn[draw_one(*sampler, {.cool_down = std::chrono::milliseconds(0)}).id];
    fixture.clock.advance(std::chrono::microseconds(1));
  }
  ASSERT_EQ(drawn.size(), 1000U);
  EXPECT_LT(std::abs(chi_square_excess(counts_of(drawn))), 5);
}

TEST(Sampler, IsUniformOverSourcesAndWithin) {
  CacheFixture fixture;
  const auto store = fixture.open();
  fill(*store, 900, Label::kNone, "large");
  fill(*store, 90, Label::kNone, "middle");
  fill(*store, 9, Label::kNone, "small");
  auto sampler = Sampler::open(*store);
  std::map<std::string, int> sources;
  std::map<std::uint64_t, int> of_middle;
  for (int i = 0; i < 30'000; ++i) {
    const Draw draw = draw_one(
        *sampler, {.policy = DrawPolicy::kSources, .cool_down = std::chrono::milliseconds(0)});
    ++sources[draw.source];
    if (draw.source == "middle") ++of_middle[draw.id];
    fixture.clock.advance(std::chrono::microseconds(1));
  }
  EXPECT_LT(std::abs(chi_square_excess(counts_of(sources))), 5);
  ASSERT_EQ(of_middle.size(), 90U);
  EXPECT_LT(std::abs(chi_square_excess(counts_of(of_middle))), 5);
}

TEST(Sampler, TheLeastUsedComeFirst) {
  CacheFixture fixture;
  const auto store = fixture.open();
  constexpr int kNumItems = 1700;  // more than three blocks of the pool
  fill(*store, kNumItems, Label::kNone, "a");
  auto sampler = Sampler::open(*store);
  const DrawOptions options{.policy = DrawPolicy::kLeastUsed,
                            .cool_down = std::chrono::milliseconds(0)};
  std::map<std::uint64_t, int> drawn;
  for (int round = 1; round <= 3; ++round) {
    for (int i = 0; i < kNumItems; ++i) {
      ++drawn[draw_one(*sampler, options).id];
      fixture.clock.advance(std::chrono::microseconds(1));
    }
    ASSERT_EQ(drawn.size(), static_cast<std::size_t>(kNumItems));
    for (const auto& [id, count] : drawn) ASSERT_EQ(count, round);
  }
  // New ones come before those that were served, and cool meanwhile.
  fill(*store, 3, Label::kNone, "b");
  const DrawOptions cooling{.policy = DrawPolicy::kLeastUsed, .cool_down = std::chrono::hours(1)};
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(draw_one(*sampler, cooling).num_served_before, 0U);
    fixture.clock.advance(std::chrono::microseconds(1));
  }
}

TEST(Sampler, NothingComesTwiceWithinTheCoolDown) {
  CacheFixture fixture;
  const auto store = fixture.open();
  fill(*store, 3000, Label::kNone, "a");
  auto sampler = Sampler::open(*store);
  for (const DrawPolicy policy :
       {DrawPolicy::kUniform, DrawPolicy::kSources, DrawPolicy::kLeastUsed}) {
    std::set<std::uint64_t> drawn;
    for (int i = 0; i < 3000; ++i) {
      const Draw draw = draw_one(*sampler, {.policy = policy});
      EXPECT_FALSE(draw.is_cooling);
      drawn.insert(draw.id);
      fixture.clock.advance(std::chrono::microseconds(1));
    }
    EXPECT_EQ(drawn.size(), 3000U) << to_string(policy);
    fixture.clock.advance(std::chrono::hours(2));
  }
}

TEST(Sampler, WhenAllAreCoolingTheOldestComes) {
  CacheFixture fixture;
  const auto store = fixture.open();
  fill(*store, 1100, Label::kNone, "a");
  auto sampler = Sampler::open(*store);
  std::vector<std::uint64_t> order;
  for (int i = 0; i < 1100; ++i) {
    order.push_back(draw_one(*sampler, {}).id);
    fixture.clock.advance(std::chrono::microseconds(1));
  }
  for (int i = 0; i < 2200; ++i) {
    const Draw draw = draw_one(*sampler, {});
    EXPECT_TRUE(draw.is_cooling);
    EXPECT_EQ(draw.id, order[static_cast<std::size_t>(i) % order.size()]);
    fixture.clock.advance(std::chrono::microseconds(1));
  }
  fixture.clock.advance(std::chrono::hours(1));
  EXPECT_FALSE(draw_one(*sampler, {}).is_cooling);
}

TEST(Sampler, FollowsAdditionsAndRemovalsOfOthers) {
  CacheFixture fixture;
  const auto store = fixture.open();
  const auto other = fixture.open();
  fill(*store, 2, Label::kNone, "a");
  auto sampler = Sampler::open(*store);
  EXPECT_EQ(draw_one(*sampler, {}).num_eligible, 2U);
  fill(*other, 6000, Label::kNone, "b");  // beyond the slots that were mapped
  EXPECT_EQ(draw_one(*sampler, {}).num_eligible, 6002U);
  std::vector<std::uint64_t> ids;
  ASSERT_TRUE(store->index().for_each([&](const Item& item) { ids.push_back(item.id); }));
  ids.pop_back();
  {
    const auto turn = other->begin_turn();
    ASSERT_TRUE(other->forget(*turn, ids));
  }
  std::set<std::uint64_t> drawn;
  for (int i = 0; i < 100; ++i) drawn.insert(draw_one(*sampler, {}).id);
  EXPECT_EQ(drawn.size(), 1U);
}

/// What several processes drew, each item by its id; 0 stands for a draw that gave none, or one
/// that was cooling.
std::vector<std::uint64_t> drawn_by_processes(const CacheFixture& fixture, std::size_t num_draws,
                                              const DrawOptions& options) {
  constexpr std::size_t kProcesses = 8;
  const std::size_t num_each = num_draws / kProcesses;
  std::vector<pid_t> children;
  const auto path_of = [&](std::size_t i) {
    return fixture.folder.path() / fmt::format("ids-{}-{}", static_cast<int>(options.policy), i);
  };
  for (std::size_t i = 0; i < kProcesses; ++i) {
    const pid_t child = fork();
    if (child == 0) {
      SeededRandom random(i + 1);
      ThreadPool pool({.num_threads = 1});
      const auto store = Store::open({.file_system = files::posix_file_system(),
                                      .clock = system_clock(),
                                      .random = random,
                                      .pool = pool},
                                     fixture.layout, {});
      auto sampler = Sampler::open(**store);
      std::vector<std::uint64_t> ids;
      for (std::size_t k = 0; k < num_each; ++k) {
        const auto draw = sampler->draw(options);
        ids.push_back(draw && *draw && !(*draw)->is_cooling ? (*draw)->id : 0);
      }
      const auto file = files::posix_file_system().open(path_of(i), files::OpenMode::kAppend);
      static_cast<void>((*file)->append(std::as_bytes(std::span(ids))));
      _exit(0);
    }
    children.push_back(child);
  }
  std::vector<std::uint64_t> all;
  for (std::size_t i = 0; i < kProcesses; ++i) {
    int status = 0;
    EXPECT_EQ(waitpid(children[i], &status, 0), children[i]);
    EXPECT_EQ(status, 0);
    std::vector<std::uint64_t> ids(num_each);
    const auto file = files::posix_file_system().open(path_of(i), files::OpenMode::kRead);
    EXPECT_TRUE(file && (*file)->read_at(0, std::as_writable_bytes(std::span(ids))));
    all.insert(all.end(), ids.begin(), ids.end());
  }
  return all;
}

/// Of all processes together; a million where time does not matter.
std::size_t many_draws() {
  const char* const full = std::getenv("ASSAY_TEST_FULL");
  if (full != nullptr && std::string_view(full) == "1") return 1'000'000;
  return kSlowness > 1 ? 40'000 : 100'000;
}

TEST(Sampler, EightProcessesServeNothingTwiceByAnyPolicy) {
  for (const DrawPolicy policy :
       {DrawPolicy::kUniform, DrawPolicy::kSources, DrawPolicy::kLeastUsed}) {
    CacheFixture fixture;
    {
      const auto store = fixture.open();
      // As many as are drawn: each comes once, down to the last one.
      fill(*store, many_draws() / 4, Label::kNone, "a");
      fill(*store, many_draws() * 3 / 4, Label::kNone, "b");
    }
    auto drawn = drawn_by_processes(fixture, many_draws(), {.policy = policy});
    ASSERT_EQ(drawn.size(), many_draws());
    std::ranges::sort(drawn);
    EXPECT_NE(drawn.front(), 0U) << "while one is free it comes";
    EXPECT_EQ(std::ranges::adjacent_find(drawn), drawn.end()) << to_string(policy);
  }
}

TEST(Sampler, EightProcessesDrawEvenlyByEachPolicy) {
  for (const DrawPolicy policy :
       {DrawPolicy::kUniform, DrawPolicy::kSources, DrawPolicy::kLeastUsed}) {
    CacheFixture fixture;
    std::map<std::uint64_t, std::string> source_of;
    {
      const auto store = fixture.open();
      fill(*store, 900, Label::kNone, "large");
      fill(*store, 100, Label::kNone, "small");
      ASSERT_TRUE(store->index().for_each(
          [&](const Item& item) { source_of.emplace(item.id, item.source); }));
    }
    // All are free again at once, so that each draw is one of a thousand.
    const auto drawn = drawn_by_processes(
        fixture, many_draws(), {.policy = policy, .cool_down = std::chrono::milliseconds(0)});
    std::map<std::uint64_t, int> by_item;
    std::map<std::string, int> by_source;
    std::map<std::string, std::map<std::uint64_t, int>> within;
    for (const std::uint64_t id : drawn) {
      // Two within one microsecond: what one took the other finds cooling.
      if (id == 0) continue;
      ++by_item[id];
      ++by_source[source_of.at(id)];
      ++within[source_of.at(id)][id];
    }
    ASSERT_EQ(by_item.size(), 1000U);
    if (policy == DrawPolicy::kSources) {
      EXPECT_LT(std::abs(chi_square_excess(counts_of(by_source))), 5);
      for (const auto& [source, items] : within) {
        EXPECT_LT(std::abs(chi_square_excess(counts_of(items))), 5) << source;
      }
      continue;
    }
    // Those served least come first: that is more even than chance.
    const double excess = chi_square_excess(counts_of(by_item));
    EXPECT_LT(excess, 5) << to_string(policy);
    EXPECT_TRUE(policy == DrawPolicy::kLeastUsed || excess > -5) << excess;
  }
}

}  // namespace
}  // namespace assay::cache
