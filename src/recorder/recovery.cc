#include "core/check.h"
#include "core/log.h"
#include "derivation/journal_replay.h"
#include "derivation/pending_file.h"
#include "files/atomic_file.h"
#include "json/python_text.h"
#include "record_files/file_lines.h"
#include "recorder/hand_over_internal.h"
#include "recorder/local_recorder_internal.h"
#include "records/json_members.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

// Opening a data folder. The journal takes the lock and hands over its records; before the first of
// them the checkpoint is loaded, or, in a folder without one, what another program left is adopted.
// The events behind the checkpoint give the state, and the lines that the derived files must hold
// behind the lengths that the checkpoint knows.

namespace assay::recorder {
namespace {

// Of another program's history: so much of its end is looked through for ids.
constexpr std::uint64_t kAdoptedTail = std::uint64_t{64} << 20;
constexpr ByteCount kMaxPendingSize{std::uint64_t{1} << 30};

}  // namespace

Status LocalRecorder::start_up() {
  RETURN_IF_ERROR(open_journal());
  RETURN_IF_ERROR(load_checkpoint());
  choose_ply_rules();
  RETURN_IF_ERROR(check_against_checkpoint());
  if (!without_start_.empty()) {
    RETURN_IF_ERROR(quarantine("events-without-start.jsonl", without_start_));
    without_start_.clear();
  }
  discard_abandoned(*file_system_, folder_);
  ASSIGN_OR_RETURN(images_, media::ImageStore::open(*file_system_, folder_));
  ASSIGN_OR_RETURN(ply_files_, media::PlyStore::open(*file_system_, folder_));
  RETURN_IF_ERROR(open_derived());
  find_waiting_of_adopted();
  if (!rotated_month_) rotated_month_ = record_files::month_of(clock_->now());
  is_replaying_ = false;
  {
    const std::scoped_lock guard(derive_mutex_);
    RETURN_IF_ERROR(derive(Pending::kNow));
    if (must_checkpoint_) RETURN_IF_ERROR(write_checkpoint_now());
  }
  loaded_.reset();
  opened_ = clock_->monotonic();
  is_open_ = true;
  watch_space();
  settle_due();
  discard_unnamed();
  if (const std::string text = recovery_.to_text(); !text.empty()) {
    log_info("history: " + text, {{"folder", folder_.native()}});
  }
  if (options_.hand_over == HandOver::kToFirst) {
    auto server = HandOverServer::start(*this, hand_over_path(folder_));
    if (server) {
      hand_over_ = std::move(*server);
    } else {
      log_warning("other processes cannot hand over to this history",
                  {{"reason", server.error().message}});
    }
  }
  if (options_.derive_interval.count() > 0) {
    thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
    check_lines_in_background();
  }
  return {};
}

Status LocalRecorder::open_journal() {
  RETURN_IF_ERROR(file_system_->create_folders(folder_ / "journal"));
  files::GroupJournalOptions options = options_.journal;
  options.min_record = records::kMinEventSize;
  ASSIGN_OR_RETURN(journal_, files::GroupJournal::open(
                                 *file_system_, folder_ / "journal", options,
                                 [this](std::uint64_t sequence, std::span<const std::byte> record) {
                                   return on_record(sequence, record);
                                 }));
  recovery_.torn_journal_tail = journal_->recovery().torn_tail;
  for (const files::JournalDamage& damage : journal_->recovery().damage) {
    must_checkpoint_ = true;
    ++recovery_.num_damaged_segments;
    recovery_.lost.insert(recovery_.lost.end(), damage.lost.begin(), damage.lost.end());
  }
  return {};
}

// Files that are missing at the ends of the journal: only the checkpoint knows of them.
Status LocalRecorder::check_against_checkpoint() {
  if (!loaded_) return {};
  const std::uint64_t known = loaded_->last_sequence;
  const std::uint64_t first = journal_->recovery().first_sequence;
  const std::uint64_t last = journal_->last_sequence();
  if (last < known) {
    // Its numbers begin anew, and what comes must not pass for old.
    last_applied_ = last;
    recovery_.misses_end = true;
    return note_missing(
        fmt::format("missing-behind-{}", known),
        {.segment = {},
         .reason = fmt::format("the journal ends with event {}, but there was event {}: its last "
                               "files are missing, and with them whatever came later",
                               last, known),
         .num_salvaged = 0,
         .lost = {}});
  }
  // Numbers behind the last event that could be read are lost: nothing comes for them any more.
  last_applied_ = last;
  if (first <= known + 1) return {};
  const std::uint64_t count = first - known - 1;
  return note_missing(fmt::format("missing-{}-{}", known + 1, first - 1),
                      {.segment = {},
                       .reason = fmt::format("the first file of the journal begins with event {}, "
                                             "but the checkpoint ends with {}",
                                             first, known),
                       .num_salvaged = 0,
                       .lost = {{.first_sequence = known + 1,
                                 .last_sequence = first - 1,
                                 .num_at_least = count,
                                 .num_at_most = count}}});
}

Status LocalRecorder::note_missing(std::string_view name, files::JournalDamage damage) {
  if (options_.journal.when_damaged == files::WhenDamaged::kRefuse) return corrupt(damage.reason);
  RETURN_IF_ERROR(files::write_damage_note(*file_system_, folder_ / "journal", name, damage));
  must_checkpoint_ = true;
  recovery_.lost.insert(recovery_.lost.begin(), damage.lost.begin(), damage.lost.end());
  return {};
}

Status LocalRecorder::replay(std::uint64_t sequence, std::span<const std::byte> record) {
  RETURN_IF_ERROR(load_checkpoint());
  if (loaded_ && sequence <= loaded_->last_sequence) return {};
  must_checkpoint_ = true;
  if (sequence != last_applied_ + 1) has_gap_ = true;
  auto event = records::decode_event(as_text(record));
  if (!event) {
    if (event.error().code != ErrorCode::kCorrupt) return std::move(event.error());
    last_applied_ = sequence;
    has_gap_ = true;
    ++recovery_.num_quarantined;
    return quarantine(fmt::format("event-{}", sequence), as_text(record));
  }
  event->sequence = sequence;
  ++recovery_.num_replayed;
  const records::Verdict verdict = apply(*event);
  // Feedback is kept without its start too.
  const bool is_kept = std::holds_alternative<records::FeedbackReceived>(event->body);
  if (has_gap_ && verdict == records::Verdict::kUnknownGeneration && !is_kept) {
    without_start_ += as_text(record);
    without_start_ += '\n';
    ++recovery_.num_without_start;
  }
  return {};
}

// With the folder locked, before the first event. A second call does nothing.
Status LocalRecorder::load_checkpoint() {
  if (has_loaded_) return {};
  const auto path = folder_ / "journal" / "checkpoint.json";
  auto found = derivation::read_checkpoint(*file_system_, path);
  Status loaded;
  if (found && *found) {
    loaded_ = std::move(**found);
    loaded = table_.load_state(loaded_->state);
    last_applied_ = loaded_->last_sequence;
    rotated_month_ = record_files::month_of_text(loaded_->rotated_month);
  } else if (!found) {
    loaded = std::move(found.error());
  }
  if (!loaded) {
    if (loaded.error().code != ErrorCode::kCorrupt) return loaded;
    // The open generations are in pending_generations.json too, and the events behind it follow.
    ASSIGN_OR_RETURN(
        const std::string content,
        files::read_file(*file_system_, path, ByteCount(std::numeric_limits<std::int64_t>::max())));
    ++recovery_.num_quarantined;
    RETURN_IF_ERROR(quarantine("checkpoint.json", content));
    log_warning("the checkpoint of the history is damaged; its files are taken as they are",
                {{"reason", loaded.error().message}});
    loaded_.reset();
    table_ = records::GenerationTable(options_.table);
    last_applied_ = 0;
    rotated_month_.reset();
  }
  if (!loaded_) RETURN_IF_ERROR(adopt());
  has_loaded_ = true;
  return {};
}

// Who opens the folder for a moment, and says nothing of PLY bytes, must not remove those that
// their miner keeps.
void LocalRecorder::choose_ply_rules() {
  const auto before = loaded_ ? loaded_->ply_rules : std::nullopt;
  const bool keeps_score = options_.ply_min_score_source == OptionSource::kAsBefore;
  const bool keeps_timeout = options_.feedback_timeout_source == OptionSource::kAsBefore;
  // Python may give an infinite score, for which JSON has no form; the largest number says the
  // same.
  constexpr double kLargest = std::numeric_limits<double>::max();
  ply_rules_ = {.min_score = std::clamp(options_.ply_min_score, -kLargest, kLargest),
                .feedback_timeout = options_.feedback_timeout};
  if (before && keeps_score) ply_rules_.min_score = before->min_score;
  if (before && keeps_timeout) ply_rules_.feedback_timeout = before->feedback_timeout;
  const bool is_told = before || !keeps_score || !keeps_timeout;
  if (is_told && !std::isnan(ply_rules_.min_score)) told_ply_rules_ = ply_rules_;
  if (told_ply_rules_ != before) must_checkpoint_ = true;
}

Status LocalRecorder::adopt() {
  must_checkpoint_ = true;
  RETURN_IF_ERROR(adopt_history_tail());
  return adopt_pending();
}

Status LocalRecorder::adopt_history_tail() {
  auto opened = file_system_->open(folder_ / derivation::kHistoryName, files::OpenMode::kRead);
  if (!opened) {
    if (opened.error().code == ErrorCode::kNotFound) return {};
    return std::move(opened.error());
  }
  const auto& file = **opened;
  ASSIGN_OR_RETURN(const ByteCount size, file.size());
  const std::uint64_t start = size.count() - std::min(size.count(), kAdoptedTail);
  return record_files::for_each_line(file, start, [&](std::string_view line, bool /*is_ended*/) {
    if (table_.adopt_finished(line)) ++recovery_.num_adopted_finished;
  });
}

Status LocalRecorder::adopt_pending() {
  const auto path = folder_ / derivation::kPendingName;
  auto content = files::read_file(*file_system_, path, kMaxPendingSize);
  if (!content) {
    if (content.error().code == ErrorCode::kNotFound) return {};
    return std::move(content.error());
  }
  const derivation::PendingFile pending = derivation::read_pending(*content);
  for (const std::string& record : pending.records) {
    const std::size_t num_open = table_.num_open();
    if (!table_.adopt_open(record)) continue;
    if (table_.num_open() > num_open) ++recovery_.num_adopted_open;
  }
  if (pending.is_whole) return {};
  ++recovery_.num_quarantined;
  return quarantine(derivation::kPendingName, *content);
}

// A copy, under a name that is not taken.
Status LocalRecorder::quarantine(std::string_view name, std::string_view content) {
  const auto folder = folder_ / "quarantine";
  for (int number = 0;; ++number) {
    const auto path = folder / fmt::format("{}.{}", name, number);
    ASSIGN_OR_RETURN(const auto present, file_system_->info(path));
    if (present && present->size == ByteCount(content.size())) {
      // A crash came between the copy and what follows it.
      ASSIGN_OR_RETURN(const std::string copy,
                       files::read_file(*file_system_, path, present->size));
      if (copy == content) return {};
    }
    if (present) continue;
    return files::write_file(*file_system_, path, content);
  }
}

Status LocalRecorder::open_derived() {
  std::map<std::string, derivation::DerivedAnchor> anchors;
  if (loaded_) {
    anchors = loaded_->files;
  } else {
    // Nothing is known of the files: they are taken as they are.
    const derivation::DerivedAnchor unknown{.num_bytes = std::numeric_limits<std::uint64_t>::max(),
                                            .num_lines = 0,
                                            .tail_bytes = 0,
                                            .tail_sha256_hex = {}};
    for (const std::string_view name :
         {derivation::kHistoryName, derivation::kFeedbackName, derivation::kConfigName}) {
      anchors[std::string(name)] = unknown;
    }
  }
  ASSIGN_OR_RETURN(auto derivation,
                   derivation::Derivation::open(*file_system_, folder_, anchors, lines_));
  derivation_ = std::make_unique<derivation::Derivation>(std::move(derivation));
  lines_ = {};
  behind_bytes_ = 0;
  recovery_.num_completed_lines = derivation_->num_completed();
  for (const std::string& line : derivation_->history_recovery().foreign_lines) {
    if (table_.adopt_finished(line)) ++recovery_.num_adopted_finished;
  }
  if (derivation_->was_changed()) must_checkpoint_ = true;
  return {};
}

// A program that knows nothing of this one has moved, replaced or cut a file: lines went where
// nobody finds them. What the journal has behind the checkpoint is looked for as at opening.
Status LocalRecorder::complete_files() {
  std::uint64_t through = 0;
  {
    const std::scoped_lock guard(state_mutex_);
    unwritten_.take_in(std::move(lines_));
    lines_ = {};
    through = last_applied_;
  }
  RETURN_IF_ERROR(journal_->sync());
  ASSIGN_OR_RETURN(
      const auto checkpoint,
      derivation::read_checkpoint(*file_system_, folder_ / "journal" / "checkpoint.json"));
  ASSIGN_OR_RETURN(const auto replay, derivation::replay_journal(*file_system_, folder_, through));
  if (!checkpoint || !replay) {
    return unavailable(fmt::format(
        "another program replaced files in {}, and its journal; open it again", folder_.native()));
  }
  ASSIGN_OR_RETURN(auto derivation, derivation::Derivation::open(*file_system_, folder_,
                                                                 checkpoint->files, replay->lines));
  *derivation_ = std::move(derivation);
  log_warning(
      "another program moved, replaced or cut files of the history: what the journal knows was "
      "looked for, and written again where it was missing",
      {{"folder", folder_.native()}, {"lines", fmt::to_string(derivation_->num_completed())}});
  const std::scoped_lock guard(state_mutex_);
  behind_bytes_ -= unwritten_.num_bytes();
  unwritten_ = {};
  return {};
}

}  // namespace assay::recorder
