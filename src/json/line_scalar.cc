#include "json/line_scalar_internal.h"
#include "json/scalar_internal.h"

#include <charconv>
#include <limits>
#include <string_view>

namespace assay::json {
namespace {

bool is_blank(char character) {
  return character == ' ' || character == '\t' || character == '\r' || character == '\n';
}

/// Of NaN, Infinity and -Infinity.
double special_number(std::string_view text) {
  if (text.starts_with('N')) return std::numeric_limits<double>::quiet_NaN();
  const double infinity = std::numeric_limits<double>::infinity();
  return text.starts_with('-') ? -infinity : infinity;
}

}  // namespace

void fill_scalar(Field& field, const char* scalar, const char* limit) {
  while (is_blank(*(limit - 1))) --limit;
  field.raw = {scalar, limit};
  switch (*scalar) {
    case 'n':
      field.kind = FieldKind::kNull;
      return;
    case 't':
    case 'f':
      field.kind = FieldKind::kBoolean;
      field.boolean = *scalar == 't';
      return;
    default:
      break;
  }
  const auto [end, error] = std::from_chars(scalar, limit, field.integer);
  if (end == limit && error == std::errc()) {
    field.kind = FieldKind::kInteger;
    field.number = static_cast<double>(field.integer);
    return;
  }
  field.kind = FieldKind::kNumber;
  field.integer = 0;
  field.number = is_digit(*(limit - 1)) ? number_of(field.raw) : special_number(field.raw);
}

}  // namespace assay::json
