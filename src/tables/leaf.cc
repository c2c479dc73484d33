#include "tables/leaf.h"

namespace assay::tables {

std::string_view to_string(LeafKind kind) {
  switch (kind) {
    case LeafKind::kAbsent:
      return "absent";
    case LeafKind::kBoolean:
      return "boolean";
    case LeafKind::kText:
      return "text";
    case LeafKind::kBinary:
      return "binary";
    case LeafKind::kInteger:
      return "integer";
    case LeafKind::kTimestamp:
      return "timestamp";
    case LeafKind::kReal:
      return "floating point";
    case LeafKind::kOther:
      return "another type";
    case LeafKind::kRepeated:
      return "a list or map";
    case LeafKind::kGroup:
      return "a struct";
  }
  return "unknown";
}

}  // namespace assay::tables
