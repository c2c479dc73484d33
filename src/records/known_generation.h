/// \file
/// What is remembered of a generation beside its record, so that feedback that comes late is
/// recognised and its PLY bytes find their place.

#pragma once

#include "core/timestamp.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace assay::records {

/// The PLY bytes of a generation and what became of them.
struct PlyState {
  std::string pending_path;  ///< Relative to the data folder; empty when no bytes are stored.
  std::string hash;          ///< `sha256:` and hex; empty when it was never given.
  std::string outcome;       ///< Of PlySettled; empty while the bytes wait.
  std::string settled_path;  ///< Empty when they were removed.

  bool is_waiting() const { return !pending_path.empty() && outcome.empty(); }
  bool operator==(const PlyState&) const = default;
};

struct Feedback {
  Timestamp time;
  double score = 0.0;  ///< As it came.
  std::optional<std::int64_t> validator_uid;
  std::optional<std::string> validator_hotkey;

  bool is_accepted() const { return score > 0.0; }
};

struct KnownGeneration {
  std::string generation_id;
  Timestamp started;
  std::optional<Timestamp> submitted;
  std::optional<Feedback> feedback;
  PlyState ply;
};

/// One JSON object; known_generation_from() reads it back.
std::string to_json(const KnownGeneration& known);
/// Nothing when it is no such object.
std::optional<KnownGeneration> known_generation_from(std::string_view json);

/// What a record of any program says. Nothing when it is no object or has no usable id.
std::optional<KnownGeneration> known_generation_of_record(std::string_view record);

/// The members of `validator_feedback` as JSON text of an object, and the line of
/// generation_feedback.jsonl, without LF.
std::string feedback_section(const KnownGeneration& known);
std::string feedback_line(const KnownGeneration& known);
/// Take over what such a line says; one that is none says nothing.
void merge_feedback_line(std::string_view line, KnownGeneration& known);

}  // namespace assay::records
