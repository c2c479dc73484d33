/// \file
/// Writes the database of one project's predictions.

#pragma once

#include "core/result.h"
#include "core/timestamp.h"
#include "db/database.h"
#include "decisions/decision.h"
#include "files/file_system.h"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace assay::decisions {

/// A run that predicted: a row of the table `runs`.
struct RunRecord {
  std::string run_id;
  Timestamp started_at = {};
  Timestamp finished_at = {};
  std::string program_version = {};
  std::string host = {};
  /// The zip or folder that was read, as it can be opened again.
  std::string source = {};
  std::string source_fingerprint = {};
  /// JSON objects: each model with its digest; what was asked for.
  std::string models_json = "{}";
  std::string options_json = "{}";
};

/// Beyond the old columns: a row of the table `group_scores`.
struct GroupScore {
  std::string group_id;
  std::int64_t num_images = 0;
  /// Of them, with a score.
  std::int64_t num_scored = 0;
  /// The best score less the next one; none for a single image.
  std::optional<double> margin = std::nullopt;
  /// 1: a person should look.
  bool is_uncertain = false;
};

/// One image of a group: a row of the table `image_scores`.
struct ImageScore {
  std::string group_id;
  std::int64_t image_index = 0;
  /// Path within the source.
  std::string entry = {};
  std::optional<std::int64_t> crc32 = std::nullopt;
  std::optional<double> score = std::nullopt;
  std::optional<double> softmax = std::nullopt;
  std::optional<CropBox> crop = std::nullopt;
  /// As the network gave it, before it was put in order.
  std::optional<CropBox> raw_crop = std::nullopt;
  /// JSON [left, top, right, bottom], whole pixels.
  std::optional<std::string> crop_pixels = std::nullopt;
  std::optional<std::string> embedding_key = std::nullopt;
  std::optional<std::int64_t> width = std::nullopt;
  std::optional<std::int64_t> height = std::nullopt;
  /// Why there is no score.
  std::optional<std::string> error = std::nullopt;
};

/// What becomes of a result of an earlier run under the second name. One that is replaced is kept
/// beside it, as `NAME.backup-TIME`, by the time at which it was last written; so is a journal of
/// SQLite whose database is gone.
enum class ExistingResult : std::uint8_t { kRefuse, kReplace };

/// A database that got its name.
struct PublishedDatabase {
  std::filesystem::path path;
  /// Where what had the name before is kept, if anything had.
  std::optional<std::filesystem::path> backup = std::nullopt;
};

/// `FOLDER/PROJECT.db`, or `FOLDER/PROJECT_ai_predictions_temp.db` when something of the first name
/// is there: that is never replaced, and the old tools pass the second over until it is merged.
/// Errors: kInvalidInput (a project that is no file name; with kRefuse also when both are there),
///         kDenied, kUnavailable.
Result<std::filesystem::path> decision_database_target(files::FileSystem& file_system,
                                                       const std::filesystem::path& folder,
                                                       std::string_view project,
                                                       ExistingResult existing);

/// Take away what a run that died has left of a database, be it half or published already; not what
/// another run is writing. Errors: as db::Database and files::FileSystem; kUnavailable when another
/// run writes the project.
Status clear_partial(files::FileSystem& file_system, const std::filesystem::path& folder,
                     std::string_view project);

/// Everything goes to `PROJECT.db.partial`, which finish() makes lasting and gives its name.
/// Without finish() the partial file is removed, by the destructor or by the next run. Threads: one
/// thread at a time. Errors: as db::Database and files::FileSystem; kUnavailable when another run
/// writes the same project, or a program uses the result to be replaced; kInvalidInput for a row
/// that the table refuses, which can be followed by others.
class DecisionDatabase {
 public:
  /// The folder is made when it is absent.
  static Result<DecisionDatabase> create(files::FileSystem& file_system,
                                         const std::filesystem::path& folder,
                                         std::string_view project,
                                         ExistingResult existing = ExistingResult::kRefuse);
  DecisionDatabase(DecisionDatabase&&) noexcept;
  DecisionDatabase& operator=(DecisionDatabase&&) = delete;
  ~DecisionDatabase();

  Status add(const Decision& decision);
  Status add(const GroupScore& score);
  Status add(const ImageScore& score);
  Status add(const RunRecord& run);
  /// An image in no group, and the reason as a word.
  Status add_dropped(std::string_view entry, std::string_view reason);

  /// Publish. The target is chosen now. Nothing may follow.
  Result<PublishedDatabase> finish();

 private:
  struct Writer;
  explicit DecisionDatabase(std::unique_ptr<Writer> writer);
  std::unique_ptr<Writer> writer_;
};

/// All that a run decided as text: a line a row, of tables and columns in a fixed order. Left out
/// is what differs from run to run: times, and the table `runs`. Two databases of the same
/// decisions give the same text, whatever the order in which they were written. Errors: as
/// db::Database.
Result<std::string> dump_decisions(db::Database& database);

}  // namespace assay::decisions
