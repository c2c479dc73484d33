/// \file
/// Folders that others change: noticed soon, without looking all the time.

#pragma once

#include "core/timestamp.h"
#include "files/file_system.h"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <stop_token>
#include <vector>

namespace assay::files {

enum class WatchMode : std::uint8_t {
  kSystem,   ///< The system tells (inotify); where it cannot, as kLooking.
  kLooking,  ///< The times of the folders are looked at: of file systems that tell nothing.
};

/// Which names are in some folders, and which files there were written to. Folders that are not
/// there yet are noticed when they appear; names that begin with a dot are not told of. What is
/// told may be one's own doing, or nothing: it is a reason to look, no more. A file system of
/// another machine tells nothing of what others do there: look now and then all the same.
/// Threads: one thread at a time.
class FolderWatch {
 public:
  /// Lifetime: `file_system` outlives the watch.
  FolderWatch(FileSystem& file_system, std::vector<std::filesystem::path> folders,
              WatchMode mode = WatchMode::kSystem);
  ~FolderWatch();
  FolderWatch(FolderWatch&& other) noexcept;
  FolderWatch& operator=(FolderWatch&&) = delete;

  /// Whether something may have changed since the last call, or since the watch began. At once.
  bool has_changed();
  /// Wait until it has, at most for `span`; false then, and when it is stopped.
  bool wait(std::chrono::milliseconds span, const std::stop_token& stop);

 private:
  void arm();
  bool read_events();
  bool look();

  FileSystem* file_system_;
  std::vector<std::filesystem::path> folders_;
  int descriptor_ = -1;  // none: the folders are looked at
  std::vector<std::optional<Timestamp>> seen_;
};

}  // namespace assay::files
