/// \file
/// The members of a key file's JSON object, read in place: no copy of a secret is made.

#pragma once

#include "core/result.h"

#include <optional>
#include <string_view>
#include <vector>

namespace assay::keys {

enum class FieldKind { kText, kNumber, kBoolean, kNull };

struct KeyField {
  std::string_view name;
  FieldKind kind = FieldKind::kNull;
  /// Of a text what stands between its quotes, escapes as they are written.
  std::string_view value;
};

/// Read one object of texts, numbers, booleans and nulls, in JSON's grammar.
/// Lifetime: the fields view `json`.
/// Errors: kCorrupt (not that, or two members of one name), which gives the byte, never the text.
Result<std::vector<KeyField>> read_key_fields(std::string_view json);

/// The field of this name; nothing when it is absent or null.
std::optional<KeyField> find_field(const std::vector<KeyField>& fields, std::string_view name);

}  // namespace assay::keys
