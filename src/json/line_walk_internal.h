/// \file
/// Walks the structure of one line, which simdjson's first stage has marked.

#pragma once

#include "json/line_scan.h"
#include "json/path_tree_internal.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace assay::json {

/// Deeper lines are refused, where Python gives up too.
inline constexpr std::size_t kMaxLineDepth = 1000;

/// The places of a line that matter: each of `{}[]:,` outside of strings, each opening quote and
/// the first byte of each other scalar. Two more can be written behind the last.
using Marks = std::span<std::uint32_t>;

/// The first stage has checked UTF-8, that strings end and that they hold no control characters.
/// All the rest of the grammar is checked here, of what nobody asked for too.
///
/// No step asks whether it is at the end: walk() sees to it that the last mark is a `}` and puts
/// two more behind it. Past the last mark a value has just ended; the first of the two, a `}`, can
/// only close an object, which walk() then finds closed at the wrong place, and the second, a `{`,
/// fits nowhere behind a value.
class LineWalk {
 public:
  struct Oddities {
    bool has_nan = false;
    bool has_big_integer = false;
    bool has_lone_surrogate = false;
  };

  /// Pre: `decoded` is empty and has room for the line and kNameReadAhead bytes, so that views into
  /// it stay. Bytes behind the line are readable, as many as LineScan::kPadding.
  LineWalk(std::string_view line, std::uint64_t line_number, PathTree& tree,
           std::span<Field> fields, std::string& decoded);

  /// Whether the line is one object in Python's JSON, and nothing else. Fills the fields.
  /// Pre: `marks` is not empty.
  bool walk(Marks marks);
  const Oddities& oddities() const { return oddities_; }
  /// Whether a member on a wanted path came twice.
  bool has_namesakes() const { return has_namesakes_; }

 private:
  /// A place among the marks; null when the line turned out to be broken.
  using Mark = const std::uint32_t*;

  char at(Mark mark) const { return begin_[*mark]; }
  const char* place(Mark mark) const { return begin_ + *mark; }

  Mark read_object(Mark mark, PathNode& node, std::size_t depth);
  Mark read_member(Mark mark, PathNode& node, std::size_t& expected_name, std::size_t depth);
  Mark read_value(Mark mark, PathNode& node, std::size_t depth);
  Mark read_string(Mark mark, Field& field);
  Mark skip_value(Mark mark, std::size_t depth);
  Mark skip_object(Mark mark, std::size_t depth);
  Mark skip_list(Mark mark, std::size_t depth);
  Mark skip_string(Mark mark);
  Mark skip_scalar(Mark mark);
  bool check_scalar(const char* scalar, const char* limit);
  bool check_escapes(const char* string_end);
  std::string_view string_body(Mark mark) const;
  void forget(PathNode& node);

  const char* begin_;
  const char* line_end_;
  const char* backslash_;  // the next one, or line_end_
  std::uint64_t line_number_;
  PathTree* tree_;
  std::span<Field> fields_;
  std::string* decoded_;
  Oddities oddities_;
  bool has_namesakes_ = false;
};

}  // namespace assay::json
