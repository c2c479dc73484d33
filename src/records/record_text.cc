#include "records/python_time.h"
#include "records/record_text_internal.h"

#include <cstdint>
#include <optional>

namespace assay::records {
namespace {

constexpr std::array<std::string_view, 1> kMetadataPath = {"metadata"};

JsonMembers no_failure() {
  JsonMembers members;
  members.set("failed", "false");
  for (const std::string_view name : {"error_type", "error_message", "stack_trace"}) {
    members.set(name, "null");
  }
  return members;
}

}  // namespace

std::string first_record(const Event& event, const Started& body, const KnownGeneration& known) {
  JsonMembers metadata;
  metadata.set_text("generation_id", event.generation_id);
  metadata.set_text("timestamp", python_isoformat(event.time));
  metadata.set_optional_integer("miner_uid", body.miner_uid);
  metadata.set_text("miner_version", body.miner_version);
  metadata.set_optional_integer("validator_uid", body.validator_uid);
  metadata.set_text("validator_hotkey",
                    body.validator_hotkey.empty() ? "unknown" : body.validator_hotkey);
  metadata.set_text("network", body.network);
  JsonMembers task;
  task.set_text("task_type", body.task_type);
  task.set_text("prompt", body.prompt);
  task.set_integer("prompt_length", static_cast<std::int64_t>(body.prompt_length_code_points));
  task.set_boolean("is_base64_image", body.image_hash.has_value());
  task.set_optional_text("base64_image_hash", body.image_hash);
  task.set_optional_text("image_file_path", body.image_file_path);
  JsonMembers generation;
  generation.set("enhanced_prompt", "null");
  generation.set("negative_prompt", "null");
  for (const std::string_view name : {"timing", "output", "submission"}) {
    generation.set(name, "{}");
  }
  JsonMembers record;
  record.set("metadata", metadata.to_text());
  record.set("task", task.to_text());
  record.set("miner_config", body.miner_config);
  record.set("generation", generation.to_text());
  record.set("validator_feedback", feedback_section(known));
  record.set("failure_analysis", no_failure().to_text());
  return record.to_text();
}

std::string with_members(const std::string& record, std::span<const std::string_view> path,
                         const JsonMembers& members) {
  auto root = JsonMembers::parse(record).value_or(JsonMembers());
  merge_at(root, path, members);
  return root.to_text();
}

std::string with_members(const std::string& record, std::span<const std::string_view> path,
                         const std::string& object) {
  return with_members(record, path, JsonMembers::parse(object).value_or(JsonMembers()));
}

std::string with_feedback(const std::string& record, const KnownGeneration& known) {
  if (!known.feedback) return record;
  const Feedback& feedback = *known.feedback;
  auto root = JsonMembers::parse(record).value_or(JsonMembers());
  root.set("validator_feedback", feedback_section(known));
  const std::string* section = root.find("metadata");
  const auto metadata = section == nullptr ? std::nullopt : JsonMembers::parse(*section);
  if (!metadata) return root.to_text();
  JsonMembers found;
  const std::string* uid = metadata->find("validator_uid");
  if (feedback.validator_uid && (uid == nullptr || *uid == "null")) {
    found.set_optional_integer("validator_uid", feedback.validator_uid);
  }
  const std::string* hotkey = metadata->find("validator_hotkey");
  const bool is_unnamed =
      hotkey == nullptr || *hotkey == "null" || *hotkey == R"("")" || *hotkey == R"("unknown")";
  if (is_unnamed && !feedback.validator_hotkey.value_or("").empty()) {
    found.set_optional_text("validator_hotkey", feedback.validator_hotkey);
  }
  merge_at(root, kMetadataPath, found);
  return root.to_text();
}

std::string config_line(const Event& event, const ConfigChanged& body) {
  JsonMembers members;
  members.set_text("timestamp", python_isoformat(event.time));
  members.set_text("event", std::string_view("config_change"));
  members.set("changes", body.changes);
  members.set_text("reason", body.reason);
  return members.to_text();
}

}  // namespace assay::records
