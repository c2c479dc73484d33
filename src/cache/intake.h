/// \file
/// The door of a cache: each image is looked at whole, held against what is there, and published.

#pragma once

#include "cache/near_index.h"
#include "cache/store.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

namespace assay::cache {

/// What became of an image that was to be taken in.
enum class ImportOutcome : std::uint8_t {
  kAdded,
  kAlreadyThere,   ///< The same bytes are in the cache.
  kNearDuplicate,  ///< Looks like one of the same source.
  kUnknownFormat,
  kUnsupported,
  kTruncated,
  kCorrupt,
  kOverLimit,
  kUnreadable,  ///< Where it comes from: gone, or not ours to read.
  kDoubtful,    ///< Another label seems right: see LabelCheck.
};
inline constexpr std::size_t kNumImportOutcomes = 10;

/// In snake case, for JSON.
std::string_view to_string(ImportOutcome outcome);
/// Whether there is nothing wrong with the file.
bool is_fine(ImportOutcome outcome);

/// Near duplicates are counted; whether they are taken in all the same.
enum class NearDuplicates : std::uint8_t { kRefused, kTaken };

struct ImportOptions {
  CacheKind cache = CacheKind::kReal;
  /// One name for all; near duplicates are looked for within a source.
  std::string source = {};
  NearDuplicates near_duplicates = NearDuplicates::kRefused;
  /// Bits of the perceptual hash in which near duplicates may differ: 0 to NearIndex::kMaxDistance.
  int max_near_distance = 4;
  /// Of the label that each comes with: for look_at().
  LabelCheck label_check = {};
  /// What stays free on the disk.
  ByteCount min_free_bytes{1U << 30};
  /// The stock that they fill: see RoomRules.
  std::optional<std::uint64_t> stock = {};
  /// Items that become visible together, with one look at the disk's space.
  std::size_t batch_size = 64;
};

struct ImportProblem {
  std::string path = {};
  ImportOutcome outcome = ImportOutcome::kCorrupt;
  std::string reason = {};
};

struct ImportReport {
  std::array<std::uint64_t, kNumImportOutcomes> counts = {};  ///< By ImportOutcome.
  std::uint64_t num_near_duplicates_taken = 0;
  /// Of those there already: had no label, and have that of the arrival now; are in another of the
  /// three caches.
  std::uint64_t num_labelled = 0;
  std::uint64_t num_elsewhere = 0;
  /// Of those there already: have another label, which stays.
  std::uint64_t num_otherwise_labelled = 0;
  /// Of those added: without a label; not seen by other programs because of their format.
  std::uint64_t num_unlabelled = 0;
  std::uint64_t num_unseen_by_others = 0;
  ByteCount bytes_added = {};
  MadeRoom made_room = {};
  /// What the quarantine gave up for what this intake put there.
  QuarantineTotals from_quarantine = {};
  /// The first ones, by the order of files: what is wrong with them.
  std::vector<ImportProblem> problems = {};

  std::uint64_t count(ImportOutcome outcome) const {
    return counts[static_cast<std::size_t>(outcome)];
  }
};

/// An image on its way in.
struct Arrival {
  std::string bytes = {};
  /// For messages: a path, or `a.parquet row 5`.
  std::string origin = {};
  /// What its sidecar will say; look_at() adds what the image itself says.
  SidecarDraft draft = {};
  /// Its name in the cache, once look_at() knows what it is; empty: see item_name().
  std::function<std::string(const ExaminedImage&)> name = {};

  std::optional<ExaminedImage> image = {};
  /// The item of the same bytes, if there is one.
  std::optional<Item> same = {};
  ImportOutcome outcome = ImportOutcome::kAdded;
  std::string reason = {};
  /// It would have been added.
  bool has_no_room = false;
  /// What is wrong is not in the file: another time nothing may be.
  bool may_pass = false;
};

/// Decode the image, and note what it is or why it is refused; one with a label is shown to the
/// judge of `check`, if there is one. What has another outcome already stays as it is.
/// Threads: safe from any thread, each with an arrival of its own.
/// Errors: as LabelJudge.
Status look_at(Arrival& arrival, const ExamineLimits& limits, const LabelCheck& check = {});

/// `STEM__HASH.EXTENSION`, of letters that every file system takes: no two images share one. The
/// extension says what the bytes are; that of `original` stays if it does too.
std::string item_name(std::string_view original, const ExaminedImage& image);
/// The part of a name before its extension, of letters that every file system takes.
std::string plain_stem(std::string_view name);

/// One after the other, batches of images come in.
/// Threads: one thread at a time.
/// Errors: as Store; kNoSpace also when less than `min_free_bytes` would be left; kExhausted when
///         those who must stay leave too little of the store's budget.
class Intake {
 public:
  /// Lifetime: `store` and `options` outlive it.
  Intake(Store& store, const ImportOptions& options) : store_(store), options_(options) {}

  /// Pre: look_at() saw each. Publish those that are new, and note what became of each; what cannot
  /// be decoded is copied to the quarantine beside its reason. Of those for which there is no room
  /// as many are published as fit. Errors: as the class.
  Status take_in(std::span<Arrival> arrivals, const std::stop_token& stop);

  ImportReport& report() { return report_; }

 private:
  /// Errors of all: as take_in().
  Status learn_looks();
  Status judge(std::span<Arrival> arrivals);
  Result<std::optional<Item>> find_same(const Sha256& content);
  void give_label_to(Arrival& first, const Arrival& again);
  /// Why not all were added.
  Result<std::optional<Error>> add(const WriteTurn& turn, std::span<Arrival> arrivals);
  Result<std::string> free_name(const Arrival& arrival, const ExaminedImage& image,
                                ItemFolder folder);
  Status quarantine(const Arrival& arrival);
  /// An item without a label gets that of an arrival with the same bytes.
  Status give_labels(const WriteTurn& turn, std::span<const Arrival> arrivals);
  void count(const Arrival& arrival);
  std::uint32_t group_of(const std::string& source);

  Store& store_;
  const ImportOptions& options_;
  ImportReport report_;
  NearIndex looks_;
  std::uint64_t last_learnt_ = 0;
  std::map<std::string, std::uint32_t> groups_;  // a source of a cache
};

}  // namespace assay::cache
