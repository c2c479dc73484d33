#include "core/check.h"
#include "core/log.h"
#include "recorder/local_recorder_internal.h"

#include <fmt/format.h>

#include <unistd.h>

#include <utility>

// How the parts keep in step. append() returns when an event is in the journal; the journal calls
// on_record() for it before, in order of sequence, and only there the state changes. What follows
// for the derived files is queued and written by one thread (derive()), never before the journal
// has the event on disk. A checkpoint takes state, sequence and queue under one lock, writes the
// queue, syncs the files, writes the manifest, and only then lets the journal drop what it covers.

namespace assay::recorder {
namespace {

constexpr std::chrono::seconds kPendingInterval{1};
constexpr std::chrono::seconds kSettleInterval{60};
constexpr std::chrono::minutes kShortRun{1};
constexpr std::uint64_t kStatisticsEvery = 100;

std::uint64_t num_bytes(const records::Applied& applied) {
  return applied.history_line.size() + applied.feedback_line.size() + applied.config_line.size();
}

// What is not destroyed on purpose.
template <typename... Left>
void leave_alone(Left*... /*left*/) {}

}  // namespace

LocalRecorder::LocalRecorder(files::FileSystem& file_system, Clock& clock, RandomSource& random,
                             std::filesystem::path folder, const RecorderOptions& options)
    : file_system_(&file_system),
      clock_(&clock),
      random_(&random),
      folder_(std::move(folder)),
      options_(options),
      process_(::getpid()),
      lookup_(file_system, folder_, {.max_unindexed = options.max_unindexed}),
      table_(options.table) {}

bool LocalRecorder::is_forked() const { return ::getpid() != process_; }

Status LocalRecorder::check_usable() const {
  if (is_forked()) {
    return unavailable(
        "the recorder was opened before this process was forked; open it again in this one");
  }
  if (is_closed_) return unavailable("the recorder is closed");
  return {};
}

LocalRecorder::~LocalRecorder() {
  if (is_forked()) {
    // The threads are the parent's, and what they hold stays as it was at the fork.
    if (thread_.joinable()) thread_.detach();
    if (rotating_thread_.joinable()) rotating_thread_.detach();
    if (checking_thread_.joinable()) checking_thread_.detach();
    // The end of a condition would wait for the thread that waits on it in the parent.
    leave_alone(hand_over_.release(), journal_.release(), wake_.release());
    return;
  }
  if (is_closed_ || !is_open_) return;
  if (const Status closed = close(); !closed) {
    log_error("the history was closed with a failure; the journal completes it at the next start",
              {{"reason", closed.error().message}});
  }
}

Status LocalRecorder::on_record(std::uint64_t sequence, std::span<const std::byte> record) {
  if (is_replaying_) return replay(sequence, record);
  auto event = records::decode_event(as_text(record));
  CHECK(event.has_value(), "what was encoded a moment ago is an event");
  event->sequence = sequence;
  const std::scoped_lock guard(state_mutex_);
  bytes_since_checkpoint_ += record.size();
  apply(*event);
  return {};
}

// With state_mutex_ held, or while replaying.
records::Verdict LocalRecorder::apply(const records::Event& event) {
  const std::uint64_t num_finished = table_.num_finished();
  records::Applied applied = table_.apply(event);
  last_applied_ = event.sequence;
  if (!is_replaying_ && options_.on_line) tell_of_line(event.sequence, applied);
  queue_lines(applied);
  if (is_replaying_) return applied.verdict;
  ++num_by_verdict_[static_cast<std::size_t>(applied.verdict)];
  outcomes_[event.sequence] = {.verdict = applied.verdict,
                               .generation_id = std::move(applied.generation_id),
                               .ply_due = std::move(applied.ply_due)};
  if (applied.superseded) superseded_.push_back(std::move(*applied.superseded));
  if (table_.num_finished() != num_finished) count_finished();
  return applied.verdict;
}

void LocalRecorder::tell_of_line(std::uint64_t sequence, const records::Applied& applied) const {
  const auto tell = [&](LineKind kind, std::string_view text) {
    if (!text.empty()) options_.on_line({.kind = kind, .sequence = sequence, .text = text});
  };
  tell(LineKind::kRecord, applied.history_line);
  tell(LineKind::kFeedback, applied.feedback_line);
  tell(LineKind::kConfigChange, applied.config_line);
}

void LocalRecorder::queue_lines(records::Applied& applied) {
  behind_bytes_ += num_bytes(applied);
  if (!applied.history_line.empty()) lines_.history.push_back(std::move(applied.history_line));
  if (!applied.feedback_line.empty()) lines_.feedback.push_back(std::move(applied.feedback_line));
  if (!applied.config_line.empty()) lines_.config.push_back(std::move(applied.config_line));
}

void LocalRecorder::count_finished() {
  const std::uint64_t num_finished = table_.num_finished();
  if (num_finished % kStatisticsEvery != 0) return;
  log_info("history", {{"finished", fmt::to_string(num_finished)},
                       {"open", fmt::to_string(table_.num_open())}});
}

Status LocalRecorder::derive(Pending pending) {
  RETURN_IF_ERROR(check_folder());
  RETURN_IF_ERROR(finish_rotation());
  ASSIGN_OR_RETURN(const bool is_in_place, derivation_->is_in_place());
  if (!is_in_place) RETURN_IF_ERROR(complete_files());
  derivation::DerivedLines taken;
  std::optional<std::string> pending_json;
  {
    const std::scoped_lock guard(state_mutex_);
    taken = std::move(lines_);
    lines_ = {};
    const bool is_due =
        pending == Pending::kNow || clock_->monotonic() - pending_written_ >= kPendingInterval;
    if (is_due && table_.open_version() != pending_version_) {
      pending_json = table_.pending_json();
      pending_version_ = table_.open_version();
    }
  }
  unwritten_.take_in(std::move(taken));
  // Nothing derived may outlive its event.
  if (options_.journal.durability != files::Durability::kAlways) RETURN_IF_ERROR(journal_->sync());
  const std::uint64_t before = unwritten_.num_bytes();
  const Status appended = derivation_->append(unwritten_);
  {
    const std::scoped_lock guard(state_mutex_);
    behind_bytes_ -= before - unwritten_.num_bytes();
  }
  RETURN_IF_ERROR(appended);
  if (!pending_json) return {};
  pending_written_ = clock_->monotonic();
  auto written = derivation_->write_pending(*pending_json);
  if (!written) pending_version_.reset();
  return written;
}

Status LocalRecorder::write_checkpoint_now() {
  RETURN_IF_ERROR(check_folder());
  RETURN_IF_ERROR(finish_rotation());
  ASSIGN_OR_RETURN(const bool is_as_anchored, derivation_->is_as_anchored());
  if (!is_as_anchored) RETURN_IF_ERROR(complete_files());
  std::optional<records::GenerationTable> table;
  derivation::Checkpoint made;
  {
    const std::scoped_lock guard(state_mutex_);
    unwritten_.take_in(std::move(lines_));
    lines_ = {};
    table = table_;
    made.last_sequence = last_applied_;
    bytes_since_checkpoint_ = 0;
  }
  RETURN_IF_ERROR(journal_->sync());
  const std::uint64_t before = unwritten_.num_bytes();
  const Status appended = derivation_->append(unwritten_);
  {
    const std::scoped_lock guard(state_mutex_);
    behind_bytes_ -= before - unwritten_.num_bytes();
  }
  RETURN_IF_ERROR(appended);
  ASSIGN_OR_RETURN(made.files, derivation_->sync());
  ASSIGN_OR_RETURN(const bool is_in_place, derivation_->is_in_place());
  if (!is_in_place) {
    return unavailable(fmt::format("another program replaces the files in {}; the journal is kept",
                                   folder_.native()));
  }
  made.time = clock_->now();
  made.state = table->state();
  made.ply_rules = told_ply_rules_;
  made.rotated_month = rotated_month_ ? record_files::to_text(*rotated_month_) : "";
  RETURN_IF_ERROR(
      derivation::write_checkpoint(*file_system_, folder_ / "journal" / "checkpoint.json", made));
  return journal_->drop_through(made.last_sequence);
}

// Without the folder every write would go to files that have no name, or make the folder anew.
Status LocalRecorder::check_folder() {
  if (!is_folder_gone_ && is_open_) {
    const auto found = file_system_->info(folder_ / "journal" / "checkpoint.json");
    if (found && !*found) is_folder_gone_ = true;
  }
  if (!is_folder_gone_) return {};
  return unavailable(
      fmt::format("the data folder {} was removed or replaced; open it again", folder_.native()));
}

Status LocalRecorder::flush() {
  RETURN_IF_ERROR(check_usable());
  const std::scoped_lock guard(derive_mutex_);
  watch_space();
  watch_queue();
  auto derived = derive(Pending::kNow);
  note_trouble(derived);
  return derived;
}

Status LocalRecorder::checkpoint() {
  RETURN_IF_ERROR(check_usable());
  Status done;
  {
    const std::scoped_lock guard(derive_mutex_);
    done = derive(Pending::kNow);
    if (done) done = write_checkpoint_now();
    note_trouble(done);
  }
  if (done && options_.derive_interval.count() == 0) rotate_when_due();
  return done;
}

Status LocalRecorder::close() {
  if (is_closed_) return {};
  RETURN_IF_ERROR(check_usable());
  if (thread_.joinable()) {
    thread_.request_stop();
    thread_.join();
  }
  // Where each run is a short one, none of them would get to its end otherwise. Other processes are
  // served meanwhile.
  const bool is_short_run = clock_->monotonic() - opened_ < kShortRun;
  if (is_short_run && rotating_thread_.joinable()) rotating_thread_.join();
  rotate_when_due();
  stop_rotating_.request_stop();
  checking_thread_.request_stop();
  hand_over_.reset();
  if (rotating_thread_.joinable()) rotating_thread_.join();
  if (checking_thread_.joinable()) checking_thread_.join();
  auto done = checkpoint();
  is_closed_ = true;
  derivation_.reset();
  journal_.reset();
  return done;
}

Status LocalRecorder::derive_in_passing() {
  const std::scoped_lock guard(derive_mutex_);
  Status done = derive(Pending::kWhenDue);
  std::uint64_t num_since = 0;
  {
    const std::scoped_lock state_guard(state_mutex_);
    num_since = bytes_since_checkpoint_;
  }
  if (done && num_since >= options_.checkpoint_after.count()) done = write_checkpoint_now();
  note_trouble(done);
  return done;
}

void LocalRecorder::run(const std::stop_token& stop) {
  auto settled = clock_->monotonic();
  while (!stop.stop_requested()) {
    {
      std::unique_lock lock(wake_mutex_);
      wake_->wait_for(lock, stop, options_.derive_interval, [] { return false; });
    }
    if (stop.stop_requested()) return;
    watch_queue();
    if (clock_->monotonic() - settled >= kSettleInterval) {
      settled = clock_->monotonic();
      watch_space();
      settle_due();
      discard_superseded();
    }
    if (derive_in_passing()) rotate_in_background();
  }
}

RecorderStatus LocalRecorder::status() const {
  RecorderStatus status;
  if (is_forked()) return status;
  if (journal_ != nullptr) status.journal = journal_->counts();
  status.images = images_->size();
  status.ply_files = ply_files_->size();
  status.num_ply_lost = num_ply_lost_.load(std::memory_order_relaxed);
  const std::scoped_lock guard(state_mutex_);
  status.num_by_verdict = num_by_verdict_;
  status.num_finished = table_.num_finished();
  status.num_open = table_.num_open();
  status.is_refusing = is_refusing_;
  status.behind = ByteCount(behind_bytes_);
  status.trouble = trouble_;
  status.is_disk_low = is_disk_low_;
  status.is_ply_large = is_ply_large_;
  status.is_journal_damaged = is_journal_damaged_;
  status.is_queue_full = is_queue_full_;
  status.num_corrupt_lines = num_corrupt_lines_;
  return status;
}

}  // namespace assay::recorder
