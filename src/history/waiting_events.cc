#include "history/waiting_events.h"

#include "derivation/journal_replay.h"
#include "report/number_text.h"

#include <fmt/format.h>

namespace assay::history {

std::string waiting_events_text(files::FileSystem& file_system,
                                const std::filesystem::path& folder) {
  const auto count = derivation::count_waiting_events(file_system, folder);
  if (!count || *count == 0) return {};
  return fmt::format(
      "{} of a recorder that was killed may be in the journal of {} alone; `assay history append "
      "--data-dir {} < /dev/null` completes the files, as the next start of the miner does",
      report::counted(*count, "event", "events"), folder.native(), folder.native());
}

}  // namespace assay::history
