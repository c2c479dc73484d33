/// \file
/// One worker's counts of jobs without an image.

#pragma once

#include "audit/hotkey_column.h"
#include "audit/missing.h"
#include "audit/tally.h"
#include "core/result.h"
#include "tables/leaf_scan.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace assay::audit {

/// Places of the leaves that are asked of the scan; the last two only for a breakdown.
namespace missing_leaf {
inline constexpr std::size_t kHotkey = 0;
inline constexpr std::size_t kStatus = 1;
inline constexpr std::size_t kHasImage = 2;
inline constexpr std::size_t kImageUri = 3;
inline constexpr std::size_t kPayload = 4;
inline constexpr std::size_t kCreatedAt = 5;
inline constexpr std::size_t kModel = 6;
inline constexpr std::array<std::string_view, 7> kPaths = {
    "miner_hotkey",
    "status",
    "response_payload.callback_metadata.has_image",
    "response_payload.image_uri",
    "response_payload",
    "created_at",
    "model_id"};
}  // namespace missing_leaf

struct GroupCount {
  std::uint64_t jobs = 0;
  std::uint64_t missing = 0;
};
template <typename Key>
using GroupCounts = std::map<Key, GroupCount, std::less<>>;

/// The hour of jobs without a time; sorts behind all others.
inline constexpr std::int64_t kNoHour = std::numeric_limits<std::int64_t>::max();

/// What a job says of its image.
enum class ImageClaim : std::uint8_t {
  kNone,  ///< has_image is not true.
  kWithAddress,
  kWithoutAddress,
};

/// Threads: one thread at a time.
class MissingCounter {
 public:
  /// `files` are borrowed.
  MissingCounter(const MissingOptions& options, const std::vector<tables::ScannedFile>& files);

  /// Errors: those of LeafBatch::column(), and kInvalidInput for a hotkey that is not UTF-8.
  Status add(tables::LeafBatch& batch);
  void merge(const MissingCounter& other);

  std::uint64_t num_jobs() const { return num_jobs_; }
  std::uint64_t num_missing() const { return num_missing_; }
  const TallyTable& miners() const { return miners_; }
  const GroupCounts<std::string>& models() const { return models_; }
  const GroupCounts<std::int64_t>& hours() const { return hours_; }

 private:
  Status find_missing(tables::LeafBatch& batch);
  Status find_missing_in_json(tables::LeafBatch& batch);
  Status find_undecided(tables::LeafBatch& batch);
  Status find_claims(tables::LeafBatch& batch);
  Status count_missing(tables::LeafBatch& batch);
  Status count_totals(tables::LeafBatch& batch);
  Status count_groups(tables::LeafBatch& batch);
  void use_statuses(const tables::LeafColumn& column);
  void use_hotkeys(const tables::LeafColumn& column);
  JobStatus status_in(std::size_t row) const;
  /// kNoEntry when the row's hotkey was not met in this row group.
  std::uint32_t known_entry(std::size_t row) const;
  Result<std::uint32_t> find_entry(const tables::LeafBatch& batch, std::size_t row);
  Result<std::uint32_t> entry_in(const tables::LeafBatch& batch, std::size_t row);

  const MissingOptions& options_;
  const std::vector<tables::ScannedFile>& files_;
  TallyTable miners_;
  GroupCounts<std::string> models_;
  GroupCounts<std::int64_t> hours_;
  std::uint64_t num_jobs_ = 0;
  std::uint64_t num_missing_ = 0;

  // Of the current batch: the rows without an image, in no order.
  std::vector<std::uint32_t> missing_rows_;
  std::size_t num_missing_rows_ = 0;
  std::vector<std::uint32_t> undecided_rows_;
  std::size_t num_undecided_ = 0;
  std::vector<std::uint8_t> is_missing_;
  std::vector<ImageClaim> claims_;  // only with totals, or of JSON text
  bool is_json_ = false;

  // Of the current row group: what each code of its dictionaries stands for. Place 0 is null.
  static constexpr std::uint32_t kNoEntry = std::numeric_limits<std::uint32_t>::max();
  std::size_t file_ = std::numeric_limits<std::size_t>::max();
  std::size_t row_group_ = 0;
  const tables::LeafColumn* statuses_ = nullptr;
  const tables::LeafColumn* hotkeys_ = nullptr;
  std::vector<JobStatus> status_of_code_;
  std::vector<std::uint32_t> entry_of_code_;
  bool knows_statuses_ = false;
  bool knows_hotkeys_ = false;
  std::string scratch_;
};

}  // namespace assay::audit
