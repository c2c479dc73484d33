/// \file
/// Images that could not be taken in, and why.

#pragma once

#include "cache/budget.h"
#include "cache/layout.h"
#include "core/result.h"
#include "core/timestamp.h"
#include "files/file_system.h"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace assay::cache {

struct Quarantined {
  std::string name;
  std::span<const std::byte> bytes;
  /// Where it came from.
  std::string origin;
  std::string reason;
};

/// Of what lies in the quarantine, or went from it.
struct QuarantineTotals {
  std::uint64_t num_images = 0;
  ByteCount bytes = {};  ///< With their reasons and sidecars.
};

/// Nothing where there is none. Cost: a look at each file. Errors: as FileSystem.
Result<QuarantineTotals> measure_quarantine(files::FileSystem& file_system,
                                            const CacheLayout& layout);

/// Whether it is the reason of a file that is not among `names`, which are in the order of bytes:
/// what a kill leaves.
bool is_reason_alone(std::string_view name, std::span<const std::string> names);

/// The folder quarantine/, held to its part of the budget: beyond it those go that came first, by
/// the time of their reasons, until `low_share` of it is left. An image goes before its reason, so
/// that a kill leaves a reason at most, which collect() takes for a leftover. A sidecar goes with
/// the last image of its name. What somebody put there by hand counts by its own time.
///
/// The caller holds the turn to write.
/// Cost:    the folder is listed once, and again after another process changed it.
/// Threads: one thread at a time.
/// Errors:  as FileSystem.
class Quarantine {
 public:
  /// Lifetime: `file_system` outlives it.
  Quarantine(files::FileSystem& file_system, const CacheLayout& layout, const Budget& budget)
      : file_system_(&file_system),
        folder_(layout.quarantine()),
        max_bytes_(budget.max_quarantine_bytes.value_or(kNoBound)),
        low_share_(budget.low_share) {}

  /// Keep the bytes, with a `.reason.txt` beside them. The same bytes of the same name are kept
  /// once. One that is larger than all that may stay is not kept: it would push out all others.
  Status put(const Quarantined& image);
  /// Move a file there, after its sidecar, if there is one. False: both stay where they are, since
  /// there is no room beside what this object has moved; none of that is removed by it.
  /// Errors: also kNotFound (the image).
  Result<bool> move(const std::filesystem::path& image,
                    const std::optional<std::filesystem::path>& sidecar, std::string_view reason);
  /// What move() would say, without moving: from now on the files count as coming.
  /// Errors: as move().
  Result<bool> expect(const std::filesystem::path& image,
                      const std::optional<std::filesystem::path>& sidecar, std::string_view reason);
  /// Remove what is beyond the bound.
  Status trim();
  /// What trim() would remove once all came that is expected.
  Result<QuarantineTotals> excess() const;
  ByteCount expected() const { return expected_; }

  /// By all calls of those above.
  const QuarantineTotals& removed() const { return removed_; }

 private:
  static constexpr ByteCount kNoBound{~std::uint64_t{0}};

  ByteCount low_mark() const { return is_bound() ? share_of(max_bytes_, low_share_) : kNoBound; }
  bool is_bound() const { return max_bytes_ != kNoBound; }
  struct Step {
    std::filesystem::path from;
    std::string reason;
  };
  struct Move {
    std::vector<Step> steps = {};
    ByteCount size = {};
  };

  /// Errors: as move().
  Result<Move> plan_move(const std::filesystem::path& image,
                         const std::optional<std::filesystem::path>& sidecar,
                         std::string_view reason) const;
  /// Errors of all: as the class.
  Status learn_size();
  Status count_in(ByteCount bytes);
  Status note_time();
  Status write_reason(const std::filesystem::path& place, std::string_view text);
  Result<std::filesystem::path> free_place(const std::filesystem::path& path);

  files::FileSystem* file_system_;
  std::filesystem::path folder_;
  ByteCount max_bytes_;
  double low_share_;
  std::optional<ByteCount> size_;     // once learnt
  std::optional<Timestamp> changed_;  // the folder, when `size_` was true
  ByteCount moved_;                   // by move()
  ByteCount expected_;
  QuarantineTotals removed_;
};

}  // namespace assay::cache
