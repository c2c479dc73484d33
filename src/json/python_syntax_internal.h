/// \file
/// JSON as Python's json.loads reads it, as a tree: exact, and slower than the line scan.

#pragma once

#include "core/result.h"
#include "json/scalar_internal.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace assay::json {

struct SyntaxValue {
  enum class Kind : std::uint8_t { kScalar, kText, kList, kObject };

  std::string name;  ///< Of a member of an object.
  Kind kind = Kind::kScalar;
  ScalarKind scalar = ScalarKind::kNull;
  std::string_view raw;  ///< As it stands in the text.
  std::string text;      ///< Of kText, decoded.
  std::vector<SyntaxValue> items;
  /// Of two members of one name the last value, at the first place.
  std::vector<SyntaxValue> members;
  std::vector<SyntaxValue> replaced;  ///< Values whose namesake came later.
};

/// Errors: kCorrupt (what json.loads refuses), kExhausted (nested over 1,000 deep).
Result<SyntaxValue> read_python_json(std::string_view text);

bool is_python_json(std::string_view text);

}  // namespace assay::json
