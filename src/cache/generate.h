/// \file
/// A cache is stocked with images that a generator makes.

#pragma once

#include "cache/generator.h"
#include "cache/label_judge.h"
#include "cache/store.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace assay::cache {

/// What became of an image that was made.
enum class GenerateOutcome : std::uint8_t {
  kAdded,
  kAlreadyThere,   ///< The same seed, or the same bytes, are in the cache.
  kNearDuplicate,  ///< Looks like another of this generator.
  kBlank,          ///< Of one colour, or nearly so: what a model gives that fails.
  kFailed,         ///< The generator refused, or gave what is no such image.
  kDoubtful,       ///< Does not look like its label: it went to the quarantine. See LabelCheck.
};
inline constexpr std::size_t kNumGenerateOutcomes = 6;

/// In snake case, for JSON.
std::string_view to_string(GenerateOutcome outcome);

/// What `number` counts.
enum class GenerateGoal : std::uint8_t {
  kStock,  ///< Images of each label that can be served, those that are there among them.
  kCount,  ///< Images of all labels together; those of their seeds that are there count.
};

struct GenerateOptions {
  /// kTextToImage or kImageToImage.
  CacheKind cache = CacheKind::kTextToImage;
  std::vector<Label> labels = {Label::kRoadwork, Label::kNone};
  GenerateGoal goal = GenerateGoal::kStock;
  std::uint64_t number = 100;
  /// Of images made from a text; others keep the size of their source.
  images::ImageSize size = {.width = 1024, .height = 576};
  /// Of the sequence of seeds; none: another one each time.
  std::optional<std::uint64_t> seed = {};
  /// Bits of the perceptual hash in which near duplicates may differ: 0 to NearIndex::kMaxDistance.
  int max_near_distance = 4;
  LabelCheck label_check = {};
  /// What stays free on the disk.
  ByteCount min_free_bytes{1U << 30};
  /// Images that become visible together.
  std::size_t batch_size = 8;
  /// After so many images in a row that failed, the next ones would too: the last error ends the
  /// call.
  std::uint64_t max_failures_in_row = 8;
};

struct RefusedSource {
  std::string name = {};
  std::string reason = {};
};

/// An image that could not be made.
struct FailedImage {
  std::string name = {};
  std::string reason = {};
};

struct GenerateReport {
  std::uint64_t num_wanted = 0;
  std::array<std::uint64_t, kNumGenerateOutcomes> counts = {};  ///< By GenerateOutcome.
  ByteCount bytes_added = {};
  /// Still wanted when nothing more could be made.
  std::uint64_t num_missing = 0;
  /// Why a stock has no room for more; empty: it has, or nothing was missing.
  std::string no_room = {};
  /// Labels for which there is no image to start from.
  std::vector<Label> without_source = {};
  std::uint64_t num_sources_refused = 0;
  std::vector<RefusedSource> refused = {};  ///< The first ones.
  std::vector<FailedImage> failed = {};     ///< The first ones.

  std::uint64_t count(GenerateOutcome outcome) const {
    return counts[static_cast<std::size_t>(outcome)];
  }
};

/// Told after each batch. What is done is on disk.
using OnGenerated = std::function<void(std::uint64_t done, std::uint64_t wanted)>;

/// Make images until the goal is reached, and publish them batch by batch; when it is reached
/// already nothing is made, and the generator is not even prepared. After a kill the same call goes
/// on. A stock that the budget cannot hold is filled as far as it goes. Images are made from those
/// of the cache t2i first, then from photos, to which the generator has no objection. One that the
/// generator cannot make is counted, and another one made in its place.
///
/// Pre:    the index is up to date; the generator can make what `cache` holds.
/// Cost:   a batch of images in memory; the generator is called on all threads of the pool.
/// Errors: as Store, LabelJudge and ImageGenerator (kCorrupt and kInvalidInput: see
///         `max_failures_in_row`); kNoSpace also when less than `min_free_bytes` would be
///         left; kCancelled. What was reported as done stays, and so do images of the last batch
///         that were made before the error.
Result<GenerateReport> generate(Store& store, const ImageGenerator& generator,
                                const GenerateOptions& options,
                                const OnGenerated& on_generated = {},
                                const std::stop_token& stop = {});

/// Whether nothing can be seen on it. Pre: `image` is not empty.
bool is_blank(const images::Image& image);

}  // namespace assay::cache
