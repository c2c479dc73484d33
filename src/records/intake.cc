#include "records/intake.h"

#include "json/python_repr.h"
#include "json/python_text.h"
#include "records/json_members.h"

#include <fmt/format.h>

#include <utility>

namespace assay::records {
namespace {

constexpr int kTimingDecimals = 3;
constexpr int kSizeDecimals = 2;
constexpr int kClipDecimals = 4;

// Integers stay as they are, as in Python.
std::string rounded_json(const std::string& value, int num_decimals) {
  if (value.find_first_of(".eE") == std::string::npos || value.front() == '"' ||
      value.front() == '{' || value.front() == '[') {
    return value;
  }
  const auto number = decode_json_number(value);
  return number ? json::python_repr(json::python_round(*number, num_decimals)) : value;
}

void round_member(JsonMembers& members, std::string_view name, int num_decimals) {
  if (const std::string* value = members.find(name); value != nullptr) {
    members.set(name, rounded_json(*value, num_decimals));
  }
}

}  // namespace

Result<JsonObjectText> checked_object(std::string_view what, std::string_view json) {
  auto text = json::python_dumps(json);
  if (!text) {
    return invalid_input(fmt::format("{}: expected a JSON object: {}", what, text.error().message));
  }
  if (!text->starts_with('{')) {
    return invalid_input(fmt::format("{}: expected a JSON object, such as {{\"name\": 1}}", what));
  }
  return std::move(*text);
}

Result<JsonObjectText> checked_timing(std::string_view json) {
  ASSIGN_OR_RETURN(const JsonObjectText text, checked_object("timing", json));
  auto members = JsonMembers::parse(text).value_or(JsonMembers());
  const auto given = members.all();
  for (const auto& member : given) round_member(members, member.name, kTimingDecimals);
  return members.to_text();
}

Result<JsonObjectText> checked_output(std::string_view json) {
  ASSIGN_OR_RETURN(const JsonObjectText text, checked_object("output", json));
  auto members = JsonMembers::parse(text).value_or(JsonMembers());
  round_member(members, "file_size_mb", kSizeDecimals);
  round_member(members, "clip_score", kClipDecimals);
  const std::string* metrics = members.find("quality_metrics");
  if (auto inner = metrics == nullptr ? std::nullopt : JsonMembers::parse(*metrics)) {
    round_member(*inner, "clip_score", kClipDecimals);
    members.set("quality_metrics", inner->to_text());
  }
  return members.to_text();
}

}  // namespace assay::records
