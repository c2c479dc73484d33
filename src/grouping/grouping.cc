#include "grouping/grouping.h"

#include "core/check.h"
#include "core/suggest.h"
#include "grouping/image_name.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <tuple>
#include <unordered_map>
#include <utility>

namespace assay::grouping {
namespace {

constexpr std::array<std::pair<GroupingMode, std::string_view>, 4> kModes = {{
    {GroupingMode::kCompat, "compat"},
    {GroupingMode::kStrict, "strict"},
    {GroupingMode::kTimestamp, "timestamp"},
    {GroupingMode::kSingle, "single"},
}};

/// Sorts behind every real date.
constexpr std::uint64_t kNoTimestampKey = 99'999'999'999'999;
constexpr unsigned kStageBits = 3;

struct Entry {
  std::uint64_t key = 0;  // the timestamp's digits, then the stage: both in one comparison
  std::string_view path;
  ImageName name;
  std::optional<std::chrono::sys_seconds> instant = std::nullopt;
  std::size_t image = 0;
};

std::uint64_t sort_key(const ImageName& name) {
  std::uint64_t number = kNoTimestampKey;
  if (!name.timestamp.empty()) {
    number = 0;
    for (const char c : name.timestamp) {
      if (c != '_') number = number * 10 + static_cast<std::uint64_t>(c - '0');
    }
  }
  return (number << kStageBits) | static_cast<std::uint64_t>(name.stage);
}

std::vector<Entry> sorted_entries(std::span<const std::string> paths) {
  std::vector<Entry> entries;
  entries.reserve(paths.size());
  for (std::size_t i = 0; i < paths.size(); ++i) {
    Entry entry{.path = paths[i], .name = parse_image_name(paths[i]), .image = i};
    entry.key = sort_key(entry.name);
    entry.instant = instant_of(entry.name.timestamp);
    entries.push_back(entry);
  }
  std::ranges::sort(entries, [](const Entry& a, const Entry& b) {
    if (a.key != b.key) return a.key < b.key;
    if (const int order = a.name.base_name.compare(b.name.base_name); order != 0) return order < 0;
    if (const int order = a.path.compare(b.path); order != 0) return order < 0;
    return a.image < b.image;
  });
  return entries;
}

/// Takes entries apart into groups; `ranks` below are positions in the sorted entries.
class Grouper {
 public:
  Grouper(std::vector<Entry> entries, const GroupingOptions& options)
      : entries_(std::move(entries)), options_(options), gap_(time_gap_of(options)) {}

  Grouping run() {
    std::vector<std::size_t> ranks = without_duplicates();
    switch (options_.mode) {
      case GroupingMode::kCompat:
        follow_stages(ranks);
        break;
      case GroupingMode::kStrict:
        for (const auto& part : strict_parts(ranks)) follow_stages(part);
        break;
      case GroupingMode::kTimestamp:
        for (auto& part : parts_of_one_time(ranks)) close(std::move(part));
        break;
      case GroupingMode::kSingle:
        for (const std::size_t rank : ranks) groups_.push_back({rank});
        break;
    }
    return result();
  }

 private:
  using Ranks = std::vector<std::size_t>;

  Ranks without_duplicates() {
    Ranks ranks;
    ranks.reserve(entries_.size());
    for (std::size_t rank = 0; rank < entries_.size(); ++rank) {
      if (rank > 0 && entries_[rank].path == entries_[rank - 1].path) {
        drop(rank, DropReason::kDuplicate);
      } else {
        ranks.push_back(rank);
      }
    }
    return ranks;
  }

  /// The ranks by folder, and those without a time also by what their names begin with.
  std::vector<Ranks> strict_parts(const Ranks& ranks) {
    std::vector<Ranks> parts;
    // The parts of a key may hold anything but a NUL.
    std::unordered_map<std::string, std::size_t> part_of;
    std::string key;
    for (const std::size_t rank : ranks) {
      const Entry& entry = entries_[rank];
      if (entry.name.stage == Stage::kUnknown) {
        drop(rank, DropReason::kUnknownStage);
        continue;
      }
      key = entry.name.directory;
      if (!entry.instant) key.append(1, '\0').append(text_before_stage(entry.name));
      add_to_part(parts, part_of, key, rank);
    }
    return parts;
  }

  std::vector<Ranks> parts_of_one_time(const Ranks& ranks) {
    std::vector<Ranks> parts;
    std::unordered_map<std::string, std::size_t> part_of;
    std::string key;
    for (const std::size_t rank : ranks) {
      const ImageName& name = entries_[rank].name;
      if (name.timestamp.empty()) {
        drop(rank, DropReason::kNoTimestamp);
        continue;
      }
      key.assign(name.timestamp).append(name.directory);
      add_to_part(parts, part_of, key, rank);
    }
    return parts;
  }

  static void add_to_part(std::vector<Ranks>& parts,
                          std::unordered_map<std::string, std::size_t>& part_of,
                          const std::string& key, std::size_t rank) {
    const auto [place, is_new] = part_of.try_emplace(key, parts.size());
    if (is_new) parts.emplace_back();
    parts[place->second].push_back(rank);
  }

  /// The part of the name in front of the last `stage`, which is that of its stage or, when the
  /// stage is written twice, of a name that no other shares.
  static std::string_view text_before_stage(const ImageName& name) {
    const auto found = std::ranges::find_end(
        name.base_name, std::string_view("stage"),
        [](char a, char b) { return (a | 0x20) == b; });  // letters of either case
    return {name.base_name.begin(), found.begin()};
  }

  // The old scripts' rule: from an image on, look at those that follow up to a boundary (a stage
  // that is not higher, a long gap) or `lookahead` of them, and take the first of the lowest stage;
  // what was jumped over is lost. Then on from there.
  //
  // It is linear for any lookahead. A window of an image of stage s ends at the next image of a
  // stage up to s; so two windows that begin behind images of the same stage never overlap, and
  // each image is looked at once for each of the five stages.
  void follow_stages(const Ranks& ranks) {
    std::size_t next = 0;
    while (next < ranks.size()) {
      Ranks group{ranks[next++]};
      while (true) {
        const std::size_t chosen = choose(ranks, next, group.back());
        if (chosen == ranks.size()) break;
        for (; next < chosen; ++next) drop(ranks[next], DropReason::kJumpedOver);
        group.push_back(ranks[next++]);
      }
      close(std::move(group));
    }
  }

  /// The position in `ranks` of what follows `last`, or the end.
  std::size_t choose(const Ranks& ranks, std::size_t begin, std::size_t last) const {
    std::size_t chosen = ranks.size();
    const std::size_t end = begin + std::min(options_.lookahead, ranks.size() - begin);
    for (std::size_t i = begin; i < end && !is_boundary(entries_[last], entries_[ranks[i]]); ++i) {
      if (chosen == ranks.size() ||
          entries_[ranks[i]].name.stage < entries_[ranks[chosen]].name.stage) {
        chosen = i;
      }
    }
    return chosen;
  }

  bool is_boundary(const Entry& last, const Entry& item) const {
    if (item.name.stage <= last.name.stage) return true;
    return gap_.count() > 0 && last.instant && item.instant && *item.instant - *last.instant > gap_;
  }

  void close(Ranks group) {
    if (group.size() >= options_.min_group_size) {
      groups_.push_back(std::move(group));
    } else {
      for (const std::size_t rank : group) drop(rank, DropReason::kGroupTooSmall);
    }
  }

  void drop(std::size_t rank, DropReason reason) { dropped_.emplace_back(rank, reason); }

  /// From ranks to the positions that the caller knows.
  Grouping result() {
    Grouping grouping;
    std::ranges::sort(groups_, {}, [](const Ranks& group) { return group.front(); });
    std::ranges::sort(dropped_, {}, [](const auto& dropped) { return dropped.first; });
    for (Ranks& group : groups_) {
      for (std::size_t& image : group) image = entries_[image].image;
    }
    grouping.groups = std::move(groups_);
    grouping.dropped.reserve(dropped_.size());
    for (const auto& [rank, reason] : dropped_) {
      grouping.dropped.push_back({.image = entries_[rank].image, .reason = reason});
    }
    return grouping;
  }

  std::vector<Entry> entries_;
  GroupingOptions options_;
  std::chrono::seconds gap_;  // 0: none
  std::vector<Ranks> groups_;
  std::vector<std::pair<std::size_t, DropReason>> dropped_;
};

}  // namespace

Result<GroupingMode> parse_grouping_mode(std::string_view text) {
  std::vector<std::string_view> names;
  for (const auto& [mode, name] : kModes) {
    if (name == text) return mode;
    names.push_back(name);
  }
  return invalid_input(
      fmt::format("'{}' is no way of grouping: expected compat, strict, timestamp or single{}",
                  text, suggestion(text, names)));
}

std::string_view to_string(GroupingMode mode) {
  return std::ranges::find(kModes, mode, &decltype(kModes)::value_type::first)->second;
}

std::string_view to_string(DropReason reason) {
  switch (reason) {
    case DropReason::kJumpedOver:
      return "jumped_over";
    case DropReason::kGroupTooSmall:
      return "group_too_small";
    case DropReason::kNoTimestamp:
      return "no_timestamp";
    case DropReason::kUnknownStage:
      return "unknown_stage";
    case DropReason::kDuplicate:
      return "duplicate";
  }
  std::unreachable();
}

std::chrono::seconds time_gap_of(const GroupingOptions& options) {
  switch (options.mode) {
    case GroupingMode::kCompat:
      return options.time_gap.value_or(std::chrono::seconds(0));
    case GroupingMode::kStrict:
      return options.time_gap.value_or(kStrictTimeGap);
    case GroupingMode::kTimestamp:
    case GroupingMode::kSingle:
      return std::chrono::seconds(0);
  }
  std::unreachable();
}

Grouping group_images(std::span<const std::string> paths, const GroupingOptions& options) {
  CHECK(options.lookahead > 0 && options.min_group_size > 0, "the options of a grouping are zero");
  return Grouper(sorted_entries(paths), options).run();
}

}  // namespace assay::grouping
