#include "json/testing/tree_scan.h"

#include "json/python_syntax_internal.h"

#include <fmt/format.h>

#include <cmath>
#include <limits>
#include <vector>

namespace assay::json::testing {
namespace {

struct Oddities {
  bool has_nan = false;
  bool has_big_integer = false;
  bool has_surrogate = false;
};

/// A lone surrogate is the only way to these bytes in what was valid UTF-8.
bool has_surrogate(std::string_view text) {
  for (std::size_t i = 0; i + 1 < text.size(); ++i) {
    if (text[i] == '\xed' && static_cast<unsigned char>(text[i + 1]) >= 0xa0) return true;
  }
  return false;
}

void collect(const SyntaxValue& value, Oddities& oddities) {
  oddities.has_nan |= value.kind == SyntaxValue::Kind::kScalar && value.scalar >= ScalarKind::kNan;
  oddities.has_big_integer |=
      value.kind == SyntaxValue::Kind::kScalar && value.scalar == ScalarKind::kBigInteger;
  oddities.has_surrogate |= has_surrogate(value.text);
  for (const SyntaxValue& item : value.items) collect(item, oddities);
  oddities.has_surrogate |= has_surrogate(value.name);
  for (const SyntaxValue& member : value.members) collect(member, oddities);
  for (const SyntaxValue& item : value.replaced) collect(item, oddities);
}

LineVerdict verdict_of(std::string_view line, const Result<SyntaxValue>& tree) {
  if (line.size() > kMaxLineSize) return LineVerdict::kTooLong;
  if (line.find_first_not_of(" \t\r\n") == std::string_view::npos) return LineVerdict::kBlank;
  if (!tree) {
    return tree.error().message.ends_with("UTF-8") ? LineVerdict::kBadUtf8 : LineVerdict::kBadJson;
  }
  if (tree->kind != SyntaxValue::Kind::kObject) return LineVerdict::kNoObject;
  Oddities oddities;
  collect(*tree, oddities);
  if (oddities.has_nan) return LineVerdict::kReadWithNan;
  if (oddities.has_big_integer) return LineVerdict::kReadWithBigInteger;
  return oddities.has_surrogate ? LineVerdict::kReadWithSurrogate : LineVerdict::kRead;
}

const SyntaxValue* find(const SyntaxValue& root, std::string_view path) {
  const SyntaxValue* at = &root;
  while (true) {
    const std::string_view name = path.substr(0, path.find('.'));
    const SyntaxValue* next = nullptr;
    for (const SyntaxValue& member : at->members) {
      if (member.name == name) next = &member;
    }
    if (next == nullptr || name.size() == path.size()) return next;
    path.remove_prefix(name.size() + 1);
    at = next;
  }
}

Field scalar_field(const SyntaxValue& value) {
  Field field;
  switch (value.scalar) {
    case ScalarKind::kNone:
    case ScalarKind::kNull:
      field.kind = FieldKind::kNull;
      break;
    case ScalarKind::kTrue:
    case ScalarKind::kFalse:
      field.kind = FieldKind::kBoolean;
      field.boolean = value.scalar == ScalarKind::kTrue;
      break;
    case ScalarKind::kInteger:
      field.kind = FieldKind::kInteger;
      field.integer = std::stoll(std::string(value.raw));
      field.number = static_cast<double>(field.integer);
      break;
    case ScalarKind::kBigInteger:
    case ScalarKind::kReal:
      field.kind = FieldKind::kNumber;
      field.number = std::strtod(std::string(value.raw).c_str(), nullptr);
      break;
    case ScalarKind::kNan:
      field.kind = FieldKind::kNumber;
      field.number = std::numeric_limits<double>::quiet_NaN();
      break;
    case ScalarKind::kInfinity:
    case ScalarKind::kMinusInfinity:
      field.kind = FieldKind::kNumber;
      field.number = value.raw.starts_with('-') ? -std::numeric_limits<double>::infinity()
                                                : std::numeric_limits<double>::infinity();
      break;
  }
  return field;
}

Field field_of(const SyntaxValue& value) {
  Field field;
  switch (value.kind) {
    case SyntaxValue::Kind::kScalar:
      field = scalar_field(value);
      break;
    case SyntaxValue::Kind::kText:
      field.kind = FieldKind::kText;
      field.text = value.text;
      break;
    case SyntaxValue::Kind::kList:
      field.kind = FieldKind::kList;
      break;
    case SyntaxValue::Kind::kObject:
      field.kind = FieldKind::kObject;
      break;
  }
  field.raw = value.raw;
  return field;
}

bool same_number(double left, double right) {
  return std::isnan(left) ? std::isnan(right)
                          : left == right && std::signbit(left) == std::signbit(right);
}

bool same(const Field& left, const Field& right) {
  return left.kind == right.kind && left.boolean == right.boolean &&
         left.integer == right.integer && same_number(left.number, right.number) &&
         left.text == right.text && left.raw == right.raw;
}

}  // namespace

std::optional<std::string> find_disagreement(LineScan& scan,
                                             std::span<const std::string_view> paths,
                                             std::string_view line) {
  const Result<SyntaxValue> tree = read_python_json(line);
  const LineVerdict expected = verdict_of(line, tree);
  const LineVerdict actual = scan.scan(line);
  if (actual != expected) {
    return fmt::format("verdict {} in place of {}", static_cast<int>(actual),
                       static_cast<int>(expected));
  }
  for (std::size_t i = 0; i < paths.size(); ++i) {
    const bool is_read = expected <= LineVerdict::kReadWithSurrogate;
    const SyntaxValue* value = is_read ? find(*tree, paths[i]) : nullptr;
    const Field wanted = value == nullptr ? Field() : field_of(*value);
    if (!same(scan.fields()[i], wanted)) {
      return fmt::format("{}: '{}' (kind {}) in place of '{}' (kind {})", paths[i],
                         scan.fields()[i].raw, static_cast<int>(scan.fields()[i].kind), wanted.raw,
                         static_cast<int>(wanted.kind));
    }
  }
  return std::nullopt;
}

}  // namespace assay::json::testing
