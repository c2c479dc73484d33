#include "recorder_handle.h"

#include "core/clock.h"
#include "core/random.h"
#include "files/file_system.h"

#include <unistd.h>

namespace assay::python {

RecorderHandle::RecorderHandle(std::unique_ptr<recorder::Recorder> recorder)
    : recorder_(std::move(recorder)), owner_process_(::getpid()) {}

Result<std::unique_ptr<RecorderHandle>> RecorderHandle::open(
    const std::filesystem::path& folder, const recorder::RecorderOptions& options) {
  ASSIGN_OR_RETURN(auto recorder,
                   recorder::Recorder::open(files::posix_file_system(), system_clock(),
                                            system_random(), folder, options));
  return std::unique_ptr<RecorderHandle>(new RecorderHandle(std::move(recorder)));
}

RecorderHandle::~RecorderHandle() {
  // A child has no thread to join and no right to the parent's journal: better to leak.
  if (!is_foreign()) return;
  [[maybe_unused]] const recorder::Recorder* const leaked = recorder_.release();
}

bool RecorderHandle::is_foreign() const { return ::getpid() != owner_process_; }

Error RecorderHandle::opened_by_parent() {
  return unavailable("the recorder was opened before fork(): the child opens its own");
}

Status RecorderHandle::close() {
  if (is_foreign()) return opened_by_parent();
  is_closing_ = true;
  const std::unique_lock guard(mutex_);
  if (recorder_ == nullptr) return {};
  Status closed = recorder_->close();
  recorder_.reset();
  return closed;
}

}  // namespace assay::python
