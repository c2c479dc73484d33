#include "files/folder_watch.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <string_view>
#include <utility>

namespace assay::files {
namespace {

namespace fs = std::filesystem;

constexpr std::uint32_t kEvents = IN_CREATE | IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM |
                                  IN_DELETE | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR;
// Without the system's help so often: a photo is noticed within a second or so.
constexpr std::chrono::milliseconds kLookPause{500};

int milliseconds_of(std::chrono::milliseconds span) {
  constexpr std::chrono::milliseconds kMost = std::chrono::hours(1);
  return static_cast<int>(std::clamp(span, std::chrono::milliseconds(0), kMost).count());
}

/// Wakes a poll() when it is to stop.
class StopSignal {
 public:
  StopSignal() : descriptor_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}
  ~StopSignal() {
    if (descriptor_ >= 0) close(descriptor_);
  }
  StopSignal(const StopSignal&) = delete;
  StopSignal& operator=(const StopSignal&) = delete;

  int descriptor() const { return descriptor_; }
  void raise() const {
    const std::uint64_t one = 1;
    // It can only be full, and then the poll wakes anyway.
    static_cast<void>(write(descriptor_, &one, sizeof one));
  }

 private:
  int descriptor_;
};

}  // namespace

FolderWatch::FolderWatch(FileSystem& file_system, std::vector<fs::path> folders, WatchMode mode)
    : file_system_(&file_system), folders_(std::move(folders)), seen_(folders_.size()) {
  if (mode == WatchMode::kSystem) descriptor_ = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
  arm();
  static_cast<void>(look());
}

FolderWatch::~FolderWatch() {
  if (descriptor_ >= 0) close(descriptor_);
}

FolderWatch::FolderWatch(FolderWatch&& other) noexcept
    : file_system_(other.file_system_),
      folders_(std::move(other.folders_)),
      descriptor_(std::exchange(other.descriptor_, -1)),
      seen_(std::move(other.seen_)) {}

/// Of a folder that is not there the nearest one above it is watched. To watch one twice does
/// nothing.
void FolderWatch::arm() {
  if (descriptor_ < 0) return;
  for (const fs::path& folder : folders_) {
    fs::path path = folder;
    while (inotify_add_watch(descriptor_, path.c_str(), kEvents) < 0) {
      const bool is_absent = errno == ENOENT || errno == ENOTDIR;
      if (!is_absent || !path.has_relative_path()) {
        // The system has no more of them, or may not look there.
        close(std::exchange(descriptor_, -1));
        return;
      }
      path = path.has_parent_path() ? path.parent_path() : fs::path(".");
    }
  }
}

bool FolderWatch::read_events() {
  bool is_changed = false;
  while (true) {
    alignas(inotify_event) std::array<std::byte, 16'384> buffer;
    const ssize_t size = read(descriptor_, buffer.data(), buffer.size());
    if (size <= 0) break;
    for (std::size_t start = 0; std::cmp_less(start, size);) {
      inotify_event event{};
      std::memcpy(&event, buffer.data() + start, sizeof event);
      const auto* const name = reinterpret_cast<const char*>(buffer.data() + start + sizeof event);
      start += sizeof event + event.len;
      const bool is_hidden = event.len > 0 && *name == '.';
      if ((event.mask & IN_IGNORED) == 0 && !is_hidden) is_changed = true;
    }
  }
  if (is_changed) arm();
  return is_changed;
}

bool FolderWatch::look() {
  bool is_changed = false;
  for (std::size_t i = 0; i < folders_.size(); ++i) {
    const auto info = file_system_->info(folders_[i]);
    const auto modified = info && *info ? std::optional((*info)->modified) : std::nullopt;
    is_changed = is_changed || modified != seen_[i];
    seen_[i] = modified;
  }
  return is_changed;
}

bool FolderWatch::has_changed() {
  if (descriptor_ >= 0) {
    const bool is_told = read_events();
    if (descriptor_ >= 0) return is_told;
  }
  return look();
}

bool FolderWatch::wait(std::chrono::milliseconds span, const std::stop_token& stop) {
  const StopSignal stopped;
  const std::stop_callback on_stop(stop, [&stopped] { stopped.raise(); });
  const auto deadline = std::chrono::steady_clock::now() + span;
  while (!stop.stop_requested()) {
    if (has_changed()) return true;
    auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0) return false;
    if (descriptor_ < 0) left = std::min(left, kLookPause);
    std::array<pollfd, 2> waited = {
        pollfd{.fd = stopped.descriptor(), .events = POLLIN, .revents = 0},
        pollfd{.fd = descriptor_, .events = POLLIN, .revents = 0}};
    // A negative descriptor is passed over.
    static_cast<void>(poll(waited.data(), waited.size(), milliseconds_of(left)));
  }
  return false;
}

}  // namespace assay::files
