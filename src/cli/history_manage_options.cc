#include "cli/history_manage_options_internal.h"
#include "cli/option_check_internal.h"
#include "core/log.h"
#include "files/file_system.h"
#include "history/analyze.h"
#include "history/waiting_events.h"

#include <fmt/format.h>

#include <filesystem>
#include <system_error>

namespace assay::cli {
namespace {

/// One instant for the whole run, so that midnight does not fall into it.
class FixedClock final : public Clock {
 public:
  explicit FixedClock(Timestamp now) : now_(now) {}
  Timestamp now() const override { return now_; }
  std::chrono::nanoseconds monotonic() const override { return system_clock().monotonic(); }

 private:
  Timestamp now_;
};

}  // namespace

void DataFolderFlag::add_to(CLI::App& command) {
  add_option(command, "--data-dir", folder, "The data folder of the miner.")
      ->type_name("DIR")
      ->capture_default_str();
}

void NowFlag::add_to(CLI::App& command) {
  add_option(command, "--now", text, "Take this instant for now, such as 2025-11-30T00:00:00Z.")
      ->type_name("TIME")
      ->check(check_time);
}

Result<std::unique_ptr<Clock>> NowFlag::clock() const {
  if (text.empty()) return std::make_unique<FixedClock>(system_clock().now());
  ASSIGN_OR_RETURN(const Timestamp now, with_context(parse_timestamp(text), "--now"));
  return std::make_unique<FixedClock>(now);
}

std::string check_task_type(const std::string& text) {
  if (text == history::kTextTo3d || text == history::kImageTo3d) return {};
  return fmt::format("'{}' is no task type: expected {} or {}", text, history::kTextTo3d,
                     history::kImageTo3d);
}

void warn_of_waiting_events(const std::string& folder) {
  const std::string text = history::waiting_events_text(files::posix_file_system(), folder);
  if (!text.empty()) log_warning(text);
}

std::optional<history::DiskSpace> disk_space(const std::string& folder) {
  std::error_code failed;
  const std::filesystem::space_info space = std::filesystem::space(folder, failed);
  if (failed) return std::nullopt;
  return history::DiskSpace{.capacity = ByteCount(space.capacity),
                            .available = ByteCount(space.available)};
}

}  // namespace assay::cli
