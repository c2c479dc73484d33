#include "protocol/generation_messages.h"

#include "core/bytes.h"
#include "json/value.h"
#include "json/writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <optional>
#include <utility>

namespace assay::protocol {
namespace {

constexpr json::ParseLimits kLimits = {.max_depth = 8, .max_size = ByteCount(64U << 10)};
constexpr std::size_t kMaxPromptBytes = 8192;
constexpr std::size_t kMaxTaskIdBytes = 128;
constexpr std::size_t kMaxUriBytes = 2048;
constexpr std::size_t kMaxReasonBytes = 1024;

Result<json::Value> parse_body(std::string_view body) {
  auto value = json::parse(body, kLimits);
  if (value || value.error().code == ErrorCode::kExhausted) return value;
  return invalid_input("the body is not JSON: " + value.error().message);
}

bool has_control(std::string_view text) {
  return std::ranges::any_of(
      text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == '\x7f'; });
}

/// A text field of one line; an absent one is empty if that is allowed.
Result<std::string> line_field(const json::Value& value, std::string_view name,
                               std::size_t max_bytes) {
  ASSIGN_OR_RETURN(std::string text, value.require_text(name));
  if (text.size() > max_bytes || has_control(text)) {
    return invalid_input(fmt::format(
        "the field {} is longer than {} bytes or has control characters", name, max_bytes));
  }
  return text;
}

Result<std::string> optional_line_field(const json::Value& value, std::string_view name,
                                        std::size_t max_bytes) {
  const json::Value* field = value.find(name);
  if (field == nullptr || field->is_null()) return std::string();
  return line_field(value, name, max_bytes);
}

bool is_resolution(std::string_view text) {
  return text.empty() || text == "1K" || text == "2K" || text == "4K";
}

/// Jobs are filed under it: it is to be no path and no trick.
Result<std::string> task_id_of(const json::Value& value) {
  ASSIGN_OR_RETURN(std::string id, value.require_text("task_id"));
  const bool is_plain = std::ranges::all_of(id, [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
           c == '_';
  });
  if (id.empty() || id.size() > kMaxTaskIdBytes || !is_plain) {
    return invalid_input(
        fmt::format("the field task_id is not 1 to {} letters, digits, - and _", kMaxTaskIdBytes));
  }
  return id;
}

}  // namespace

std::string write_generation_request(const GenerationRequest& request) {
  json::Writer writer;
  writer.begin_object().name("prompt").text(request.prompt).name("parameters").begin_object();
  if (!request.resolution.empty()) writer.name("resolution").text(request.resolution);
  return writer.end_object().end_object().take();
}

Result<GenerationRequest> parse_generation_request(std::string_view body) {
  ASSIGN_OR_RETURN(const json::Value value, parse_body(body));
  GenerationRequest request;
  ASSIGN_OR_RETURN(request.prompt, value.require_text("prompt"));
  if (request.prompt.empty() || request.prompt.size() > kMaxPromptBytes) {
    return invalid_input(
        fmt::format("the field prompt is not 1 to {} bytes long", kMaxPromptBytes));
  }
  const json::Value* parameters = value.find("parameters");
  if (parameters == nullptr || parameters->is_null()) return request;
  if (parameters->object() == nullptr) return invalid_input("the field parameters is no object");
  ASSIGN_OR_RETURN(request.resolution, optional_line_field(*parameters, "resolution", 16));
  if (!is_resolution(request.resolution)) {
    return invalid_input("the field parameters.resolution is none of 1K, 2K and 4K");
  }
  return request;
}

std::string write_job_accepted(std::string_view task_id) {
  json::Writer writer;
  return writer.begin_object().name("task_id").text(task_id).end_object().take();
}

Result<std::string> parse_job_accepted(std::string_view body) {
  ASSIGN_OR_RETURN(const json::Value value, parse_body(body));
  return task_id_of(value);
}

std::string write_generation_callback(const GenerationCallback& callback) {
  json::Writer writer;
  writer.begin_object();
  writer.name("task_id").text(callback.task_id);
  writer.name("status").text(callback.outcome == JobOutcome::kCompleted ? "completed" : "failed");
  writer.name("has_image").boolean(callback.has_image);
  writer.name("image_uri").text(callback.image_uri);
  writer.name("reason").text(callback.reason);
  return writer.end_object().take();
}

Result<GenerationCallback> parse_generation_callback(std::string_view body) {
  ASSIGN_OR_RETURN(const json::Value value, parse_body(body));
  GenerationCallback callback;
  ASSIGN_OR_RETURN(callback.task_id, task_id_of(value));
  ASSIGN_OR_RETURN(const std::string status, value.require_text("status"));
  if (status != "completed" && status != "failed") {
    return invalid_input("the field status is neither completed nor failed");
  }
  callback.outcome = status == "completed" ? JobOutcome::kCompleted : JobOutcome::kFailed;
  const json::Value* claim = value.find("has_image");
  const auto has_image = claim != nullptr ? claim->boolean() : std::nullopt;
  if (!has_image) return invalid_input("the field has_image is missing or no boolean");
  callback.has_image = *has_image;
  ASSIGN_OR_RETURN(callback.image_uri, optional_line_field(value, "image_uri", kMaxUriBytes));
  ASSIGN_OR_RETURN(callback.reason, optional_line_field(value, "reason", kMaxReasonBytes));
  if (callback.has_image == callback.image_uri.empty()) {
    return invalid_input("the fields has_image and image_uri contradict each other");
  }
  return callback;
}

}  // namespace assay::protocol
