/// \file
/// What happens to a generation, as the journal keeps it. Format: docs/formats/history.md.

#pragma once

#include "core/bytes.h"
#include "core/result.h"
#include "core/timestamp.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace assay::records {

/// The id of a generation: a UUID for those the recorder makes, any non-empty text up to 200 bytes
/// without control characters for those it is given.
class GenerationId {
 public:
  /// Errors: kInvalidInput.
  static Result<GenerationId> parse(std::string_view text);
  const std::string& text() const { return text_; }
  auto operator<=>(const GenerationId&) const = default;

 private:
  explicit GenerationId(std::string text) : text_(std::move(text)) {}
  std::string text_;
};

/// JSON text of an object, checked by whoever makes the event; kept in Python's form.
using JsonObjectText = std::string;

struct Started {
  std::string task_type;
  std::string prompt;  ///< What the record will hold: `[BASE64_IMAGE_HASH:...]` for an image.
  std::uint64_t prompt_length_code_points = 0;
  std::optional<std::string> image_hash;       ///< `sha256:` and hex, of an image prompt.
  std::optional<std::string> image_file_path;  ///< Relative to the data folder.
  std::optional<std::int64_t> miner_uid;
  std::string miner_version;
  std::optional<std::int64_t> validator_uid;
  std::string validator_hotkey;
  std::string network;
  JsonObjectText miner_config = "{}";
  bool stores_images = true;
  bool stores_ply_files = true;
};
struct EnhancedPrompt {
  std::optional<std::string> enhanced_prompt;
  std::optional<std::string> negative_prompt;
};
struct TimingLogged {
  JsonObjectText timing;  ///< Members in call order; values already rounded.
};
struct OutputLogged {
  JsonObjectText output;  ///< Members of `output` in order, `ply_file_hash` among them.
  /// Where the bytes wait, relative to the data folder; nothing when none are stored.
  std::optional<std::string> pending_ply_path;
};
struct Submitted {
  JsonObjectText submission;
};
struct FeedbackReceived {
  std::optional<std::int64_t> validator_uid;
  std::optional<std::string> validator_hotkey;
  double score = 0.0;  ///< As it came; rounded where it is written.
};
struct Failed {
  std::string error_type;
  std::string error_message;
  std::optional<std::string> stack_trace;
};
struct Finished {};
/// Outcome of PLY bytes that were to wait for their acceptance, and were gone when it came.
inline constexpr std::string_view kLostPly = "lost";

/// The PLY bytes reached their place, or went: `accepted`, `sampled`, `removed`, `expired`, `lost`.
struct PlySettled {
  std::string outcome;
  std::optional<std::string> path;
};
/// Not of one generation: `generation_id` of the event is empty.
struct ConfigChanged {
  JsonObjectText changes;  ///< {key: {old, new}}
  std::string reason;
};

using EventBody = std::variant<Started, EnhancedPrompt, TimingLogged, OutputLogged, Submitted,
                               FeedbackReceived, Failed, Finished, PlySettled, ConfigChanged>;

/// `started`, `prompt` …: the name in the journal.
std::string_view event_name(const EventBody& body);

struct Event {
  /// Rises by one; 0 until the recorder has given it a number.
  std::uint64_t sequence = 0;
  Timestamp time;
  std::string generation_id;
  /// Of an event that may be sent twice: the second of one key and kind changes nothing. Empty for
  /// none.
  std::string idempotency_key;
  EventBody body;
  /// What the recorder found in its files of a generation that it had forgotten, as to_json() of
  /// KnownGeneration gives it; empty for nothing. In the event, so that a replay does the same.
  JsonObjectText known = {};
};

/// No encoded event is shorter.
inline constexpr ByteCount kMinEventSize{64};

/// One line of JSON without LF.
std::string encode_event(const Event& event);
/// Errors: kCorrupt (no event of ours), kInvalidInput (an event of a later version).
Result<Event> decode_event(std::string_view json);

}  // namespace assay::records
