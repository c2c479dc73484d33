/// \file
/// What a running validator says of itself, in a file that anybody may read. Format:
/// docs/formats/validator-status.md.

#pragma once

#include "core/result.h"
#include "core/timestamp.h"
#include "files/file_system.h"
#include "validator/cell.h"
#include "validator/courier.h"
#include "validator/generation_jobs.h"
#include "validator/organic_proxy.h"
#include "validator/round_export.h"

#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace assay::validator {

inline constexpr std::string_view kStatusFile = "status.json";
/// With another number members have another meaning; new members do not change it.
inline constexpr std::string_view kStatusFormat = "assay-validator-status/1";

/// One member that is no validator.
struct MinerStatus {
  scoring::Uid uid = 0;
  std::string hotkey = {};
  /// `127.0.0.1:8091`; empty when it serves nothing.
  std::string address = {};
  /// Over the challenges that are remembered, some thousands.
  std::uint64_t num_asked = 0;
  std::uint64_t num_answered = 0;
  /// By ReplyKind; without predictions.
  std::array<std::uint64_t, kNumReplyKinds> num_silent = {};
  std::optional<Timestamp> last_answered = std::nullopt;
  std::optional<double> mean_latency_ms = std::nullopt;
  /// Of the last 100 answers. Nothing before the first; AUC also while one label is missing.
  std::optional<double> accuracy = std::nullopt;
  std::optional<double> auc = std::nullopt;
  /// Of the answers to images without works, those that saw some; and the other way round.
  std::optional<double> false_alarm_share = std::nullopt;
  std::optional<double> miss_share = std::nullopt;
  double score = 0;
  /// As they would be set now, of 65535.
  std::uint16_t weight = 0;
  double weight_share = 0;
  /// Whose answers go together with this one's beyond chance. Order: by uid.
  std::vector<scoring::Uid> alike = {};
  /// Nothing when this validator sends no jobs.
  std::optional<JobCounts> jobs = std::nullopt;
};

struct CellStatus {
  Cell cell = {};
  std::uint64_t num_images = 0;
  std::uint64_t num_sent = 0;  ///< Challenges since the start.
  double target_share = 0;
  double sent_share = 0;
  double shortfall_share = 0;
};

struct RoundsStatus {
  std::uint64_t num_scored_ever = 0;
  std::uint64_t num_scored = 0;  ///< Since the start, as all that follow.
  std::uint64_t num_skipped = 0;
  std::uint64_t num_in_flight = 0;
  std::uint64_t num_asked = 0;  ///< Requests.
  std::uint64_t num_answered = 0;
  std::optional<Timestamp> last_finished = std::nullopt;
};

struct ChainStatus {
  std::uint64_t block = 0;
  std::optional<Timestamp> block_read_at = std::nullopt;
  std::optional<Timestamp> members_read_at = std::nullopt;
  std::uint64_t num_members = 0;
  std::uint64_t num_miners = 0;  ///< Who may be asked.
  std::string problem = {};
};

struct WeightsStatus {
  bool is_off = false;
  std::optional<Timestamp> sent_at = std::nullopt;
  std::uint64_t block = 0;
  std::string result = {};  ///< Of chain::SubmitResult; empty before the first.
  std::string error_name = {};
  std::string message = {};
  std::uint64_t num_weights = 0;
  bool is_burnt = false;
  bool is_confirmed = false;
  std::optional<std::uint64_t> due_block = std::nullopt;
  bool is_overdue = false;
};

enum class RunState : std::uint8_t { kRunning, kStopping, kStopped };

/// `running`, `stopping` or `stopped`.
std::string_view to_string(RunState state);

struct ValidatorStatus {
  Timestamp written = {};
  Timestamp started = {};
  RunState state = RunState::kRunning;
  std::string hotkey = {};
  std::optional<scoring::Uid> uid = std::nullopt;
  /// Of this validator; nothing while it is not known.
  std::optional<double> stake_tao = std::nullopt;
  std::optional<bool> has_permit = std::nullopt;
  std::string network = {};
  std::uint64_t netuid = 0;
  std::string formula = {};
  /// Miners whose answers go together are paid as one.
  bool shares_copies = false;
  /// Why nothing is asked at the moment; empty when something is.
  std::string problem = {};
  RoundsStatus rounds = {};
  ChainStatus chain = {};
  std::string cache = {};  ///< Its folder.
  std::vector<CellStatus> cells = {};
  WeightsStatus weights = {};
  /// Nothing when images of clients are not taken.
  std::optional<ProxyStatus> proxy = std::nullopt;
  /// Nothing when nobody is told of rounds.
  std::optional<ExportStatus> statistics = std::nullopt;
  std::vector<MinerStatus> miners = {};  ///< By uid.
};

std::string to_json(const ValidatorStatus& status);
/// Errors: kCorrupt (not JSON), kInvalidInput (of a later format, or a member that is missing or of
/// another kind).
Result<ValidatorStatus> parse_status(std::string_view text);

/// Replace the file in `folder`. Errors: as files::AtomicFile.
Status write_status(files::FileSystem& file_system, const std::filesystem::path& folder,
                    const ValidatorStatus& status);
/// Nothing when no validator ever wrote one there. Errors: as parse_status() and FileSystem.
Result<std::optional<ValidatorStatus>> read_status(files::FileSystem& file_system,
                                                   const std::filesystem::path& folder);

/// The checklist of an operator, with the age of each fact, then the miners.
std::string to_text(const ValidatorStatus& status, Timestamp now);
/// No line of the checklist says NO.
bool is_well(const ValidatorStatus& status, Timestamp now);

}  // namespace assay::validator
