/// \file
/// When each item was last served and how often, shared by all processes that serve.

#pragma once

#include "core/result.h"
#include "files/shared_words.h"

#include <cstddef>
#include <cstdint>
#include <filesystem>

namespace assay::cache {

/// One slot an item, by its id in the index. A claim is one compare-and-swap: of several processes
/// that want the same item one gets it, and a process that dies holds nothing.
/// Threads: all calls are safe from any thread.
/// Pre of all that take an id: below num_slots().
class ServedMap {
 public:
  static constexpr std::uint64_t kNever = 0;
  /// The item is about to be removed, or was: nobody gets it any more.
  static constexpr std::uint64_t kGone = ~std::uint64_t{0};

  /// Made when absent, with at least so many slots.
  /// Errors: as files::SharedWords.
  static Result<ServedMap> open(const std::filesystem::path& path, std::size_t min_slots);

  std::size_t num_slots() const;

  /// As files::SharedWords.
  void touch() const { words_.touch(); }

  /// Microseconds since 1970 in UTC, kNever or kGone.
  std::uint64_t last_served(std::uint64_t id) const;
  std::uint64_t num_served(std::uint64_t id) const;
  /// Change what last_served() says from `seen` to `now` and count; false when another was faster.
  bool claim(std::uint64_t id, std::uint64_t seen, std::uint64_t now);
  /// As claim(), for one who removes: the item is gone.
  bool claim_removal(std::uint64_t id, std::uint64_t seen);
  /// Pre: the caller holds the cache's write lock. What was claimed for removal and still stands in
  /// the index is served again.
  void reset_if_gone(std::uint64_t id);
  /// Go on with what `from` says: an item that changed has a new id.
  void copy(std::uint64_t from, std::uint64_t to);

  /// Grows whenever the index has: those who hold a view of it ask here whether it is still true.
  std::uint64_t generation() const;
  void advance_generation();
  /// Another index took the place of the one that these slots belong to.
  bool is_retired() const;
  void retire();

 private:
  explicit ServedMap(files::SharedWords words) : words_(std::move(words)) {}
  files::SharedWords words_;
};

}  // namespace assay::cache
