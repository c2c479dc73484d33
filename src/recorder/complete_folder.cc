#include "recorder/complete_folder.h"

#include "core/random.h"
#include "derivation/journal_replay.h"
#include "recorder/recorder.h"

#include <chrono>

namespace assay::recorder {

Status complete_folder(files::FileSystem& file_system, const std::filesystem::path& folder,
                       Clock& clock) {
  ASSIGN_OR_RETURN(const std::uint64_t num_waiting,
                   derivation::count_waiting_events(file_system, folder));
  if (num_waiting == 0) return {};
  RecorderOptions options;
  options.hand_over = HandOver::kNever;
  options.derive_interval = std::chrono::milliseconds(0);
  options.ply_min_score_source = OptionSource::kAsBefore;
  options.feedback_timeout_source = OptionSource::kAsBefore;
  options.expires_ply = false;
  options.rotates_monthly = false;
  ASSIGN_OR_RETURN(const auto recorder,
                   Recorder::open(file_system, clock, system_random(), folder, options));
  return recorder->close();
}

}  // namespace assay::recorder
