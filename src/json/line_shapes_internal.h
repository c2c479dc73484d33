/// \file
/// Lines of one log are alike: all that stands between their values comes again and again. It is
/// kept from lines that were walked, and a next line is compared with it in place of being parsed.

#pragma once

#include "json/line_scan.h"
#include "json/line_walk_internal.h"
#include "json/path_tree_internal.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace assay::json {

/// The shapes of lines as a tree: each node is a stretch of fixed text and the value behind it,
/// its children are what may follow. An object of several values that nobody asked for is a part of
/// the fixed text the first times it is seen, since settings are the same line after line.
/// Threads: one thread at a time.
class LineShapes {
 public:
  explicit LineShapes(std::size_t num_fields);

  /// Fill in the fields of a line that has a known shape: it is what LineWalk accepts, without
  /// oddities. False when it has none, or holds what is rare: then some fields may be filled in.
  /// Pre: as for LineWalk; fields are absent.
  bool read(std::string_view line, std::span<Field> fields, std::string& decoded);

  /// Keep the shape of a line. Pre: LineWalk::walk() has read it with these marks, without oddities
  /// and without namesakes.
  void learn(std::string_view line, Marks marks, PathTree& tree);

 private:
  /// A bracket of a wanted object or list within the fixed text.
  struct Bracket {
    std::uint32_t offset = 0;
    std::uint32_t field = 0;
    bool is_end = false;
  };
  struct Node {
    std::uint32_t text = 0;  // where its fixed text begins in texts_
    std::uint32_t text_size = 0;
    std::uint32_t first_bracket = 0;
    std::uint32_t num_brackets = 0;
    std::uint32_t first_child = kNone;
    std::uint32_t next_sibling = kNone;
    std::uint32_t field = kNoField;  // of the value behind the text
    bool is_last = false;            // the text ends the line
    bool has_values_aside = false;   // within its text
  };
  static constexpr std::uint32_t kNone = 0;  // the root, which is nobody's child
  static constexpr std::uint32_t kNoField = ~std::uint32_t{0};

  const Node* find(const Node& parent, const char*& at, const char* end, std::span<Field> fields,
                   std::string& decoded);
  bool has_text(const Node& node, const char* at, const char* end) const;
  void fill_brackets(const Node& node, const char* at, std::span<Field> fields);
  bool is_kept_aside(std::uint32_t parent, std::string_view before, std::string_view rest) const;
  std::uint32_t add(std::uint32_t parent, Node node, std::string_view text);
  void forget_all();

  std::vector<Node> nodes_;
  std::vector<Bracket> brackets_;
  std::vector<Bracket> new_brackets_;  // of the node that is being put together
  std::string texts_;                  // with room for a whole load behind the last
  std::vector<const char*> begins_;    // by field: of the wanted object or list
  int credit_ = 0;
  int num_learnt_ = 0;
  int num_resting_ = 0;  // lines that are not tried
};

}  // namespace assay::json
