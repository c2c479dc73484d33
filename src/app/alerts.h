/// \file
/// Alerts: what has changed since somebody was last told, posted once per change of state.

#pragma once

#include "core/clock.h"
#include "core/result.h"
#include "files/file_system.h"

#include <cstddef>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace assay::app {

/// Something whose state somebody wants to be told of.
struct Alert {
  /// What it is about, within its topic: a hotkey, the name of a cache.
  std::string subject;
  /// The state it is in now: `suspect`. Two alerts of one subject and state are one. Empty when it
  /// is not known now: what was posted of the subject stays as it is.
  std::string state;
  /// A sentence for a person.
  std::string message;
};

/// Send one alert's JSON to where alerts go. Errors: whatever stands in the way.
using PostAlert = std::function<Status(std::string_view json)>;

/// What a call of AlertBook::post() did.
struct AlertOutcome {
  std::size_t num_posted = 0;
  std::size_t num_unchanged = 0;
  /// Not accepted by the other side; they are tried again by the next call.
  std::size_t num_failed = 0;
  /// Why the last of those failed.
  std::string failure;
};

/// Remembers, in one file, the state of each subject that was last posted and accepted.
/// Threads: one thread at a time. Two processes never have the same book open.
/// Errors: those of the file system, where a call does not say more.
class AlertBook {
 public:
  /// Open the book at `path`; made when absent.
  /// Errors: kUnavailable (another process has it open), kCorrupt (not a book: it is left alone),
  ///         those of the file system.
  static Result<AlertBook> open(files::FileSystem& file_system, const std::filesystem::path& path);

  /// Post each of `alerts` whose state differs from the last one accepted, and, for each subject of
  /// `topic` that is no longer among them, the state `cleared`. The book is on disk after each
  /// accepted alert: a kill between the two repeats that one alert and loses none.
  /// Errors: those of writing the book. An alert that is not accepted is no error but an outcome.
  Result<AlertOutcome> post(std::string_view topic, const std::vector<Alert>& alerts,
                            const Clock& clock, const PostAlert& post_alert);

 private:
  using States =
      std::map<std::string, std::map<std::string, std::string>>;  // topic, subject, state

  AlertBook(files::FileSystem& file_system, std::filesystem::path path,
            std::unique_ptr<files::FileLock> lock, States states);
  Status save() const;
  Status deliver(std::string_view topic, const Alert& alert, const Clock& clock,
                 const PostAlert& post_alert, AlertOutcome& outcome);

  files::FileSystem* file_system_;
  std::filesystem::path path_;
  std::unique_ptr<files::FileLock> lock_;
  States states_;
};

}  // namespace assay::app
