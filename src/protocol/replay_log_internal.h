/// \file
/// Marks of requests in a file, so that a start does not forget what was taken just before it.
/// Format: docs/formats/replay-marks.md.

#pragma once

#include "core/result.h"
#include "files/file_system.h"
#include "keys/ss58.h"
#include "protocol/scheme.h"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>

namespace assay::protocol {

struct LoggedMark {
  ReplayMark mark;
  keys::Hotkey sender;
  Instant expires;
};

/// Appended before a request is answered, and not synced: a kill loses nothing, a power cut may
/// lose the last moments, which its restart outlasts. Threads: one thread at a time. Errors:
/// kNoSpace, kDenied, kUnavailable (also when another process has it open).
class ReplayLog {
 public:
  using OnMark = std::function<void(const LoggedMark&)>;

  /// Hands on what is still good at `now`, and begins the file anew with it. A file that is not as
  /// we write it is read as far as it goes.
  static Result<ReplayLog> open(files::FileSystem& file_system, const std::filesystem::path& path,
                                Instant now, const OnMark& on_mark);

  Status append(std::span<const LoggedMark> marks);
  /// Whether so much of it has expired that it should begin anew.
  bool is_large() const { return size_ >= next_rewrite_; }
  Status begin_anew(std::span<const LoggedMark> live);

 private:
  ReplayLog(files::FileSystem& file_system, std::filesystem::path path,
            std::unique_ptr<files::FileLock> lock)
      : file_system_(&file_system), path_(std::move(path)), lock_(std::move(lock)) {}

  files::FileSystem* file_system_;
  std::filesystem::path path_;
  std::unique_ptr<files::FileLock> lock_;
  std::unique_ptr<files::File> file_;
  std::uint64_t size_ = 0;
  std::uint64_t next_rewrite_ = 0;
};

}  // namespace assay::protocol
