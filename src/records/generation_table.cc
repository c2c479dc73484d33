#include "records/generation_table.h"

#include "core/check.h"
#include "records/json_members.h"
#include "records/record_text_internal.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>
#include <variant>

namespace assay::records {
namespace {

constexpr std::array<std::string_view, kNumVerdicts> kVerdictNames = {
    "applied",         "replaced",        "late", "repeated", "unknown_generation",
    "already_started", "already_finished"};

bool is_same(const Feedback& a, const FeedbackReceived& b) {
  return a.score == b.score && a.validator_uid == b.validator_uid &&
         a.validator_hotkey == b.validator_hotkey;
}

std::optional<PlyDue> due(const KnownGeneration& known) {
  if (!known.ply.is_waiting() || !known.feedback) return std::nullopt;
  return PlyDue{.generation_id = known.generation_id,
                .pending_path = known.ply.pending_path,
                .hash = known.ply.hash,
                .fate = known.feedback->is_accepted() ? PlyFate::kAccepted : PlyFate::kRejected,
                .score = known.feedback->score};
}

// What the second event of a key is told: that the first one counted, or why it did not.
Verdict verdict_again(Verdict first) {
  switch (first) {
    case Verdict::kUnknownGeneration:
    case Verdict::kAlreadyStarted:
    case Verdict::kAlreadyFinished:
      return first;
    default:
      return Verdict::kRepeated;
  }
}

/// The kind that a key is for: to who records them, the bytes of a PLY file and what else is said
/// of an output are two.
std::string_view kind_of(const EventBody& body) {
  const auto* const output = std::get_if<OutputLogged>(&body);
  return output != nullptr && output->pending_ply_path ? "ply" : event_name(body);
}

// A key has no control characters.
std::string scoped_key(std::string_view kind, std::string_view key) {
  return fmt::format("{}\n{}", kind, key);
}

std::string_view file_name_of(std::string_view path) { return path.substr(path.rfind('/') + 1); }

}  // namespace

std::optional<Verdict> verdict_of(std::string_view name) {
  const auto* const found = std::ranges::find(kVerdictNames, name);
  if (found == kVerdictNames.end()) return std::nullopt;
  return static_cast<Verdict>(found - kVerdictNames.begin());
}

std::string_view to_string(Verdict verdict) {
  return kVerdictNames[static_cast<std::size_t>(verdict)];
}

Applied GenerationTable::apply(const Event& event) {
  if (const FirstOfKey* const first = first_of_key(event)) {
    Applied repeated;
    repeated.verdict = verdict_again(first->verdict);
    repeated.generation_id = first->generation_id;
    return repeated;
  }
  if (!event.known.empty() && !knows(event.generation_id)) {
    auto known = known_generation_from(event.known);
    if (known && known->generation_id == event.generation_id) remember(std::move(*known));
  }
  const auto version = num_finished_;
  Applied applied = apply_body(event);
  applied.generation_id = event.generation_id;
  if (applied.verdict == Verdict::kApplied || version != num_finished_) ++open_version_;
  if (!event.idempotency_key.empty()) {
    remember_key(scoped_key(kind_of(event.body), event.idempotency_key),
                 {.generation_id = event.generation_id, .verdict = applied.verdict});
  }
  return applied;
}

Applied GenerationTable::apply_body(const Event& event) {
  if (const auto* body = std::get_if<ConfigChanged>(&event.body)) {
    Applied applied;
    applied.config_line = config_line(event, *body);
    return applied;
  }
  if (const auto* body = std::get_if<Started>(&event.body)) return start(event, *body);
  if (const auto* body = std::get_if<FeedbackReceived>(&event.body)) {
    return receive_feedback(event, *body);
  }
  if (const auto* body = std::get_if<PlySettled>(&event.body)) return settle_ply(event, *body);
  const auto found = open_.find(event.generation_id);
  if (found == open_.end()) {
    Applied applied;
    applied.verdict = finished_.contains(event.generation_id) ? Verdict::kAlreadyFinished
                                                              : Verdict::kUnknownGeneration;
    return applied;
  }
  if (std::holds_alternative<Finished>(event.body)) return finish(event);
  return update(event, found->second);
}

Applied GenerationTable::start(const Event& event, const Started& body) {
  Applied applied;
  if (knows(event.generation_id)) {
    applied.verdict = Verdict::kAlreadyStarted;
    return applied;
  }
  Open open;
  open.known.generation_id = event.generation_id;
  open.known.started = event.time;
  open.record = first_record(event, body, open.known);
  open_.emplace(event.generation_id, std::move(open));
  return applied;
}

Applied GenerationTable::update(const Event& event, Open& open) {
  Applied applied;
  if (const auto* body = std::get_if<EnhancedPrompt>(&event.body)) {
    JsonMembers members;
    if (body->enhanced_prompt) members.set_optional_text("enhanced_prompt", body->enhanced_prompt);
    if (body->negative_prompt) members.set_optional_text("negative_prompt", body->negative_prompt);
    open.record = with_members(open.record, kGenerationPath, members);
  } else if (const auto* timing = std::get_if<TimingLogged>(&event.body)) {
    open.record = with_members(open.record, kTimingPath, timing->timing);
  } else if (const auto* output = std::get_if<OutputLogged>(&event.body)) {
    open.record = with_members(open.record, kOutputPath, output->output);
    const auto members = JsonMembers::parse(output->output).value_or(JsonMembers());
    if (const std::string* hash = members.find("ply_file_hash"); hash != nullptr) {
      open.known.ply.hash = decode_json_text(*hash).value_or("");
    }
    if (output->pending_ply_path) {
      const PlyState& before = open.known.ply;
      if (before.is_waiting() && before.pending_path != *output->pending_ply_path) {
        applied.superseded = {.generation_id = event.generation_id,
                              .pending_path = before.pending_path};
      }
      open.known.ply = {.pending_path = *output->pending_ply_path,
                        .hash = open.known.ply.hash,
                        .outcome = {},
                        .settled_path = {}};
      applied.ply_due = due(open.known);
    }
  } else if (const auto* submitted = std::get_if<Submitted>(&event.body)) {
    open.record = with_members(open.record, kSubmissionPath, submitted->submission);
    const auto members = JsonMembers::parse(submitted->submission).value_or(JsonMembers());
    const std::string* was_submitted = members.find("submitted");
    if (was_submitted != nullptr && *was_submitted == "true") open.known.submitted = event.time;
  } else if (const auto* failed = std::get_if<Failed>(&event.body)) {
    JsonMembers members;
    members.set("failed", "true");
    members.set_text("error_type", failed->error_type);
    members.set_text("error_message", failed->error_message);
    members.set_optional_text("stack_trace", failed->stack_trace);
    open.record = with_members(open.record, kFailurePath, members);
  }
  return applied;
}

Applied GenerationTable::receive_feedback(const Event& event, const FeedbackReceived& body) {
  const Feedback feedback{.time = event.time,
                          .score = body.score,
                          .validator_uid = body.validator_uid,
                          .validator_hotkey = body.validator_hotkey};
  Applied applied;
  const auto open = open_.find(event.generation_id);
  KnownGeneration* known = find_known(event.generation_id);
  if (known == nullptr) {
    KnownGeneration unknown;
    unknown.generation_id = event.generation_id;
    unknown.feedback = feedback;
    applied.verdict = Verdict::kUnknownGeneration;
    applied.feedback_line = feedback_line(unknown);
    return applied;
  }
  if (known->feedback && is_same(*known->feedback, body)) {
    applied.verdict = Verdict::kRepeated;
    return applied;
  }
  const bool is_first = !known->feedback;
  known->feedback = feedback;
  // What expired is gone: the acceptance that comes too late says so.
  applied.ply_due = due(*known);
  if (open != open_.end()) {
    open->second.record = with_feedback(open->second.record, *known);
    applied.verdict = is_first ? Verdict::kApplied : Verdict::kReplaced;
    ++open_version_;
  } else {
    applied.verdict = is_first ? Verdict::kLate : Verdict::kReplaced;
    applied.feedback_line = feedback_line(*known);
  }
  return applied;
}

Applied GenerationTable::settle_ply(const Event& event, const PlySettled& body) {
  Applied applied;
  const auto open = open_.find(event.generation_id);
  KnownGeneration* known = find_known(event.generation_id);
  if (known == nullptr) {
    applied.verdict = Verdict::kUnknownGeneration;
    return applied;
  }
  if (!known->ply.is_waiting()) {
    applied.verdict = Verdict::kRepeated;
    return applied;
  }
  // Those that waited before these were moved while these came.
  if (body.path && file_name_of(*body.path) != file_name_of(known->ply.pending_path)) {
    applied.verdict = Verdict::kRepeated;
    return applied;
  }
  known->ply.outcome = body.outcome;
  known->ply.settled_path = body.path.value_or("");
  if (open == open_.end()) {
    applied.verdict = Verdict::kLate;
    // A line without feedback would read as feedback.
    if (known->feedback) applied.feedback_line = feedback_line(*known);
    if (waiting_beyond_.erase(event.generation_id) > 0) finished_.erase(event.generation_id);
    return applied;
  }
  JsonMembers members;
  if (body.path && body.outcome == "accepted") {
    members.set_text("ply_file_path", *body.path);
  } else if (body.path) {
    members.set_text("rejected_sample_path", *body.path);
    if (!known->ply.hash.empty()) members.set_text("rejected_sample_hash", known->ply.hash);
  }
  if (body.outcome == "expired" || body.outcome == kLostPly) members.set_text("ply", body.outcome);
  open->second.record = with_members(open->second.record, kOutputPath, members);
  return applied;
}

Applied GenerationTable::finish(const Event& event) {
  auto node = open_.extract(event.generation_id);
  Applied applied;
  applied.history_line = std::move(node.mapped().record);
  remember(std::move(node.mapped().known));
  ++num_finished_;
  return applied;
}

KnownGeneration* GenerationTable::find_known(const std::string& generation_id) {
  if (const auto open = open_.find(generation_id); open != open_.end()) return &open->second.known;
  const auto finished = finished_.find(generation_id);
  return finished == finished_.end() ? nullptr : &finished->second;
}

bool GenerationTable::knows(const std::string& generation_id) const {
  return open_.contains(generation_id) || finished_.contains(generation_id);
}

void GenerationTable::remember(KnownGeneration known) {
  std::string generation_id = known.generation_id;
  if (!finished_.emplace(generation_id, std::move(known)).second) return;
  finished_order_.push_back(std::move(generation_id));
  while (finished_order_.size() > options_.max_remembered) {
    std::string oldest = std::move(finished_order_.front());
    finished_order_.pop_front();
    if (finished_.at(oldest).ply.is_waiting()) {
      waiting_beyond_.insert(std::move(oldest));
    } else {
      finished_.erase(oldest);
    }
  }
}

const GenerationTable::FirstOfKey* GenerationTable::first_of_key(const Event& event) const {
  if (event.idempotency_key.empty()) return nullptr;
  // Earlier versions did not note the kind.
  for (const std::string_view kind : {kind_of(event.body), std::string_view()}) {
    const auto found = keys_.find(scoped_key(kind, event.idempotency_key));
    if (found != keys_.end()) return &found->second;
  }
  return nullptr;
}

void GenerationTable::remember_key(std::string scoped_key, FirstOfKey first) {
  if (!keys_.emplace(scoped_key, std::move(first)).second) return;
  key_order_.push_back(std::move(scoped_key));
  while (key_order_.size() > options_.max_keys) {
    keys_.erase(key_order_.front());
    key_order_.pop_front();
  }
}

Status GenerationTable::adopt_open(std::string_view record) {
  auto known = known_generation_of_record(record);
  if (!known) return corrupt("a record that is no object, or without a usable generation_id");
  if (knows(known->generation_id)) return {};
  std::string generation_id = known->generation_id;
  open_.emplace(std::move(generation_id),
                Open{.record = std::string(record), .known = std::move(*known)});
  ++open_version_;
  return {};
}

Status GenerationTable::adopt_finished(std::string_view record) {
  auto known = known_generation_of_record(record);
  if (!known) return corrupt("a record that is no object, or without a usable generation_id");
  if (open_.erase(known->generation_id) > 0) ++open_version_;
  remember(std::move(*known));
  return {};
}

std::vector<KnownGeneration> GenerationTable::without_ply_path() const {
  std::vector<KnownGeneration> found;
  const auto look = [&](const KnownGeneration& known) {
    const PlyState& ply = known.ply;
    if (ply.pending_path.empty() && ply.outcome.empty() && !ply.hash.empty()) {
      found.push_back(known);
    }
  };
  for (const auto& [generation_id, open] : open_) look(open.known);
  for (const auto& [generation_id, known] : finished_) look(known);
  return found;
}

void GenerationTable::correct(KnownGeneration known) {
  KnownGeneration* const present = find_known(known.generation_id);
  CHECK(present != nullptr, "only what is known is corrected");
  *present = std::move(known);
}

std::string GenerationTable::pending_json() const {
  std::string json = "{";
  for (const auto& [generation_id, open] : open_) {
    json += json.size() > 1 ? ",\n" : "\n";
    json += json_text_of(generation_id);
    json += ": ";
    json += open.record;
  }
  json += json.size() > 1 ? "\n}\n" : "}\n";
  return json;
}

std::vector<PlyDue> GenerationTable::ply_due(std::optional<Timestamp> expired_before) const {
  std::vector<PlyDue> found;
  const auto look = [&](const KnownGeneration& known) {
    if (auto ready = due(known)) {
      found.push_back(std::move(*ready));
    } else if (known.ply.is_waiting() && expired_before && known.started < *expired_before) {
      found.push_back({.generation_id = known.generation_id,
                       .pending_path = known.ply.pending_path,
                       .hash = known.ply.hash,
                       .fate = PlyFate::kExpired,
                       .score = 0.0});
    }
  };
  for (const auto& [generation_id, open] : open_) look(open.known);
  for (const std::string& generation_id : waiting_beyond_) look(finished_.at(generation_id));
  for (const std::string& generation_id : finished_order_) look(finished_.at(generation_id));
  return found;
}

}  // namespace assay::records
