#include "protocol/testing/recorded_file.h"

#include "core/check.h"
#include "files/atomic_file.h"
#include "files/file_system.h"

#include <filesystem>
#include <utility>

namespace assay::protocol::testing {

json::Value recorded_file(std::string_view name) {
  const auto path = std::filesystem::path(ASSAY_TEST_DATA) / "protocol" / name;
  const auto text = files::read_file(files::posix_file_system(), path, ByteCount(1U << 20));
  CHECK(text.has_value(), "a recorded file is missing");
  auto value = json::parse(*text);
  CHECK(value.has_value(), "a recorded file is not JSON");
  return std::move(*value);
}

const json::Value& member(const json::Value& value, std::string_view name) {
  const json::Value* const found = value.find(name);
  CHECK(found != nullptr, "a recorded file lacks a member");
  return *found;
}

const json::Value::List& list_of(const json::Value& value, std::string_view name) {
  const auto* const list = member(value, name).list();
  CHECK(list != nullptr, "a recorded member is no list");
  return *list;
}

const json::Value::Object& object_of(const json::Value& value, std::string_view name) {
  const auto* const object = member(value, name).object();
  CHECK(object != nullptr, "a recorded member is no object");
  return *object;
}

const std::string& text_of(const json::Value& value) {
  const std::string* const text = value.text();
  CHECK(text != nullptr, "a recorded member is no text");
  return *text;
}

const std::string& text_of(const json::Value& value, std::string_view name) {
  return text_of(member(value, name));
}

std::int64_t integer_of(const json::Value& value, std::string_view name) {
  const auto integer = member(value, name).integer();
  CHECK(integer.has_value(), "a recorded member is no integer");
  return *integer;
}

}  // namespace assay::protocol::testing
