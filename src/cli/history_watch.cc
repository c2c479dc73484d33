#include "cli/history_watch_internal.h"
#include "core/timestamp.h"
#include "files/file_system.h"
#include "record_reading/history_reader.h"

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string>
#include <tuple>
#include <vector>

namespace assay::cli {
namespace {

constexpr std::chrono::seconds kInterval{1};

/// What changes when a file does.
using FileState = std::tuple<std::string, std::uint64_t, Timestamp>;

std::vector<FileState> states_of(const std::filesystem::path& folder) {
  files::FileSystem& file_system = files::posix_file_system();
  std::vector<std::filesystem::path> paths = {folder / "generation_feedback.jsonl"};
  if (const auto found = record_reading::find_history_files(file_system, folder)) {
    for (const record_reading::HistoryFile& file : *found) paths.push_back(file.path);
  }
  std::vector<FileState> states;
  for (const std::filesystem::path& path : paths) {
    const auto info = file_system.info(path);
    if (info && *info) states.emplace_back(path.string(), (*info)->size.count(), (*info)->modified);
  }
  return states;
}

}  // namespace

Status watch_history(const std::filesystem::path& folder, const std::function<Status()>& show,
                     const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any waiting;
  std::unique_lock lock(mutex);
  while (!stop.stop_requested()) {
    // Taken before it is read: what comes meanwhile is seen the next time.
    const std::vector<FileState> shown = states_of(folder);
    RETURN_IF_ERROR(show());
    while (!stop.stop_requested() && states_of(folder) == shown) {
      waiting.wait_for(lock, stop, kInterval, [] { return false; });
    }
  }
  return {};
}

}  // namespace assay::cli
