#include "json/escape.h"
#include "json/line_scalar_internal.h"
#include "json/line_walk_internal.h"
#include "json/scalar_internal.h"

#include <array>
#include <cstring>

namespace assay::json {
namespace {

constexpr auto kEndsScalar = [] {
  std::array<bool, 256> ends{};
  for (const char character : std::string_view(" \t\r\n,]}")) {
    ends[static_cast<unsigned char>(character)] = true;
  }
  return ends;
}();

const char* find_backslash(const char* from, const char* end) {
  const void* found = std::memchr(from, '\\', static_cast<std::size_t>(end - from));
  return found == nullptr ? end : static_cast<const char*>(found);
}

}  // namespace

LineWalk::LineWalk(std::string_view line, std::uint64_t line_number, PathTree& tree,
                   std::span<Field> fields, std::string& decoded)
    : begin_(line.data()),
      line_end_(line.data() + line.size()),
      backslash_(find_backslash(begin_, line_end_)),
      line_number_(line_number),
      tree_(&tree),
      fields_(fields),
      decoded_(&decoded) {}

bool LineWalk::walk(Marks marks) {
  std::uint32_t* end = marks.data() + marks.size();
  if (begin_[marks.front()] != '{' || begin_[marks.back()] != '}') return false;
  end[0] = marks.back();
  end[1] = marks.front();
  return read_object(marks.data(), tree_->root(), 1) == end;
}

/// Pre: `mark` is at a `{`.
LineWalk::Mark LineWalk::read_object(Mark mark, PathNode& node, std::size_t depth) {
  if (node.last_line == line_number_) forget(node);
  node.last_line = line_number_;
  ++mark;
  if (at(mark) == '}') return mark + 1;
  std::size_t expected_name = 0;
  while (true) {
    mark = read_member(mark, node, expected_name, depth);
    if (mark == nullptr) return nullptr;
    const char separator = at(mark++);
    if (separator == '}') return mark;
    if (separator != ',') return nullptr;
  }
}

LineWalk::Mark LineWalk::read_member(Mark mark, PathNode& node, std::size_t& expected_name,
                                     std::size_t depth) {
  if (at(mark) != '"') return nullptr;
  std::string_view name = string_body(mark);
  if (backslash_ < name.data() + name.size()) [[unlikely]] {
    // Rare: a name with an escape. Kept beside the decoded values, which leaves room enough.
    const std::size_t begin = decoded_->size();
    append_unescaped(*decoded_, name);
    name = std::string_view(*decoded_).substr(begin);
  }
  mark = skip_string(mark);
  if (mark == nullptr || at(mark) != ':') return nullptr;
  ++mark;
  const std::uint32_t child = PathTree::find(node, name, expected_name);
  if (child == PathTree::kNoChild) return skip_value(mark, depth);
  return read_value(mark, (*tree_)[child], depth);
}

LineWalk::Mark LineWalk::read_value(Mark mark, PathNode& node, std::size_t depth) {
  const char* value = place(mark);
  const bool has_field = node.field != PathNode::kNoField;
  Mark end = nullptr;
  if (*value == '{' && !node.children.empty()) {
    if (depth >= kMaxLineDepth) return nullptr;
    end = read_object(mark, node, depth + 1);
  } else {
    if (node.last_line == line_number_) forget(node);
    node.last_line = line_number_;
    if (*value == '"' && has_field) return read_string(mark, fields_[node.field]);
    end = skip_value(mark, depth);
  }
  if (!has_field || end == nullptr) return end;
  Field& field = fields_[node.field];
  if (*value == '{' || *value == '[') {
    field.kind = *value == '{' ? FieldKind::kObject : FieldKind::kList;
    field.raw = {value, place(end - 1) + 1};
  } else {
    fill_scalar(field, value, place(end));
  }
  return end;
}

inline LineWalk::Mark LineWalk::skip_value(Mark mark, std::size_t depth) {
  switch (at(mark)) {
    case '"':
      return skip_string(mark);
    case '{':
      return depth < kMaxLineDepth ? skip_object(mark, depth + 1) : nullptr;
    case '[':
      return depth < kMaxLineDepth ? skip_list(mark, depth + 1) : nullptr;
    default:
      return skip_scalar(mark);
  }
}

LineWalk::Mark LineWalk::skip_object(Mark mark, std::size_t depth) {
  ++mark;
  if (at(mark) == '}') return mark + 1;
  while (true) {
    if (at(mark) != '"') return nullptr;
    mark = skip_string(mark);
    if (mark == nullptr || at(mark) != ':') return nullptr;
    mark = skip_value(mark + 1, depth);
    if (mark == nullptr) return nullptr;
    const char separator = at(mark++);
    if (separator == '}') return mark;
    if (separator != ',') return nullptr;
  }
}

LineWalk::Mark LineWalk::skip_list(Mark mark, std::size_t depth) {
  ++mark;
  if (at(mark) == ']') return mark + 1;
  while (true) {
    mark = skip_value(mark, depth);
    if (mark == nullptr) return nullptr;
    const char separator = at(mark++);
    if (separator == ']') return mark;
    if (separator != ',') return nullptr;
  }
}

/// Behind a string there are only blanks up to the next mark.
inline LineWalk::Mark LineWalk::skip_string(Mark mark) {
  ++mark;
  if (backslash_ < place(mark) && !check_escapes(place(mark))) return nullptr;
  return mark;
}

bool LineWalk::check_escapes(const char* string_end) {
  while (backslash_ < string_end) {
    const Escape escape = read_escape({backslash_, string_end});
    if (escape.length == 0) return false;
    oddities_.has_lone_surrogate |= escape.is_lone_surrogate;
    backslash_ = find_backslash(backslash_ + escape.length, line_end_);
  }
  return true;
}

inline LineWalk::Mark LineWalk::skip_scalar(Mark mark) {
  const char* scalar = place(mark);
  ++mark;
  const char* end = plain_scalar_end(scalar);
  if (end == nullptr) return check_scalar(scalar, place(mark)) ? mark : nullptr;
  return kEndsScalar[static_cast<unsigned char>(*end)] ? mark : nullptr;
}

bool LineWalk::check_scalar(const char* scalar, const char* limit) {
  const Scalar read = read_scalar({scalar, limit});
  if (read.kind == ScalarKind::kNone) return false;
  oddities_.has_big_integer |= read.kind == ScalarKind::kBigInteger;
  oddities_.has_nan |= read.kind >= ScalarKind::kNan;
  return kEndsScalar[static_cast<unsigned char>(scalar[read.length])];
}

/// Pre: `mark` is at an opening quote.
inline std::string_view LineWalk::string_body(Mark mark) const {
  const char* end = place(mark + 1) - 1;
  while (*end != '"') --end;  // blanks
  return {place(mark) + 1, end};
}

LineWalk::Mark LineWalk::read_string(Mark mark, Field& field) {
  const std::string_view body = string_body(mark);
  field.kind = FieldKind::kText;
  field.text = body;
  field.raw = {body.data() - 1, body.size() + 2};
  if (backslash_ < body.data() + body.size()) {
    const std::size_t begin = decoded_->size();
    append_unescaped(*decoded_, body);
    field.text = std::string_view(*decoded_).substr(begin);
  }
  return skip_string(mark);
}

void LineWalk::forget(PathNode& node) {
  has_namesakes_ = true;
  for (const std::size_t field : node.fields_below) fields_[field] = Field();
  if (node.field != PathNode::kNoField) fields_[node.field] = Field();
}

}  // namespace assay::json
