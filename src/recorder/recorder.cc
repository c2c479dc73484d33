#include "recorder/recorder.h"

#include "core/check.h"
#include "core/log.h"
#include "json/python_text.h"
#include "recorder/hand_over_internal.h"
#include "recorder/local_recorder_internal.h"
#include "records/intake.h"
#include "records/json_members.h"
#include "records/python_time.h"

#include <fmt/format.h>

#include <cmath>
#include <utility>

namespace assay::recorder {
namespace {

constexpr int kScoreDecimals = 4;

std::string uuid4(RandomSource& random) {
  const std::uint64_t high = (random.next() & ~0xF000ULL) | 0x4000ULL;
  const std::uint64_t low = (random.next() & ~(0x3ULL << 62)) | (0x2ULL << 62);
  return fmt::format("{:08x}-{:04x}-{:04x}-{:04x}-{:012x}", high >> 32, (high >> 16) & 0xFFFF,
                     high & 0xFFFF, low >> 48, low & 0xFFFF'FFFF'FFFFULL);
}

}  // namespace

std::string RecorderRecovery::to_text() const {
  std::string text;
  const auto add = [&](std::uint64_t count, std::string_view one, std::string_view many,
                       std::string_view what) {
    if (count == 0) return;
    if (!text.empty()) text += ", ";
    text += fmt::format("{} {} {}", count, count == 1 ? one : many, what);
  };
  add(num_replayed, "event", "events", "replayed");
  add(torn_journal_tail.count(), "byte", "bytes", "of an unacknowledged event cut");
  add(num_completed_lines, "line", "lines", "completed");
  add(num_adopted_open, "open generation", "open generations", "adopted");
  add(num_adopted_finished, "record", "records", "of another program taken in");
  add(num_quarantined, "damaged part", "damaged parts", "copied to quarantine/");
  add(num_damaged_segments, "damaged journal file", "damaged journal files",
      "salvaged and kept in journal/quarantine/");
  add(num_without_start, "event of a generation without its start",
      "events of generations without their start", "copied to quarantine/");
  if (misses_end) {
    if (!text.empty()) text += ", ";
    text += "LOST: the end of the journal, with all events in it";
  }
  if (!lost.empty()) {
    if (!text.empty()) text += ", ";
    text += "LOST: events " + files::to_text(lost);
  }
  return text;
}

Result<std::unique_ptr<Recorder>> Recorder::open(files::FileSystem& file_system, Clock& clock,
                                                 RandomSource& random,
                                                 const std::filesystem::path& folder,
                                                 const RecorderOptions& options) {
  constexpr std::chrono::seconds kPatience{5};
  constexpr std::chrono::milliseconds kPause{20};
  const auto begin = clock.monotonic();
  while (true) {
    auto recorder = std::make_unique<LocalRecorder>(file_system, clock, random, folder, options);
    const Status started = recorder->start_up();
    if (started) return recorder;
    const bool may_be_in_use = started.error().code == ErrorCode::kUnavailable;
    if (may_be_in_use && options.hand_over == HandOver::kToFirst) {
      auto other =
          std::make_unique<HandedOverRecorder>(file_system, clock, random, folder, options);
      if (other->connect()) return other;
      // The first may be at its replay, or on its way out.
      if (clock.monotonic() - begin < kPatience) {
        std::this_thread::sleep_for(kPause);
        continue;
      }
    }
    return with_context(Result<std::unique_ptr<Recorder>>(started.error()),
                        "open the history in " + folder.native());
  }
}

std::string LocalRecorder::new_generation_id() {
  const std::scoped_lock guard(random_mutex_);
  return uuid4(*random_);
}

Result<Receipt> LocalRecorder::record(std::string_view generation_id, std::string_view key,
                                      records::EventBody body) {
  ASSIGN_OR_RETURN(const records::GenerationId id, records::GenerationId::parse(generation_id));
  return append({.sequence = 0,
                 .time = clock_->now(),
                 .generation_id = id.text(),
                 .idempotency_key = std::string(key),
                 .body = std::move(body)});
}

Result<Receipt> LocalRecorder::append(const records::Event& event) {
  RETURN_IF_ERROR(check_usable());
  if (is_folder_gone_) {
    return unavailable(
        fmt::format("the data folder {} was removed or replaced; open it again", folder_.native()));
  }
  if (!event.idempotency_key.empty() && !records::GenerationId::parse(event.idempotency_key)) {
    return invalid_input(
        "the idempotency key: expected up to 200 bytes without control characters");
  }
  {
    const std::scoped_lock guard(state_mutex_);
    if (behind_bytes_ > options_.max_behind.count()) {
      return exhausted(
          fmt::format("{} of lines wait for the files in {}, which cannot be written: {}",
                      to_string(ByteCount(behind_bytes_)), folder_.native(), trouble_));
    }
  }
  const std::string json = records::encode_event(event);
  const auto appended = journal_->append(as_bytes(json));
  note_refusal(appended ? Status() : Status(appended.error()));
  if (!appended) return appended.error();
  const std::uint64_t sequence = *appended;
  Outcome outcome;
  {
    const std::scoped_lock guard(state_mutex_);
    auto node = outcomes_.extract(sequence);
    CHECK(!node.empty(), "the journal hands over each record before its append() returns");
    outcome = std::move(node.mapped());
  }
  if (outcome.ply_due) settle(*outcome.ply_due);
  return Receipt{.generation_id = std::move(outcome.generation_id),
                 .sequence = sequence,
                 .verdict = outcome.verdict};
}

Result<Receipt> LocalRecorder::start(const NewGeneration& generation, std::string_view key) {
  ASSIGN_OR_RETURN(records::JsonObjectText miner_config,
                   records::checked_object("miner_config", generation.miner_config));
  ASSIGN_OR_RETURN(Prompt prompt, take_prompt(generation.prompt));
  const Miner miner = generation.miner.value_or(Miner{
      .uid = options_.miner_uid, .version = options_.miner_version, .network = options_.network});
  records::Started body{.task_type = generation.task_type,
                        .prompt = std::move(prompt.text),
                        .prompt_length_code_points = prompt.num_code_points,
                        .image_hash = std::move(prompt.image_hash),
                        .image_file_path = std::move(prompt.image_file_path),
                        .miner_uid = miner.uid,
                        .miner_version = miner.version,
                        .validator_uid = generation.validator_uid,
                        .validator_hotkey = generation.validator_hotkey,
                        .network = miner.network,
                        .miner_config = std::move(miner_config),
                        .stores_images = options_.stores_images,
                        .stores_ply_files = options_.stores_ply_files};
  return record(generation.generation_id.empty() ? new_generation_id() : generation.generation_id,
                key, std::move(body));
}

Result<Receipt> LocalRecorder::log_prompt(std::string_view generation_id,
                                          const records::EnhancedPrompt& prompt,
                                          std::string_view key) {
  return record(generation_id, key, prompt);
}

Result<Receipt> LocalRecorder::log_timing(std::string_view generation_id, std::string_view timing,
                                          std::string_view key) {
  ASSIGN_OR_RETURN(records::JsonObjectText text, records::checked_timing(timing));
  return record(generation_id, key, records::TimingLogged{.timing = std::move(text)});
}

Result<Receipt> LocalRecorder::log_output(std::string_view generation_id, const NewOutput& output,
                                          std::string_view key) {
  ASSIGN_OR_RETURN(const records::GenerationId id, records::GenerationId::parse(generation_id));
  Result<Receipt> receipt = Receipt();
  {
    const std::shared_lock storing(ply_mutex_);
    ASSIGN_OR_RETURN(records::OutputLogged body, take_output(id, output));
    receipt = record(id.text(), key, std::move(body));
  }
  discard_superseded();
  return receipt;
}

Result<Receipt> LocalRecorder::log_submission(std::string_view generation_id,
                                              const std::optional<std::string>& rejection_reason,
                                              std::string_view key) {
  ASSIGN_OR_RETURN(const records::GenerationId id, records::GenerationId::parse(generation_id));
  const Timestamp now = clock_->now();
  records::JsonMembers members;
  members.set_boolean("submitted", !rejection_reason);
  members.set_optional_text("submission_time", rejection_reason
                                                   ? std::nullopt
                                                   : std::optional(records::python_isoformat(now)));
  members.set_boolean("pre_submission_rejection", rejection_reason.has_value());
  members.set_optional_text("rejection_reason", rejection_reason);
  return append({.sequence = 0,
                 .time = now,
                 .generation_id = id.text(),
                 .idempotency_key = std::string(key),
                 .body = records::Submitted{.submission = members.to_text()}});
}

Result<Receipt> LocalRecorder::log_feedback(std::string_view generation_id,
                                            const records::FeedbackReceived& feedback,
                                            std::string_view key) {
  if (!std::isfinite(feedback.score)) {
    return invalid_input("score: expected a finite number");
  }
  ASSIGN_OR_RETURN(const records::GenerationId id, records::GenerationId::parse(generation_id));
  records::FeedbackReceived body = feedback;
  // As at the start: nobody said it.
  if (body.validator_hotkey && body.validator_hotkey->empty()) body.validator_hotkey.reset();
  return append({.sequence = 0,
                 .time = clock_->now(),
                 .generation_id = id.text(),
                 .idempotency_key = std::string(key),
                 .body = std::move(body),
                 .known = find_forgotten(id.text(), feedback)});
}

records::JsonObjectText LocalRecorder::find_forgotten(const std::string& generation_id,
                                                      const records::FeedbackReceived& feedback) {
  {
    const std::scoped_lock guard(state_mutex_);
    if (table_.knows(generation_id)) return {};
  }
  if (!check_usable()) return {};
  auto known = lookup_.find(generation_id);
  if (!known) {
    log_warning("feedback of a generation that could not be looked up: kept as of an unknown one",
                {{"generation_id", generation_id}, {"reason", known.error().message}});
    return {};
  }
  if (!*known) return {};
  // The files hold the rounded score: the same feedback again must be seen as the same.
  auto& before = (*known)->feedback;
  if (before && json::python_round(feedback.score, kScoreDecimals) == before->score) {
    before->score = feedback.score;
  }
  find_waiting_ply(**known);
  return records::to_json(**known);
}

Result<Receipt> LocalRecorder::log_failure(std::string_view generation_id,
                                           const records::Failed& failure, std::string_view key) {
  return record(generation_id, key, failure);
}

Result<Receipt> LocalRecorder::finish(std::string_view generation_id, std::string_view key) {
  return record(generation_id, key, records::Finished{});
}

Result<Receipt> LocalRecorder::log_config_change(std::string_view changes, std::string_view reason,
                                                 std::string_view key) {
  ASSIGN_OR_RETURN(records::JsonObjectText text, records::checked_object("changes", changes));
  return append(
      {.sequence = 0,
       .time = clock_->now(),
       .generation_id = {},
       .idempotency_key = std::string(key),
       .body = records::ConfigChanged{.changes = std::move(text), .reason = std::string(reason)}});
}

}  // namespace assay::recorder
