/// \file
/// What the user made of the groups: where the final images are in the originals.

#pragma once

#include "core/clock.h"
#include "core/result.h"
#include "core/thread_pool.h"
#include "decision_merge/merge.h"
#include "decisions/decision.h"
#include "files/file_system.h"
#include "images/find_part.h"
#include "images/image.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace assay::decision_merge {

/// What became of a group.
enum class FinalFate : std::uint8_t {
  kApproved,       ///< The final image is the whole original, but for a fiftieth.
  kCropped,        ///< It is a part of it.
  kRejected,       ///< None of its images is among the final ones.
  kUnmatched,      ///< The final image of that name is not found in the original.
  kUnreadable,     ///< One of the two cannot be read.
  kNoPrediction,   ///< Rejected, but the table needs an index, and no model chose one.
  kDecidedBefore,  ///< It has the user's action already, and keeps it.
};
inline constexpr std::size_t kNumFinalFates = 7;

/// A word for JSON, such as `decided_before`.
std::string_view to_string(FinalFate fate);

struct FoundFinal {
  std::string group_id;
  FinalFate fate = FinalFate::kDecidedBefore;
  /// Into the images of the group: that of the final image.
  std::optional<std::size_t> image_index = std::nullopt;
  std::string image = {};  ///< Its name.
  std::string final = {};  ///< The path of the final image in its source.
  std::optional<images::PartPlace> place = std::nullopt;
  images::ImageSize original = {};
  /// The place in shares of the original.
  std::optional<decisions::CropBox> crop = std::nullopt;
  /// Why it is unmatched or unreadable.
  std::string problem = {};
};

struct FinalsOptions {
  std::filesystem::path database;
  /// A folder or zip, with the final images anywhere in it.
  std::filesystem::path finals;
  /// The originals, or the folder that their archive lies in; where the run read them by default.
  std::optional<std::filesystem::path> originals = std::nullopt;
  /// The least correlation of a final image with its place.
  double min_score = 0.8;
  MergeMode mode = MergeMode::kApply;
};

struct FinalsReport {
  /// Order: of the groups in the database.
  std::vector<FoundFinal> finals;
  /// By FinalFate.
  std::array<std::size_t, kNumFinalFates> counts{};
  MergeReport merge;

  std::size_t count(FinalFate fate) const { return counts.at(static_cast<std::size_t>(fate)); }
  /// Whether everything was told apart and written.
  bool is_complete() const;
};

/// Told after each group: how many are done, of how many. One call at a time.
using OnFinalsProgress = std::function<void(std::uint64_t done, std::uint64_t total)>;

/// Look for the final image of each group by name: that of its first image that has one, whatever
/// its folder, else one of the same name with another extension; of several of one name the one
/// that fits best. Then fill in the user's index, action and final crop where they are null, as
/// merge_decisions() does, with the score and the place of each in the table `final_matches`.
///
/// Cost:   two images are decoded for each group that has a final one, and compared.
/// Errors: those of read_scored_project(), archives::open_entry_source() and merge_decisions();
///         kInvalidInput (no group has a final image, or nothing says where the originals are);
///         kCancelled. Nothing has changed then.
Result<FinalsReport> find_finals(files::FileSystem& file_system, ThreadPool& pool, Clock& clock,
                                 const FinalsOptions& options,
                                 const OnFinalsProgress& on_progress = {},
                                 const std::stop_token& stop = {});

/// The figures, and each group that needs a person.
std::string to_text(const FinalsReport& report);
/// One object: figures, each group, and what was filled in.
std::string to_json(const FinalsReport& report);

}  // namespace assay::decision_merge
