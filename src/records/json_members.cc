#include "records/json_members.h"

#include "json/escape.h"
#include "json/plain_text.h"
#include "json/python_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <utility>

namespace assay::records {
namespace {

constexpr std::string_view kBlanks = " \t\r\n";

// Walks over JSON text without looking at what values mean.
class Cursor {
 public:
  explicit Cursor(std::string_view text) : text_(text) {}

  void skip_blanks() {
    position_ = std::min(text_.find_first_not_of(kBlanks, position_), text_.size());
  }
  bool take(char wanted) {
    skip_blanks();
    if (position_ >= text_.size() || text_[position_] != wanted) return false;
    ++position_;
    return true;
  }
  bool at_end() {
    skip_blanks();
    return position_ == text_.size();
  }
  // A text with its quotes.
  std::optional<std::string_view> quoted() {
    skip_blanks();
    const std::size_t start = position_;
    if (!skip_quoted()) return std::nullopt;
    return text_.substr(start, position_ - start);
  }
  std::optional<std::string_view> value() {
    skip_blanks();
    const std::size_t start = position_;
    if (start == text_.size()) return std::nullopt;
    const bool is_nested = text_[start] == '{' || text_[start] == '[';
    bool skipped = false;
    if (text_[start] == '"') {
      skipped = skip_quoted();
    } else {
      skipped = is_nested ? skip_nested() : skip_plain();
    }
    if (!skipped) return std::nullopt;
    return text_.substr(start, position_ - start);
  }

 private:
  bool skip_quoted() {
    if (position_ >= text_.size() || text_[position_] != '"') return false;
    for (++position_; position_ < text_.size(); ++position_) {
      position_ += json::plain_length(text_.substr(position_));
      if (position_ == text_.size()) break;
      const char character = text_[position_];
      if (static_cast<unsigned char>(character) < 0x20) return false;
      if (character == '\\') {
        ++position_;
      } else if (character == '"') {
        ++position_;
        return true;
      }
    }
    position_ = text_.size();
    return false;
  }
  bool skip_nested() {
    std::string open;
    while (position_ < text_.size()) {
      const char character = text_[position_];
      if (character == '"') {
        if (!skip_quoted()) return false;
        continue;
      }
      // The zeros that a lost block leaves are no part of any value.
      if (static_cast<unsigned char>(character) < 0x20 && !kBlanks.contains(character)) {
        return false;
      }
      ++position_;
      if (character == '{') open.push_back('}');
      if (character == '[') open.push_back(']');
      if (character == '}' || character == ']') {
        if (open.back() != character) return false;
        open.pop_back();
        if (open.empty()) return true;
      }
    }
    return false;
  }
  // A number, or one of the names true, false, null, NaN, Infinity.
  bool skip_plain() {
    const std::size_t start = position_;
    while (position_ < text_.size()) {
      const char character = text_[position_];
      const bool is_part = (character >= '0' && character <= '9') ||
                           (character >= 'a' && character <= 'z') ||
                           (character >= 'A' && character <= 'Z') || character == '-' ||
                           character == '+' || character == '.';
      if (!is_part) break;
      ++position_;
    }
    return position_ > start;
  }

  std::string_view text_;
  std::size_t position_ = 0;
};

}  // namespace

JsonMembersFound find_json_members(std::string_view object) {
  Cursor cursor(object);
  JsonMembersFound found;
  found.is_whole = false;
  if (!cursor.take('{')) return found;
  if (cursor.take('}')) {
    found.is_whole = cursor.at_end();
    return found;
  }
  do {
    const auto name = cursor.quoted();
    if (!name || !cursor.take(':')) return found;
    const auto value = cursor.value();
    auto decoded = decode_json_text(*name);
    if (!value || !decoded) return found;
    found.members.set(*decoded, std::string(*value));
  } while (cursor.take(','));
  found.is_whole = cursor.take('}') && cursor.at_end();
  return found;
}

JsonItemsFound find_json_items(std::string_view list) {
  Cursor cursor(list);
  JsonItemsFound found;
  found.is_whole = false;
  if (!cursor.take('[')) return found;
  if (cursor.take(']')) {
    found.is_whole = cursor.at_end();
    return found;
  }
  do {
    const auto value = cursor.value();
    if (!value) return found;
    found.items.emplace_back(*value);
  } while (cursor.take(','));
  found.is_whole = cursor.take(']') && cursor.at_end();
  return found;
}

std::optional<JsonMembers> JsonMembers::parse(std::string_view object) {
  auto found = find_json_members(object);
  if (!found.is_whole) return std::nullopt;
  return std::move(found.members);
}

const std::string* JsonMembers::find(std::string_view name) const {
  const auto found = std::ranges::find(members_, name, &Member::name);
  return found == members_.end() ? nullptr : &found->value;
}

void JsonMembers::set(std::string_view name, std::string value) {
  const auto found = std::ranges::find(members_, name, &Member::name);
  if (found != members_.end()) {
    found->value = std::move(value);
  } else {
    members_.push_back({.name = std::string(name), .value = std::move(value)});
  }
}

void JsonMembers::merge(const JsonMembers& other) {
  for (const Member& member : other.members_) set(member.name, member.value);
}

std::string JsonMembers::to_text() const {
  std::string text = "{";
  for (const Member& member : members_) {
    if (text.size() > 1) text += ", ";
    json::append_python_string(text, member.name);
    text += ": ";
    text += member.value;
  }
  text += '}';
  return text;
}

void JsonMembers::set_text(std::string_view name, std::string_view value) {
  set(name, json_text_of(value));
}
void JsonMembers::set_optional_text(std::string_view name,
                                    const std::optional<std::string>& value) {
  set(name, value ? json_text_of(*value) : "null");
}
void JsonMembers::set_boolean(std::string_view name, bool value) {
  set(name, value ? "true" : "false");
}
void JsonMembers::set_integer(std::string_view name, std::int64_t value) {
  set(name, fmt::to_string(value));
}
void JsonMembers::set_optional_integer(std::string_view name,
                                       const std::optional<std::int64_t>& value) {
  set(name, value ? fmt::to_string(*value) : "null");
}

std::optional<std::string> json_at(const JsonMembers& root,
                                   std::span<const std::string_view> path) {
  const std::string* value = root.find(path.front());
  if (value == nullptr) return std::nullopt;
  if (path.size() == 1) return *value;
  const auto inner = JsonMembers::parse(*value);
  if (!inner) return std::nullopt;
  return json_at(*inner, path.subspan(1));
}

void merge_at(JsonMembers& root, std::span<const std::string_view> path,
              const JsonMembers& members) {
  if (path.empty()) {
    root.merge(members);
    return;
  }
  const std::string* value = root.find(path.front());
  auto inner = value == nullptr ? std::nullopt : JsonMembers::parse(*value);
  if (!inner) inner.emplace();
  merge_at(*inner, path.subspan(1), members);
  root.set(path.front(), inner->to_text());
}

std::optional<std::string> decode_json_text(std::string_view value) {
  if (value.size() < 2 || value.front() != '"' || value.back() != '"') return std::nullopt;
  value = value.substr(1, value.size() - 2);
  std::string text;
  text.reserve(value.size());
  if (!json::append_unescaped(text, value).is_valid) return std::nullopt;
  return text;
}

std::optional<std::int64_t> decode_json_integer(std::string_view value) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
  if (error != std::errc() || end != value.data() + value.size()) return std::nullopt;
  return number;
}

std::optional<double> decode_json_number(std::string_view value) {
  double number = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
  if (error != std::errc() || end != value.data() + value.size()) return std::nullopt;
  return number;
}

std::optional<bool> decode_json_boolean(std::string_view value) {
  if (value == "true") return true;
  if (value == "false") return false;
  return std::nullopt;
}

std::string json_text_of(std::string_view text) {
  std::string json;
  json::append_python_string(json, text);
  return json;
}

}  // namespace assay::records
