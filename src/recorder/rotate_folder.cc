#include "recorder/rotate_folder.h"

#include "recorder/complete_folder.h"
#include "recorder/hand_over_internal.h"

namespace assay::recorder {

Result<rotation::RotateReport> rotate_folder(files::FileSystem& file_system,
                                             const std::filesystem::path& folder, Clock& clock,
                                             const rotation::RotateOptions& options,
                                             const std::stop_token& stop) {
  RETURN_IF_ERROR(complete_folder(file_system, folder, clock));
  auto report = rotation::rotate(file_system, folder, clock, options, stop);
  if (report || report.error().code != ErrorCode::kUnavailable) return report;
  auto asked = ask_to_rotate(folder, clock.now(), options, stop);
  // Nobody listens: it is another command, or a recorder that takes no calls.
  if (!asked && asked.error().code == ErrorCode::kNotFound) return report;
  return with_context(std::move(asked), "rotate by the recorder of " + folder.native());
}

}  // namespace assay::recorder
