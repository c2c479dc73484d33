/// \file
/// What a line that was walked consists of: its values, and where wanted objects and lists stand.

#pragma once

#include "json/line_walk_internal.h"
#include "json/path_tree_internal.h"

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace assay::json {

struct LinePiece {
  enum class Kind : std::uint8_t {
    kScalar,      ///< A text, number or literal.
    kFieldBegin,  ///< The bracket that opens a wanted object or list, ...
    kFieldEnd,    ///< ... and the one that closes it.
    kAsideBegin,  ///< The bracket that opens an object of several values, none of them wanted, ...
    kAsideEnd,    ///< ... and the one that closes it. None lies within another.
  };

  Kind kind = Kind::kScalar;
  std::uint32_t begin = 0;                 ///< Of its first byte in the line.
  std::uint32_t end = 0;                   ///< Behind its last.
  std::size_t field = PathNode::kNoField;  ///< Where a scalar, object or list goes.
};

/// The pieces in the order of the line; empty when a name in it has an escape.
/// Pre: LineWalk::walk() has read the line with these marks, and met no member twice.
std::vector<LinePiece> pieces_of(std::string_view line, Marks marks, PathTree& tree);

}  // namespace assay::json
