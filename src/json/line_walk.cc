#include "json/escape_internal.h"
#include "json/line_walk_internal.h"
#include "json/scalar_internal.h"

#include <array>
#include <charconv>
#include <limits>

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

void fill_number(Field& field, ScalarKind kind, std::string_view digits) {
  if (kind == ScalarKind::kInteger) {
    field.kind = FieldKind::kInteger;
    std::from_chars(digits.data(), digits.data() + digits.size(), field.integer);
    field.number = static_cast<double>(field.integer);
    return;
  }
  field.kind = FieldKind::kNumber;
  field.number = number_of(digits);
}

void fill_scalar(Field& field, ScalarKind kind, std::string_view text) {
  switch (kind) {
    case ScalarKind::kNull:
      field.kind = FieldKind::kNull;
      return;
    case ScalarKind::kTrue:
    case ScalarKind::kFalse:
      field.kind = FieldKind::kBoolean;
      field.boolean = kind == ScalarKind::kTrue;
      return;
    case ScalarKind::kNan:
      field.kind = FieldKind::kNumber;
      field.number = std::numeric_limits<double>::quiet_NaN();
      return;
    case ScalarKind::kInfinity:
    case ScalarKind::kMinusInfinity:
      field.kind = FieldKind::kNumber;
      field.number = std::numeric_limits<double>::infinity();
      if (kind == ScalarKind::kMinusInfinity) field.number = -field.number;
      return;
    default:
      fill_number(field, kind, text);
  }
}

}  // namespace

LineWalk::LineWalk(std::string_view line, std::span<const std::uint32_t> marks,
                   std::uint64_t line_number, PathTree& tree, std::span<Field> fields,
                   std::string& decoded)
    : begin_(line.data()),
      line_end_(line.data() + line.size()),
      next_(marks.data()),
      end_(marks.data() + marks.size()),
      backslash_(find_backslash(begin_, line_end_)),
      line_number_(line_number),
      tree_(&tree),
      fields_(fields),
      decoded_(&decoded) {}

bool LineWalk::walk() { return read_object(tree_->root(), 1) && at_end(); }

bool LineWalk::take(char expected) {
  if (peek() != expected) return false;
  ++next_;
  return true;
}

bool LineWalk::read_object(PathNode& node, std::size_t depth) {
  if (!take('{')) return false;
  if (node.last_line == line_number_) forget(node);
  node.last_line = line_number_;
  if (take('}')) return true;
  std::size_t expected_name = 0;
  do {
    if (!read_member(node, expected_name, depth)) return false;
  } while (take(','));
  return take('}');
}

bool LineWalk::read_member(PathNode& node, std::size_t& expected_name, std::size_t depth) {
  std::string_view name;
  if (!take_name(name)) return false;
  const std::uint32_t child = tree_->find(node, name, expected_name);
  if (child == PathTree::kNoChild) return skip_value(depth);
  return read_value((*tree_)[child], depth);
}

bool LineWalk::take_name(std::string_view& name) {
  if (peek() != '"' || end_ - next_ < 2) return false;
  name = string_body();
  if (backslash_ < name.data() + name.size()) {
    // Rare: a name with an escape. Kept beside the decoded values, which leaves room enough.
    const std::size_t begin = decoded_->size();
    const char* body = name.data();
    const std::size_t size = name.size();
    if (!skip_string()) return false;
    append_unescaped(*decoded_, {body, size});
    name = std::string_view(*decoded_).substr(begin);
  } else {
    ++next_;
  }
  return take(':');
}

bool LineWalk::read_value(PathNode& node, std::size_t depth) {
  if (at_end()) return false;
  const char* value = position();
  if (*value == '{' && !node.children.empty()) {
    if (depth >= kMaxLineDepth || !read_object(node, depth + 1)) return false;
  } else {
    if (node.last_line == line_number_) forget(node);
    if (*value == '"' && node.field != PathNode::kNoField) return read_string(fields_[node.field]);
    if (!skip_value(depth)) return false;
  }
  if (node.field == PathNode::kNoField) return true;
  Field& field = fields_[node.field];
  field = Field();
  if (*value == '{' || *value == '[') {
    field.kind = *value == '{' ? FieldKind::kObject : FieldKind::kList;
    field.raw = {value, begin_ + *(next_ - 1) + 1};
  } else if (*value != '"') {
    const Scalar scalar = read_scalar({value, static_cast<std::size_t>(begin_ + *next_ - value)});
    field.raw = {value, scalar.length};
    fill_scalar(field, scalar.kind, field.raw);
  }
  return true;
}

bool LineWalk::skip_value(std::size_t depth) {
  switch (peek()) {
    case '"':
      return skip_string();
    case '{':
      return depth < kMaxLineDepth && skip_object(depth + 1);
    case '[':
      return depth < kMaxLineDepth && skip_list(depth + 1);
    default:
      return skip_scalar();
  }
}

bool LineWalk::skip_object(std::size_t depth) {
  ++next_;
  if (take('}')) return true;
  do {
    if (peek() != '"' || !skip_string() || !take(':') || !skip_value(depth)) return false;
  } while (take(','));
  return take('}');
}

bool LineWalk::skip_list(std::size_t depth) {
  ++next_;
  if (take(']')) return true;
  do {
    if (!skip_value(depth)) return false;
  } while (take(','));
  return take(']');
}

bool LineWalk::skip_string() {
  ++next_;
  // Within an object something must follow; behind the string there are only blanks up to there.
  if (at_end()) return false;
  return backslash_ >= position() || check_escapes(position());
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

bool LineWalk::skip_scalar() {
  if (end_ - next_ < 2) return false;
  const char* scalar_begin = position();
  ++next_;
  const Scalar scalar =
      read_scalar({scalar_begin, static_cast<std::size_t>(position() - scalar_begin)});
  if (scalar.kind == ScalarKind::kNone) return false;
  if (!kEndsScalar[static_cast<unsigned char>(scalar_begin[scalar.length])]) return false;
  oddities_.has_big_integer |= scalar.kind == ScalarKind::kBigInteger;
  oddities_.has_nan |= scalar.kind >= ScalarKind::kNan;
  return true;
}

/// Pre: at an opening quote that is not the last mark.
std::string_view LineWalk::string_body() const {
  const char* begin = position() + 1;
  const char* end = begin_ + *(next_ + 1) - 1;
  while (*end != '"') --end;  // blanks
  return {begin, end};
}

bool LineWalk::read_string(Field& field) {
  if (end_ - next_ < 2) return false;
  const std::string_view body = string_body();
  field = Field();
  field.kind = FieldKind::kText;
  field.text = body;
  field.raw = {body.data() - 1, body.size() + 2};
  if (backslash_ < body.data() + body.size()) {
    const std::size_t begin = decoded_->size();
    append_unescaped(*decoded_, body);
    field.text = std::string_view(*decoded_).substr(begin);
  }
  return skip_string();
}

void LineWalk::forget(PathNode& node) {
  for (const std::size_t field : node.fields_below) fields_[field] = Field();
  if (node.field != PathNode::kNoField) fields_[node.field] = Field();
}

}  // namespace assay::json
