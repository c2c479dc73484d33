#include "records/known_generation.h"

#include "json/python_repr.h"
#include "json/python_text.h"
#include "records/event.h"
#include "records/json_members.h"
#include "records/python_time.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>

namespace assay::records {
namespace {

constexpr int kScoreDecimals = 4;
constexpr int kDelayDecimals = 2;

template <std::size_t N>
std::optional<std::string> text_at(const JsonMembers& root,
                                   const std::array<std::string_view, N>& path) {
  const auto value = json_at(root, path);
  return value ? decode_json_text(*value) : std::nullopt;
}

template <std::size_t N>
std::optional<Timestamp> time_at(const JsonMembers& root,
                                 const std::array<std::string_view, N>& path) {
  const auto text = text_at(root, path);
  if (!text) return std::nullopt;
  const auto parsed = parse_timestamp(*text);
  return parsed ? std::optional(*parsed) : std::nullopt;
}

std::string text_or_empty(const JsonMembers& members, std::string_view name) {
  const std::string* value = members.find(name);
  return value == nullptr ? "" : decode_json_text(*value).value_or("");
}

// Seconds since the submission; where there was none, since the start. A clock that went backwards
// in between gives 0, never a negative delay.
std::string delay_text(const KnownGeneration& known, const Feedback& feedback) {
  const Timestamp from = known.submitted.value_or(known.started);
  const auto delay = std::max(feedback.time - from, std::chrono::microseconds(0));
  return json::python_repr(
      json::python_round(std::chrono::duration<double>(delay).count(), kDelayDecimals));
}

std::string score_text(const Feedback& feedback) {
  return json::python_repr(json::python_round(feedback.score, kScoreDecimals));
}

}  // namespace

std::string to_json(const KnownGeneration& known) {
  JsonMembers members;
  members.set_text("generation_id", known.generation_id);
  members.set_text("started", python_isoformat(known.started));
  if (known.submitted) members.set_text("submitted", python_isoformat(*known.submitted));
  if (known.feedback) {
    JsonMembers feedback;
    feedback.set_text("time", python_isoformat(known.feedback->time));
    feedback.set("score", json::python_repr(known.feedback->score));
    feedback.set_optional_integer("validator_uid", known.feedback->validator_uid);
    feedback.set_optional_text("validator_hotkey", known.feedback->validator_hotkey);
    members.set("feedback", feedback.to_text());
  }
  if (known.ply != PlyState()) {
    JsonMembers ply;
    ply.set_text("pending_path", known.ply.pending_path);
    ply.set_text("hash", known.ply.hash);
    ply.set_text("outcome", known.ply.outcome);
    ply.set_text("settled_path", known.ply.settled_path);
    members.set("ply", ply.to_text());
  }
  return members.to_text();
}

std::optional<KnownGeneration> known_generation_from(std::string_view json) {
  const auto members = JsonMembers::parse(json);
  if (!members) return std::nullopt;
  KnownGeneration known;
  known.generation_id = text_or_empty(*members, "generation_id");
  const auto started = time_at(*members, std::array<std::string_view, 1>{"started"});
  if (known.generation_id.empty() || !started) return std::nullopt;
  known.started = *started;
  known.submitted = time_at(*members, std::array<std::string_view, 1>{"submitted"});
  if (const std::string* value = members->find("feedback"); value != nullptr) {
    const auto inner = JsonMembers::parse(*value);
    if (!inner) return std::nullopt;
    const auto time = time_at(*inner, std::array<std::string_view, 1>{"time"});
    const std::string* score = inner->find("score");
    const auto number = score == nullptr ? std::nullopt : decode_json_number(*score);
    if (!time || !number) return std::nullopt;
    known.feedback =
        Feedback{.time = *time, .score = *number, .validator_uid = {}, .validator_hotkey = {}};
    if (const std::string* uid = inner->find("validator_uid"); uid != nullptr) {
      known.feedback->validator_uid = decode_json_integer(*uid);
    }
    if (const std::string* hotkey = inner->find("validator_hotkey"); hotkey != nullptr) {
      known.feedback->validator_hotkey = decode_json_text(*hotkey);
    }
  }
  if (const std::string* value = members->find("ply"); value != nullptr) {
    const auto inner = JsonMembers::parse(*value);
    if (!inner) return std::nullopt;
    known.ply = {.pending_path = text_or_empty(*inner, "pending_path"),
                 .hash = text_or_empty(*inner, "hash"),
                 .outcome = text_or_empty(*inner, "outcome"),
                 .settled_path = text_or_empty(*inner, "settled_path")};
  }
  return known;
}

std::optional<KnownGeneration> known_generation_of_record(std::string_view record) {
  using Names = std::array<std::string_view, 2>;
  const auto root = JsonMembers::parse(record);
  if (!root) return std::nullopt;
  const auto id = text_at(*root, Names{"metadata", "generation_id"});
  if (!id || !GenerationId::parse(*id)) return std::nullopt;
  KnownGeneration known;
  known.generation_id = *id;
  known.started = time_at(*root, Names{"metadata", "timestamp"}).value_or(Timestamp());
  known.submitted = time_at(
      *root, std::array<std::string_view, 3>{"generation", "submission", "submission_time"});
  known.ply.hash =
      text_at(*root, std::array<std::string_view, 3>{"generation", "output", "ply_file_hash"})
          .value_or("");
  const auto time = time_at(*root, Names{"validator_feedback", "feedback_time"});
  const auto score = json_at(*root, Names{"validator_feedback", "score"});
  const auto number = score ? decode_json_number(*score) : std::nullopt;
  if (time && number) {
    known.feedback =
        Feedback{.time = *time, .score = *number, .validator_uid = {}, .validator_hotkey = {}};
  }
  return known;
}

std::string feedback_section(const KnownGeneration& known) {
  JsonMembers members;
  members.set_boolean("received", known.feedback.has_value());
  if (known.feedback) {
    members.set_text("feedback_time", python_isoformat(known.feedback->time));
    members.set("score", score_text(*known.feedback));
    members.set_boolean("accepted", known.feedback->is_accepted());
    members.set("feedback_delay_seconds", delay_text(known, *known.feedback));
  } else {
    for (const std::string_view name :
         {"feedback_time", "score", "accepted", "feedback_delay_seconds"}) {
      members.set(name, "null");
    }
  }
  return members.to_text();
}

std::string feedback_line(const KnownGeneration& known) {
  JsonMembers members;
  members.set_text("generation_id", known.generation_id);
  if (known.feedback) {
    members.set_text("feedback_time", python_isoformat(known.feedback->time));
    members.set("score", score_text(*known.feedback));
    members.set_boolean("accepted", known.feedback->is_accepted());
    // Of a generation that is not known there is nothing to count from.
    const bool has_start = known.started != Timestamp();
    members.set("feedback_delay_seconds", has_start ? delay_text(known, *known.feedback) : "null");
    members.set_optional_integer("validator_uid", known.feedback->validator_uid);
    members.set_optional_text("validator_hotkey", known.feedback->validator_hotkey);
  }
  if (!known.ply.outcome.empty()) {
    members.set_text("ply", known.ply.outcome);
    const bool is_accepted = known.ply.outcome == "accepted";
    if (!known.ply.settled_path.empty()) {
      members.set_text(is_accepted ? "ply_file_path" : "rejected_sample_path",
                       known.ply.settled_path);
      if (!known.ply.hash.empty()) {
        members.set_text(is_accepted ? "ply_file_hash" : "rejected_sample_hash", known.ply.hash);
      }
    }
  }
  return members.to_text();
}

void merge_feedback_line(std::string_view line, KnownGeneration& known) {
  const auto members = JsonMembers::parse(line);
  if (!members) return;
  const auto time = time_at(*members, std::array<std::string_view, 1>{"feedback_time"});
  const std::string* score = members->find("score");
  const auto number = score == nullptr ? std::nullopt : decode_json_number(*score);
  if (time && number) {
    const std::string* uid = members->find("validator_uid");
    const std::string* hotkey = members->find("validator_hotkey");
    known.feedback =
        Feedback{.time = *time,
                 .score = *number,
                 .validator_uid = uid == nullptr ? std::nullopt : decode_json_integer(*uid),
                 .validator_hotkey = hotkey == nullptr ? std::nullopt : decode_json_text(*hotkey)};
  }
  const std::string outcome = text_or_empty(*members, "ply");
  if (outcome.empty()) return;
  const bool is_accepted = outcome == "accepted";
  known.ply.outcome = outcome;
  known.ply.settled_path =
      text_or_empty(*members, is_accepted ? "ply_file_path" : "rejected_sample_path");
}

}  // namespace assay::records
