#include "up/local_run.h"

#include "validator/status.h"

#include <fmt/format.h>

#include <algorithm>
#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

namespace assay::up {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;

constexpr milliseconds kLookEvery{100};
/// For the miners to listen.
constexpr std::chrono::seconds kLongestStart{15};

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
    auto members = members_of(network.folder, network.plan, options.members);
    validator_ = std::move(members.back());
    members.pop_back();
    for (auto& member : members) {
      heartbeats_.push_back(member.heartbeat);
      supervisor_.add(std::move(member));
    }
  }

  Status watch(const OnFleetStatus& on_status, const std::stop_token& stop) {
    std::mutex mutex;
    std::condition_variable_any pause;
    std::unique_lock lock(mutex);
    nanoseconds next_status = start_ + options_.status_interval;
    while (!stop.stop_requested() && !is_over()) {
      if (validator_ && may_begin()) {
        supervisor_.add(std::move(*validator_));
        validator_.reset();
      }
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
  /// Nobody is to be charged with being away while it starts: the validator waits for the miners,
  /// but not for ever.
  bool may_begin() const {
    if (clock_.monotonic() - start_ >= kLongestStart) return true;
    return std::ranges::all_of(heartbeats_, [this](const std::filesystem::path& path) {
      const auto info = file_system_.info(path);
      return info && *info && (**info).modified >= started_;
    });
  }
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
  const Timestamp started_ = clock_.now();
  std::optional<supervision::MemberOptions> validator_;  // until it is started
  std::vector<std::filesystem::path> heartbeats_;        // of the miners
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
