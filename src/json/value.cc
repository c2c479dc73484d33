#include "json/value.h"

#include <fmt/format.h>

#include <array>

namespace assay::json {
namespace {

Error wrong_kind(std::string_view name, std::string_view wanted, const Value* found) {
  if (found == nullptr) return invalid_input(fmt::format("'{}' is missing", name));
  return invalid_input(fmt::format("'{}' is {}, not {}", name, found->kind_name(), wanted));
}

}  // namespace

std::optional<bool> Value::boolean() const {
  const auto* boolean = std::get_if<bool>(&content_);
  return boolean != nullptr ? std::optional(*boolean) : std::nullopt;
}

std::optional<std::int64_t> Value::integer() const {
  const auto* integer = std::get_if<std::int64_t>(&content_);
  return integer != nullptr ? std::optional(*integer) : std::nullopt;
}

std::optional<double> Value::number() const {
  if (const auto* number = std::get_if<double>(&content_)) return *number;
  if (const auto* integer = std::get_if<std::int64_t>(&content_)) {
    return static_cast<double>(*integer);
  }
  return std::nullopt;
}

const Value* Value::find(std::string_view name) const {
  const Object* members = object();
  if (members == nullptr) return nullptr;
  const auto found = members->find(name);
  return found != members->end() ? &found->second : nullptr;
}

Result<std::string> Value::require_text(std::string_view name) const {
  const Value* member = find(name);
  const std::string* text = member != nullptr ? member->text() : nullptr;
  if (text == nullptr) return wrong_kind(name, "a text", member);
  return *text;
}

Result<std::int64_t> Value::require_integer(std::string_view name) const {
  const Value* member = find(name);
  const auto integer = member != nullptr ? member->integer() : std::nullopt;
  if (!integer) return wrong_kind(name, "an integer", member);
  return *integer;
}

Result<double> Value::require_number(std::string_view name) const {
  const Value* member = find(name);
  const auto number = member != nullptr ? member->number() : std::nullopt;
  if (!number) return wrong_kind(name, "a number", member);
  return *number;
}

std::string_view Value::kind_name() const {
  constexpr std::array<std::string_view, 7> kNames = {
      "null", "a boolean", "an integer", "a number", "a text", "a list", "an object"};
  return kNames[content_.index()];
}

}  // namespace assay::json
