/// \file
/// What a cache still wants of each label, and which rows of a table would give it.

#pragma once

#include "cache/layout.h"
#include "core/random.h"

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <vector>

namespace assay::updater {

/// Images that are wanted: so many of each label, or so many of any.
class Demand {
 public:
  /// Of any label of `labels`; of all rows, labelled or not, when it is empty.
  static Demand of_any(std::uint64_t number, std::vector<cache::Label> labels);
  /// Of each label by itself.
  static Demand of_each(std::map<cache::Label, std::uint64_t> numbers);

  std::uint64_t num_open() const;
  bool wants(std::optional<cache::Label> label) const;
  /// One came. Pre: it was wanted when it was chosen.
  void take(std::optional<cache::Label> label);

  /// Choose at most `limit` rows that are wanted, by chance, of those not in `taken`, which
  /// ascends. The label of which most is missing comes first, then they take turns.
  /// Order: ascending.
  std::vector<std::uint64_t> choose(std::span<const std::optional<cache::Label>> labels,
                                    std::span<const std::uint64_t> taken, std::uint64_t limit,
                                    RandomSource& random) const;

 private:
  bool is_of_each_ = false;
  std::uint64_t any_ = 0;
  std::vector<cache::Label> labels_;
  std::map<cache::Label, std::uint64_t> each_;
};

}  // namespace assay::updater
