#include "core/log.h"
#include "record_files/line_reader.h"
#include "record_files/record_scan.h"
#include "recorder/local_recorder_internal.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <memory>
#include <utility>

// What somebody should know of: raised, said once, and over only well on the other side.

namespace assay::recorder {
namespace {

// A limit and this much more (or less) ends an alert.
constexpr double kClear = 1.1;
// A queue that was not full for so long is full no more: a disk that stutters is told of once.
constexpr std::chrono::seconds kQueueCalm{60};

void update(bool& is_raised, bool is_beyond, bool is_well_within, std::string_view what) {
  if (!is_raised && is_beyond) {
    is_raised = true;
    log_warning(fmt::format("alert: {}", what));
  } else if (is_raised && is_well_within) {
    is_raised = false;
    log_info(fmt::format("over: {}", what));
  }
}

}  // namespace

void LocalRecorder::note_trouble(const Status& status) {
  const std::scoped_lock guard(state_mutex_);
  const bool had_trouble = !trouble_.empty();
  trouble_ = status ? "" : status.error().message;
  if (!status && !had_trouble && is_folder_gone_) {
    log_error("the history can record nothing more, and what its folder held is gone",
              {{"reason", trouble_}});
  } else if (!status && !had_trouble) {
    log_warning("the files of the history cannot follow its journal; nothing is lost",
                {{"reason", trouble_}});
  } else if (status && had_trouble) {
    log_info("the files of the history follow again");
  }
}

// A record that is too long is the caller's to see to.
void LocalRecorder::note_refusal(const Status& appended) {
  if (appended) {
    if (is_refusing_.load(std::memory_order_relaxed) && is_refusing_.exchange(false)) {
      log_info("over: events are recorded again");
    }
    return;
  }
  const ErrorCode code = appended.error().code;
  if (code == ErrorCode::kInvalidInput) return;
  if (code == ErrorCode::kExhausted) {
    watch_queue();
    return;
  }
  if (!is_refusing_.exchange(true)) {
    log_warning("alert: events are refused", {{"reason", appended.error().message}});
  }
}

void LocalRecorder::watch_space() {
  const auto space = file_system_->space(folder_);
  const auto free_share =
      space && space->total > ByteCount(0)
          ? static_cast<double>(space->free.count()) / static_cast<double>(space->total.count())
          : 1.0;
  const auto ply_bytes = static_cast<double>(ply_files_->size().count());
  const auto max_ply_bytes = static_cast<double>(options_.max_ply_files.count());
  const auto notes = files::list_damage_notes(*file_system_, folder_ / "journal");
  const double min_free_share = options_.min_free_share;
  const std::scoped_lock guard(state_mutex_);
  if (notes) {
    update(is_journal_damaged_, !notes->empty(), notes->empty(),
           fmt::format("the journal in {} was damaged; assay history doctor says what is lost",
                       folder_.native()));
  }
  const bool is_low = free_share < min_free_share;
  update(is_disk_low_, is_low, free_share > min_free_share * kClear,
         fmt::format("{:.0f} % of the disk of {} is free; the alert is at {:.0f} %",
                     100 * free_share, folder_.native(), 100 * min_free_share));
  update(is_ply_large_, ply_bytes > max_ply_bytes, ply_bytes * kClear < max_ply_bytes,
         fmt::format("the PLY files in {} are over {}", folder_.native(),
                     to_string(options_.max_ply_files)));
}

void LocalRecorder::watch_queue() {
  const std::uint64_t count = journal_->counts().num_queue_full;
  const auto now = clock_->monotonic();
  const std::scoped_lock guard(state_mutex_);
  const bool was_full = count > num_queue_full_;
  // Two threads may look at once, and the one with the older count come later.
  num_queue_full_ = std::max(num_queue_full_, count);
  if (was_full) queue_full_at_ = now;
  const std::string_view outcome = options_.journal.when_full == files::WhenFull::kRefuse
                                       ? "events are refused"
                                       : "callers wait";
  update(is_queue_full_, was_full, now - queue_full_at_ >= kQueueCalm,
         fmt::format("the queue of the journal in {} is full, {}: the disk does not keep up",
                     folder_.native(), outcome));
}

void LocalRecorder::note_corrupt_lines(std::uint64_t count, const std::string& first) {
  const std::scoped_lock guard(state_mutex_);
  // Those that a rotation finds may be the ones that were found at the start.
  if (num_corrupt_lines_ && count <= *num_corrupt_lines_) return;
  num_corrupt_lines_ = count;
  if (count == 0) return;
  log_warning(fmt::format("alert: lines of the history in {} that cannot be read: {}; assay "
                          "history doctor names them",
                          folder_.native(), count),
              {{"first", first}});
}

// What a bad disk, an editor or another program left in the files that are appended to is looked
// for once, beside all else. Files of months do not change; doctor reads them.
void LocalRecorder::check_lines_in_background() {
  struct Opened {
    std::string_view name;
    std::shared_ptr<const files::File> file;
    ByteCount size;
  };
  std::vector<Opened> opened;
  for (const std::string_view name : {derivation::kHistoryName, derivation::kFeedbackName}) {
    auto file = file_system_->open(folder_ / name, files::OpenMode::kRead);
    if (!file) continue;  // absent, or the derivation speaks of it
    const auto size = (*file)->size();
    if (size) opened.push_back({.name = name, .file = std::move(*file), .size = *size});
  }
  checking_thread_ = std::jthread([this, opened = std::move(opened)](const std::stop_token& stop) {
    std::uint64_t num_corrupt = 0;
    std::string first;
    record_files::RecordScan scan;
    for (const Opened& part : opened) {
      std::uint64_t number = 0;
      const auto on_line = [&](std::string_view line) -> Status {
        ++number;
        if (scan.scan(line).kind != record_files::LineKind::kUnreadable) return {};
        if (num_corrupt++ == 0) first = fmt::format("{}, line {}", part.name, number);
        return {};
      };
      const auto read =
          record_files::read_lines(*part.file, part.size, folder_ / part.name, on_line, stop);
      if (read) continue;
      if (read.error().code == ErrorCode::kCancelled) return;
      log_warning("a file of the history could not be looked through",
                  {{"reason", read.error().message}});
    }
    note_corrupt_lines(num_corrupt, first);
  });
}

}  // namespace assay::recorder
