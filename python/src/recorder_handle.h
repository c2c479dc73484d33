/// \file
/// The recorder as Python holds it: safe to close while others call, and inert in a forked child.

#pragma once

#include "core/result.h"
#include "recorder/recorder.h"

#include <atomic>
#include <filesystem>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <utility>

namespace assay::python {

/// Threads: all calls are safe from any thread. In a child of fork() the recorder's threads do not
/// exist and its locks may be held by nobody: there every call fails, and destruction leaves the
/// recorder where it is.
/// Errors: those of records::Recorder; also kUnavailable (closed, or opened by the parent process).
class RecorderHandle {
 public:
  static Result<std::unique_ptr<RecorderHandle>> open(const std::filesystem::path& folder,
                                                      const recorder::RecorderOptions& options);
  ~RecorderHandle();
  RecorderHandle(const RecorderHandle&) = delete;
  RecorderHandle& operator=(const RecorderHandle&) = delete;

  /// What `call` makes of the recorder, a Result.
  template <typename Call>
  auto use(Call call) -> decltype(call(std::declval<recorder::Recorder&>())) {
    if (is_foreign()) return opened_by_parent();
    const std::shared_lock guard(mutex_);
    if (recorder_ == nullptr || is_closing_) return unavailable("the recorder is closed");
    return call(*recorder_);
  }

  /// Wait for the calls that run, then checkpoint and let the folder go. A second call does
  /// nothing.
  Status close();

 private:
  explicit RecorderHandle(std::unique_ptr<recorder::Recorder> recorder);
  bool is_foreign() const;
  static Error opened_by_parent();

  std::shared_mutex mutex_;  // guards recorder_: shared by calls, held alone by close()
  std::atomic<bool> is_closing_ = false;
  std::unique_ptr<recorder::Recorder> recorder_;
  int owner_process_;
};

}  // namespace assay::python
