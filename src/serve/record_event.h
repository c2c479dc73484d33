/// \file
/// An event of a generation as JSON, given to the recorder.

#pragma once

#include "core/bytes.h"
#include "core/result.h"
#include "recorder/recorder.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace assay::serve {

/// A base64 image makes a long prompt.
inline constexpr ByteCount kMaxEventSize{std::uint64_t{32} << 20};

enum class EventKind : std::uint8_t {
  kStart,
  kPrompt,
  kTiming,
  kOutput,
  kSubmission,
  kFeedback,
  kFailure,
  kFinish,
  kConfigChange,
};

/// `start`, `prompt`, `timing`, `output`, `submission`, `feedback`, `failure`, `finish` or
/// `config_change`; nothing for any other text.
std::optional<EventKind> event_kind(std::string_view name);
std::string_view to_string(EventKind kind);

/// An event whose generation and key come from elsewhere than its text.
struct EventAddress {
  EventKind kind = EventKind::kStart;
  /// Empty for kStart (its text may have one) and kConfigChange.
  std::string_view generation_id;
  std::string_view idempotency_key;
};

/// What an event did, and of which generation it was to be.
struct RecordedEvent {
  recorder::Receipt receipt;
  /// Empty for a start without an id, and for kConfigChange.
  std::string named_generation;

  /// Whether its idempotency key was used for another generation: then nothing was recorded of the
  /// one it names.
  bool has_key_of_other() const {
    return !named_generation.empty() && named_generation != receipt.generation_id;
  }
  /// Pre: has_key_of_other().
  std::string key_complaint() const;
};

/// Record the event whose fields `json`, an object, holds; empty text for no fields. A field that
/// is null counts as absent, one that the kind lacks is refused: a misspelt one would be lost.
/// Errors: kInvalidInput (the message names the field), kExhausted (over kMaxEventSize), and those
///         of the recorder.
Result<RecordedEvent> record_event(recorder::Recorder& recorder, const EventAddress& address,
                                   std::string_view json);

/// As record_event(), for one line of this machine that says all: `event`, and where they apply
/// `generation_id` and `idempotency_key`, beside the fields. An output may name a `ply_file` to be
/// stored; over a network it may not, for it would let others have what only we may read.
/// Errors: as record_event(), and kInvalidInput when its key was used for another generation.
Result<recorder::Receipt> record_event_line(recorder::Recorder& recorder, std::string_view line);

}  // namespace assay::serve
