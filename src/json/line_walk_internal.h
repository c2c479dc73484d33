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

/// The first stage has checked UTF-8, that strings end and that they hold no control characters; it
/// marks each of `{}[]:,`, each opening quote and each first byte of another scalar. All the rest
/// of the grammar is checked here, of what nobody asked for too.
class LineWalk {
 public:
  struct Oddities {
    bool has_nan = false;
    bool has_big_integer = false;
    bool has_lone_surrogate = false;
  };

  /// Pre: `decoded` is empty and has room for the line, so that views into it stay.
  LineWalk(std::string_view line, std::span<const std::uint32_t> marks, std::uint64_t line_number,
           PathTree& tree, std::span<Field> fields, std::string& decoded);

  /// Whether the line is one object in Python's JSON, and nothing else. Fills the fields.
  bool walk();
  const Oddities& oddities() const { return oddities_; }

 private:
  bool at_end() const { return next_ == end_; }
  const char* position() const { return begin_ + *next_; }
  /// The marked character to come; none of JSON's at the end.
  char peek() const { return at_end() ? '\0' : *position(); }
  bool take(char expected);

  bool read_object(PathNode& node, std::size_t depth);
  bool read_member(PathNode& node, std::size_t& expected_name, std::size_t depth);
  bool read_value(PathNode& node, std::size_t depth);
  bool skip_value(std::size_t depth);
  bool skip_object(std::size_t depth);
  bool skip_list(std::size_t depth);
  bool skip_string();
  bool skip_scalar();
  bool check_escapes(const char* string_end);

  bool read_string(Field& field);
  std::string_view string_body() const;
  bool take_name(std::string_view& name);
  void forget(PathNode& node);

  const char* begin_;
  const char* line_end_;
  const std::uint32_t* next_;
  const std::uint32_t* end_;
  const char* backslash_;  // the next one, or line_end_
  std::uint64_t line_number_;
  PathTree* tree_;
  std::span<Field> fields_;
  std::string* decoded_;
  Oddities oddities_;
};

}  // namespace assay::json
