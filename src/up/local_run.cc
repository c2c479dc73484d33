#include "up/local_run.h"

#include "validator/status.h"

#include <fmt/format.h>

#include <condition_variable>
#include <mutex>
#include <utility>

namespace assay::up {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;

constexpr milliseconds kLookEvery{100};

std::string not_running(const supervision::Supervisor& supervisor) {
  std::string text;
  for (const supervision::MemberStatus& member : supervisor.status()) {
    if (member.state == supervision::MemberState::kRunning) continue;
    text += fmt::format("{}{}", text.empty() ? "" : ", ", member.name);
    if (!member.last_end.empty()) text += fmt::format(" ({})", member.last_end);
  }
  return text;
}

class LocalRun {
 public:
  LocalRun(files::FileSystem& file_system, Clock& clock, const OpenedNetwork& network,
           const LocalRunOptions& options)
      : file_system_(file_system),
        clock_(clock),
        network_(network),
        options_(options),
        supervisor_(file_system, clock, options.supervisor),
        start_(clock.monotonic()) {
    for (auto& member : members_of(network.folder, network.plan, options.members)) {
      supervisor_.add(std::move(member));
    }
  }

  Status watch(const OnFleetStatus& on_status, const std::stop_token& stop) {
    std::mutex mutex;
    std::condition_variable_any pause;
    std::unique_lock lock(mutex);
    nanoseconds next_status = start_ + options_.status_interval;
    while (!stop.stop_requested() && !is_over()) {
      RETURN_IF_ERROR(supervisor_.look());
      if (on_status && clock_.monotonic() >= next_status) {
        next_status += options_.status_interval;
        ASSIGN_OR_RETURN(FleetStatus status, read());
        status.progress.not_running = not_running(supervisor_);
        on_status(status);
      }
      pause.wait_for(lock, stop, kLookEvery, [] { return false; });
    }
    return {};
  }

  Result<FleetStatus> finish() {
    const auto elapsed = elapsed_seconds();
    supervisor_.stop();
    ASSIGN_OR_RETURN(FleetStatus status, read());
    status.progress.elapsed = elapsed;
    return status;
  }

 private:
  bool is_over() const {
    return options_.duration && clock_.monotonic() - start_ >= *options_.duration;
  }
  std::chrono::seconds elapsed_seconds() const {
    return std::chrono::duration_cast<std::chrono::seconds>(clock_.monotonic() - start_);
  }

  Result<FleetStatus> read() const {
    ASSIGN_OR_RETURN(const auto told,
                     validator::read_status(file_system_, network_.folder.validator()));
    FleetStatus status =
        fleet_status(told.value_or(validator::ValidatorStatus{}), network_.plan, network_.hotkeys);
    status.progress.elapsed = elapsed_seconds();
    return status;
  }

  files::FileSystem& file_system_;
  Clock& clock_;
  const OpenedNetwork& network_;
  const LocalRunOptions& options_;
  supervision::Supervisor supervisor_;
  const nanoseconds start_;
};

}  // namespace

Result<FleetStatus> run_local_network(files::FileSystem& file_system, Clock& clock,
                                      const OpenedNetwork& network, const LocalRunOptions& options,
                                      const OnFleetStatus& on_status, const std::stop_token& stop) {
  LocalRun run(file_system, clock, network, options);
  RETURN_IF_ERROR(run.watch(on_status, stop));
  return run.finish();
}

}  // namespace assay::up
