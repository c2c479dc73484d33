#include "json/writer.h"

#include "core/check.h"
#include "core/json_text.h"
#include "json/python_repr.h"

#include <array>
#include <charconv>
#include <cmath>
#include <utility>

namespace assay::json {
namespace {

template <typename Integer>
std::string_view digits_of(Integer value, std::array<char, 24>& buffer) {
  const auto [end, error] = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value);
  CHECK(error == std::errc(), "24 characters hold every 64-bit integer");
  return {buffer.data(), end};
}

}  // namespace

void Writer::new_line() {
  if (layout_ == Layout::kCompact) return;
  json_ += '\n';
  json_.append(2 * open_.size(), ' ');
}

void Writer::separate() {
  Open& open = open_.back();
  if (!open.is_empty) json_ += ',';
  open.is_empty = false;
  new_line();
}

void Writer::start_value() {
  if (open_.empty()) {
    CHECK(!has_root_, "a JSON text has one root");
    has_root_ = true;
    return;
  }
  if (open_.back().container == Container::kList) {
    separate();
    return;
  }
  CHECK(has_name_, "a member of an object has a name");
  has_name_ = false;
}

Writer& Writer::begin(Container container, char bracket) {
  start_value();
  json_ += bracket;
  open_.push_back({container});
  return *this;
}

Writer& Writer::end(Container container, char bracket) {
  CHECK(!open_.empty() && open_.back().container == container, "what ends was begun");
  CHECK(!has_name_, "a name is followed by a value");
  const bool was_empty = open_.back().is_empty;
  open_.pop_back();
  if (!was_empty) new_line();
  json_ += bracket;
  return *this;
}

Writer& Writer::begin_object() { return begin(Container::kObject, '{'); }
Writer& Writer::end_object() { return end(Container::kObject, '}'); }
Writer& Writer::begin_list() { return begin(Container::kList, '['); }
Writer& Writer::end_list() { return end(Container::kList, ']'); }

Writer& Writer::name(std::string_view name) {
  CHECK(!open_.empty() && open_.back().container == Container::kObject && !has_name_,
        "a name stands in an object, before its value");
  separate();
  append_json_string(json_, name);
  json_ += layout_ == Layout::kPretty ? ": " : ":";
  has_name_ = true;
  return *this;
}

Writer& Writer::plain(std::string_view value) {
  start_value();
  json_ += value;
  return *this;
}

Writer& Writer::text(std::string_view value) {
  start_value();
  append_json_string(json_, value);
  return *this;
}

Writer& Writer::integer(std::int64_t value) {
  std::array<char, 24> buffer{};
  return plain(digits_of(value, buffer));
}

Writer& Writer::unsigned_integer(std::uint64_t value) {
  std::array<char, 24> buffer{};
  return plain(digits_of(value, buffer));
}

Writer& Writer::number(double value) {
  if (!std::isfinite(value)) return null();
  return plain(python_repr(value));
}

Writer& Writer::boolean(bool value) { return plain(value ? "true" : "false"); }
Writer& Writer::null() { return plain("null"); }
Writer& Writer::raw(std::string_view value) { return plain(value); }

std::string Writer::take() { return std::exchange(json_, {}); }

}  // namespace assay::json
