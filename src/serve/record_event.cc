#include "serve/record_event.h"

#include "core/check.h"
#include "json/line_scan.h"
#include "json/value.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace assay::serve {
namespace {

using recorder::Receipt;

constexpr std::array<std::pair<std::string_view, EventKind>, 9> kNames{{
    {"start", EventKind::kStart},
    {"prompt", EventKind::kPrompt},
    {"timing", EventKind::kTiming},
    {"output", EventKind::kOutput},
    {"submission", EventKind::kSubmission},
    {"feedback", EventKind::kFeedback},
    {"failure", EventKind::kFailure},
    {"finish", EventKind::kFinish},
    {"config_change", EventKind::kConfigChange},
}};

/// The fields of one event, each checked when it is taken.
class EventFields {
 public:
  static Result<EventFields> parse(std::string_view json) {
    if (json.size() > kMaxEventSize.count()) {
      return exhausted(fmt::format("an event is larger than {}", assay::to_string(kMaxEventSize)));
    }
    EventFields fields;
    fields.json_ = json.empty() ? "{}" : json;
    auto parsed = json::parse(fields.json_);
    if (!parsed) return invalid_input("the event is no JSON: " + parsed.error().message);
    if (parsed->object() == nullptr) return invalid_input("the event is no JSON object");
    fields.root_ = std::move(*parsed);
    return fields;
  }

  /// Refuse fields that are neither of `names` nor of `more`.
  Status allow(std::span<const std::string_view> names,
               std::span<const std::string_view> more) const {
    const json::Value::Object* const object = root_.object();
    CHECK(object != nullptr, "parse() lets nothing else pass");
    for (const auto& [name, value] : *object) {
      if (std::ranges::find(names, name) != names.end()) continue;
      if (std::ranges::find(more, name) != more.end()) continue;
      return invalid_input(fmt::format(
          "{}: no such field; expected {}", name.size() > kMaxShownName ? "a long name" : name,
          names.empty() ? "none" : fmt::format("{}", fmt::join(names, ", "))));
    }
    return {};
  }

  Result<std::optional<std::string>> text(std::string_view name) const {
    const json::Value* const value = present(name);
    if (value == nullptr) return std::optional<std::string>();
    if (value->text() == nullptr) return wrong(name, "a text", *value);
    return std::optional(*value->text());
  }
  Result<std::string> required_text(std::string_view name) const {
    ASSIGN_OR_RETURN(auto found, text(name));
    if (!found) return absent(name, "a text");
    return std::move(*found);
  }
  Result<std::optional<std::int64_t>> integer(std::string_view name) const {
    const json::Value* const value = present(name);
    if (value == nullptr) return std::optional<std::int64_t>();
    if (!value->integer()) return wrong(name, "an integer", *value);
    return value->integer();
  }
  Result<double> required_number(std::string_view name) const {
    const json::Value* const value = present(name);
    if (value == nullptr) return absent(name, "a number");
    if (!value->number()) return wrong(name, "a number", *value);
    return *value->number();
  }
  /// As it stands in the text: the order of its members and the digits of its numbers count.
  Result<std::optional<std::string>> object(std::string_view name) const {
    const json::Value* const value = present(name);
    if (value == nullptr) return std::optional<std::string>();
    if (value->object() == nullptr) return wrong(name, "an object", *value);
    std::string padded = json_;
    std::ranges::replace(padded, '\n', ' ');  // none of them is within a text
    padded.append(json::LineScan::kPadding, '\0');
    json::LineScan scan(std::span(&name, 1));
    scan.scan(std::string_view(padded).substr(0, json_.size()));
    const json::Field& field = scan.fields().front();
    if (field.kind != json::FieldKind::kObject) return wrong(name, "an object", *value);
    return std::optional(std::string(field.raw));
  }
  Result<std::string> required_object(std::string_view name) const {
    ASSIGN_OR_RETURN(auto found, object(name));
    if (!found) return absent(name, "an object");
    return std::move(*found);
  }

 private:
  static constexpr std::size_t kMaxShownName = 60;

  EventFields() = default;
  const json::Value* present(std::string_view name) const {
    const json::Value* const value = root_.find(name);
    return value == nullptr || value->is_null() ? nullptr : value;
  }
  static Error wrong(std::string_view name, std::string_view expected, const json::Value& value) {
    return invalid_input(
        fmt::format("{}: expected {}, found {}", name, expected, value.kind_name()));
  }
  static Error absent(std::string_view name, std::string_view expected) {
    return invalid_input(fmt::format("{}: expected {}, but it is absent", name, expected));
  }

  std::string json_;
  json::Value root_;
};

Result<Receipt> start(recorder::Recorder& recorder, const EventFields& fields,
                      std::string_view key) {
  recorder::NewGeneration generation;
  ASSIGN_OR_RETURN(auto generation_id, fields.text("generation_id"));
  ASSIGN_OR_RETURN(generation.task_type, fields.required_text("task_type"));
  ASSIGN_OR_RETURN(generation.prompt, fields.required_text("prompt"));
  ASSIGN_OR_RETURN(generation.validator_uid, fields.integer("validator_uid"));
  ASSIGN_OR_RETURN(auto hotkey, fields.text("validator_hotkey"));
  ASSIGN_OR_RETURN(auto config, fields.object("miner_config"));
  generation.generation_id = generation_id.value_or("");
  generation.validator_hotkey = hotkey.value_or("");
  generation.miner_config = config.value_or("{}");
  return recorder.start(generation, key);
}

Result<Receipt> prompt(recorder::Recorder& recorder, const EventFields& fields,
                       const EventAddress& address) {
  records::EnhancedPrompt body;
  ASSIGN_OR_RETURN(body.enhanced_prompt, fields.text("enhanced_prompt"));
  ASSIGN_OR_RETURN(body.negative_prompt, fields.text("negative_prompt"));
  return recorder.log_prompt(address.generation_id, body, address.idempotency_key);
}

Result<Receipt> output(recorder::Recorder& recorder, const EventFields& fields,
                       const EventAddress& address) {
  recorder::NewOutput body;
  ASSIGN_OR_RETURN(auto object, fields.object("output"));
  ASSIGN_OR_RETURN(auto ply_file, fields.text("ply_file"));
  if (!object && !ply_file) return invalid_input("output: expected an object, but it is absent");
  body.output = object.value_or("{}");
  body.ply_file = ply_file.value_or("");
  return recorder.log_output(address.generation_id, body, address.idempotency_key);
}

Result<Receipt> feedback(recorder::Recorder& recorder, const EventFields& fields,
                         const EventAddress& address) {
  records::FeedbackReceived body;
  ASSIGN_OR_RETURN(body.score, fields.required_number("score"));
  ASSIGN_OR_RETURN(body.validator_uid, fields.integer("validator_uid"));
  ASSIGN_OR_RETURN(body.validator_hotkey, fields.text("validator_hotkey"));
  return recorder.log_feedback(address.generation_id, body, address.idempotency_key);
}

Result<Receipt> failure(recorder::Recorder& recorder, const EventFields& fields,
                        const EventAddress& address) {
  records::Failed body;
  ASSIGN_OR_RETURN(body.error_type, fields.required_text("error_type"));
  ASSIGN_OR_RETURN(body.error_message, fields.required_text("error_message"));
  ASSIGN_OR_RETURN(body.stack_trace, fields.text("stack_trace"));
  return recorder.log_failure(address.generation_id, body, address.idempotency_key);
}

std::span<const std::string_view> fields_of(EventKind kind) {
  static constexpr std::array<std::string_view, 6> kStart{
      "generation_id", "task_type", "prompt", "validator_uid", "validator_hotkey", "miner_config"};
  static constexpr std::array<std::string_view, 2> kPrompt{"enhanced_prompt", "negative_prompt"};
  static constexpr std::array<std::string_view, 1> kTiming{"timing"};
  static constexpr std::array<std::string_view, 1> kOutput{"output"};
  static constexpr std::array<std::string_view, 1> kSubmission{"rejection_reason"};
  static constexpr std::array<std::string_view, 3> kFeedback{"score", "validator_uid",
                                                             "validator_hotkey"};
  static constexpr std::array<std::string_view, 3> kFailure{"error_type", "error_message",
                                                            "stack_trace"};
  static constexpr std::array<std::string_view, 2> kConfigChange{"changes", "reason"};
  switch (kind) {
    case EventKind::kStart:
      return kStart;
    case EventKind::kPrompt:
      return kPrompt;
    case EventKind::kTiming:
      return kTiming;
    case EventKind::kOutput:
      return kOutput;
    case EventKind::kSubmission:
      return kSubmission;
    case EventKind::kFeedback:
      return kFeedback;
    case EventKind::kFailure:
      return kFailure;
    case EventKind::kFinish:
      return {};
    case EventKind::kConfigChange:
      return kConfigChange;
  }
  return {};
}

/// Pre: the fields are allowed.
Result<Receipt> record_fields(recorder::Recorder& recorder, const EventAddress& address,
                              const EventFields& fields) {
  switch (address.kind) {
    case EventKind::kStart:
      return start(recorder, fields, address.idempotency_key);
    case EventKind::kPrompt:
      return prompt(recorder, fields, address);
    case EventKind::kTiming: {
      ASSIGN_OR_RETURN(const std::string timing, fields.required_object("timing"));
      return recorder.log_timing(address.generation_id, timing, address.idempotency_key);
    }
    case EventKind::kOutput:
      return output(recorder, fields, address);
    case EventKind::kSubmission: {
      ASSIGN_OR_RETURN(const auto reason, fields.text("rejection_reason"));
      return recorder.log_submission(address.generation_id, reason, address.idempotency_key);
    }
    case EventKind::kFeedback:
      return feedback(recorder, fields, address);
    case EventKind::kFailure:
      return failure(recorder, fields, address);
    case EventKind::kFinish:
      return recorder.finish(address.generation_id, address.idempotency_key);
    case EventKind::kConfigChange: {
      ASSIGN_OR_RETURN(const std::string changes, fields.required_object("changes"));
      ASSIGN_OR_RETURN(const auto reason, fields.text("reason"));
      return recorder.log_config_change(changes, reason.value_or(""), address.idempotency_key);
    }
  }
  return internal("an event of no kind");
}

/// Pre: the fields are allowed.
Result<RecordedEvent> record_named(recorder::Recorder& recorder, const EventAddress& address,
                                   const EventFields& fields) {
  RecordedEvent recorded;
  ASSIGN_OR_RETURN(recorded.receipt, record_fields(recorder, address, fields));
  recorded.named_generation = address.generation_id;
  if (address.kind == EventKind::kStart) {
    ASSIGN_OR_RETURN(const auto given, fields.text("generation_id"));
    recorded.named_generation = given.value_or("");
  }
  return recorded;
}

}  // namespace

std::optional<EventKind> event_kind(std::string_view name) {
  for (const auto& [candidate, kind] : kNames) {
    if (candidate == name) return kind;
  }
  return std::nullopt;
}

std::string_view to_string(EventKind kind) {
  for (const auto& [name, candidate] : kNames) {
    if (candidate == kind) return name;
  }
  return "";
}

std::string RecordedEvent::key_complaint() const {
  return fmt::format(
      "the idempotency key was used for the generation {}; nothing was recorded of {}",
      receipt.generation_id, named_generation);
}

Result<RecordedEvent> record_event(recorder::Recorder& recorder, const EventAddress& address,
                                   std::string_view json) {
  ASSIGN_OR_RETURN(const EventFields fields, EventFields::parse(json));
  RETURN_IF_ERROR(fields.allow(fields_of(address.kind), {}));
  return record_named(recorder, address, fields);
}

Result<Receipt> record_event_line(recorder::Recorder& recorder, std::string_view line) {
  static constexpr std::array<std::string_view, 3> kOfEach{"event", "generation_id",
                                                           "idempotency_key"};
  static constexpr std::array<std::string_view, 4> kOfOutput{"event", "generation_id",
                                                             "idempotency_key", "ply_file"};
  ASSIGN_OR_RETURN(const EventFields fields, EventFields::parse(line));
  ASSIGN_OR_RETURN(const std::string name, fields.required_text("event"));
  const auto kind = event_kind(name);
  if (!kind) {
    std::string known;
    for (const auto& [candidate, unused] : kNames) {
      known += fmt::format("{}{}", known.empty() ? "" : ", ", candidate);
    }
    return invalid_input(fmt::format("event: expected one of {}", known));
  }
  RETURN_IF_ERROR(fields.allow(fields_of(*kind), *kind == EventKind::kOutput
                                                     ? std::span<const std::string_view>(kOfOutput)
                                                     : std::span<const std::string_view>(kOfEach)));
  std::string generation_id;
  if (*kind != EventKind::kStart && *kind != EventKind::kConfigChange) {
    ASSIGN_OR_RETURN(generation_id, fields.required_text("generation_id"));
  }
  ASSIGN_OR_RETURN(const auto key, fields.text("idempotency_key"));
  ASSIGN_OR_RETURN(
      const RecordedEvent recorded,
      record_named(recorder,
                   {.kind = *kind,
                    .generation_id = generation_id,
                    .idempotency_key = key ? std::string_view(*key) : std::string_view()},
                   fields));
  if (recorded.has_key_of_other()) return invalid_input(recorded.key_complaint());
  return recorded.receipt;
}

}  // namespace assay::serve
