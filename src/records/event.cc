#include "records/event.h"

#include "json/python_repr.h"
#include "records/json_members.h"
#include "records/python_time.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

// Persisted names and forms: see docs/formats/history.md before changing any.

namespace assay::records {
namespace {

constexpr std::int64_t kEventVersion = 1;
constexpr std::size_t kMaxGenerationIdSize = 200;

// Order: that of EventBody.
constexpr std::array<std::string_view, 10> kEventNames = {
    "started",  "prompt", "timing",   "output",      "submitted",
    "feedback", "failed", "finished", "ply_settled", "config_changed"};
static_assert(kEventNames.size() == std::variant_size_v<EventBody>);

// One overload a kind of event: its own members.
void write(JsonMembers& into, const Started& body) {
  into.set_text("task_type", body.task_type);
  into.set_text("prompt", body.prompt);
  into.set_integer("prompt_length", static_cast<std::int64_t>(body.prompt_length_code_points));
  into.set_optional_text("image_hash", body.image_hash);
  into.set_optional_text("image_file_path", body.image_file_path);
  into.set_optional_integer("miner_uid", body.miner_uid);
  into.set_text("miner_version", body.miner_version);
  into.set_optional_integer("validator_uid", body.validator_uid);
  into.set_text("validator_hotkey", body.validator_hotkey);
  into.set_text("network", body.network);
  into.set("miner_config", body.miner_config);
  into.set_boolean("stores_images", body.stores_images);
  into.set_boolean("stores_ply_files", body.stores_ply_files);
}
void write(JsonMembers& into, const EnhancedPrompt& body) {
  if (body.enhanced_prompt) into.set_optional_text("enhanced_prompt", body.enhanced_prompt);
  if (body.negative_prompt) into.set_optional_text("negative_prompt", body.negative_prompt);
}
void write(JsonMembers& into, const TimingLogged& body) { into.set("timing", body.timing); }
void write(JsonMembers& into, const OutputLogged& body) {
  into.set("output", body.output);
  into.set_optional_text("pending_ply_path", body.pending_ply_path);
}
void write(JsonMembers& into, const Submitted& body) { into.set("submission", body.submission); }
void write(JsonMembers& into, const FeedbackReceived& body) {
  into.set_optional_integer("validator_uid", body.validator_uid);
  into.set_optional_text("validator_hotkey", body.validator_hotkey);
  into.set("score", json::python_repr(body.score));
}
void write(JsonMembers& into, const Failed& body) {
  into.set_text("error_type", body.error_type);
  into.set_text("error_message", body.error_message);
  into.set_optional_text("stack_trace", body.stack_trace);
}
void write(JsonMembers& /*into*/, const Finished& /*body*/) {}
void write(JsonMembers& into, const PlySettled& body) {
  into.set_text("outcome", body.outcome);
  into.set_optional_text("path", body.path);
}
void write(JsonMembers& into, const ConfigChanged& body) {
  into.set("changes", body.changes);
  into.set_text("reason", body.reason);
}

// Reads members; the first that is missing or of another kind fails the whole.
class MemberReader {
 public:
  explicit MemberReader(const JsonMembers& members) : members_(&members) {}

  std::string text(std::string_view name) {
    const std::string* value = members_->find(name);
    auto decoded = value == nullptr ? std::nullopt : decode_json_text(*value);
    if (!decoded) fail(name, "a text");
    return std::move(decoded).value_or("");
  }
  std::optional<std::string> optional_text(std::string_view name) {
    if (is_null(name)) return std::nullopt;
    return text(name);
  }
  std::int64_t integer(std::string_view name) {
    const std::string* value = members_->find(name);
    const auto decoded = value == nullptr ? std::nullopt : decode_json_integer(*value);
    if (!decoded) fail(name, "an integer");
    return decoded.value_or(0);
  }
  std::optional<std::int64_t> optional_integer(std::string_view name) {
    if (is_null(name)) return std::nullopt;
    return integer(name);
  }
  double number(std::string_view name) {
    const std::string* value = members_->find(name);
    const auto decoded = value == nullptr ? std::nullopt : decode_json_number(*value);
    if (!decoded) fail(name, "a number");
    return decoded.value_or(0);
  }
  bool boolean(std::string_view name) {
    const std::string* value = members_->find(name);
    const auto decoded = value == nullptr ? std::nullopt : decode_json_boolean(*value);
    if (!decoded) fail(name, "true or false");
    return decoded.value_or(false);
  }
  JsonObjectText object(std::string_view name) {
    const std::string* value = members_->find(name);
    if (value == nullptr || !value->starts_with('{')) {
      fail(name, "an object");
      return "{}";
    }
    return *value;
  }
  Timestamp time(std::string_view name) {
    const auto parsed = parse_timestamp(text(name));
    if (!parsed) fail(name, "a time");
    return parsed.value_or(Timestamp());
  }
  void fail(std::string_view name, std::string_view expected) {
    if (problem_.empty()) problem_ = fmt::format("'{}' is not {}", name, expected);
  }
  const std::string& problem() const { return problem_; }

 private:
  bool is_null(std::string_view name) const {
    const std::string* value = members_->find(name);
    return value == nullptr || *value == "null";
  }

  const JsonMembers* members_;
  std::string problem_;
};

Started read_started(MemberReader& from) {
  Started body;
  body.task_type = from.text("task_type");
  body.prompt = from.text("prompt");
  body.prompt_length_code_points = static_cast<std::uint64_t>(from.integer("prompt_length"));
  body.image_hash = from.optional_text("image_hash");
  body.image_file_path = from.optional_text("image_file_path");
  body.miner_uid = from.optional_integer("miner_uid");
  body.miner_version = from.text("miner_version");
  body.validator_uid = from.optional_integer("validator_uid");
  body.validator_hotkey = from.text("validator_hotkey");
  body.network = from.text("network");
  body.miner_config = from.object("miner_config");
  body.stores_images = from.boolean("stores_images");
  body.stores_ply_files = from.boolean("stores_ply_files");
  return body;
}

EventBody read_body(std::string_view kind, MemberReader& from) {
  const auto index = std::ranges::find(kEventNames, kind) - kEventNames.begin();
  switch (index) {
    case 0:
      return read_started(from);
    case 1:
      return EnhancedPrompt{.enhanced_prompt = from.optional_text("enhanced_prompt"),
                            .negative_prompt = from.optional_text("negative_prompt")};
    case 2:
      return TimingLogged{.timing = from.object("timing")};
    case 3:
      return OutputLogged{.output = from.object("output"),
                          .pending_ply_path = from.optional_text("pending_ply_path")};
    case 4:
      return Submitted{.submission = from.object("submission")};
    case 5:
      return FeedbackReceived{.validator_uid = from.optional_integer("validator_uid"),
                              .validator_hotkey = from.optional_text("validator_hotkey"),
                              .score = from.number("score")};
    case 6:
      return Failed{.error_type = from.text("error_type"),
                    .error_message = from.text("error_message"),
                    .stack_trace = from.optional_text("stack_trace")};
    case 7:
      return Finished{};
    case 8:
      return PlySettled{.outcome = from.text("outcome"), .path = from.optional_text("path")};
    case 9:
      return ConfigChanged{.changes = from.object("changes"), .reason = from.text("reason")};
    default:
      from.fail("event", "one of the known kinds");
      return Finished{};
  }
}

}  // namespace

std::string_view event_name(const EventBody& body) { return kEventNames[body.index()]; }

Result<GenerationId> GenerationId::parse(std::string_view text) {
  const auto is_control = [](char character) {
    return static_cast<unsigned char>(character) < 0x20 || character == 0x7F;
  };
  if (text.empty() || text.size() > kMaxGenerationIdSize || std::ranges::any_of(text, is_control)) {
    return invalid_input(
        fmt::format("a generation_id of {} bytes: expected 1 to {} bytes without control "
                    "characters",
                    text.size(), kMaxGenerationIdSize));
  }
  return GenerationId(std::string(text));
}

std::string encode_event(const Event& event) {
  JsonMembers members;
  members.set_integer("version", kEventVersion);
  members.set_text("event", event_name(event.body));
  members.set_text("time", python_isoformat(event.time));
  members.set_text("generation_id", event.generation_id);
  if (!event.idempotency_key.empty()) members.set_text("idempotency_key", event.idempotency_key);
  std::visit([&](const auto& body) { write(members, body); }, event.body);
  if (!event.known.empty()) members.set("known", event.known);
  return members.to_text();
}

Result<Event> decode_event(std::string_view json) {
  const auto members = JsonMembers::parse(json);
  if (!members) return corrupt("an event that is no JSON object");
  MemberReader reader(*members);
  if (const auto version = reader.integer("version"); version > kEventVersion) {
    return invalid_input(
        fmt::format("an event of version {}, this program reads up to {}; use the program that "
                    "wrote it",
                    version, kEventVersion));
  }
  Event event;
  event.time = reader.time("time");
  event.generation_id = reader.text("generation_id");
  event.idempotency_key = reader.optional_text("idempotency_key").value_or("");
  event.body = read_body(reader.text("event"), reader);
  if (members->find("known") != nullptr) event.known = reader.object("known");
  if (!reader.problem().empty()) return corrupt("an event where " + reader.problem());
  return event;
}

}  // namespace assay::records
