#include "json/line_pieces_internal.h"

namespace assay::json {
namespace {

/// Shorter objects are not worth an eye of their own.
constexpr std::size_t kMinScalarsAside = 3;

class Collector {
 public:
  Collector(std::string_view line, Marks marks, PathTree& tree)
      : line_(line), marks_(marks), tree_(&tree) {}

  std::vector<LinePiece> collect() {
    take_value(&tree_->root(), false);
    if (has_escaped_name_) pieces_.clear();
    return std::move(pieces_);
  }

 private:
  char at() const { return line_[marks_[next_]]; }

  /// `node` is null for what nobody asked for.
  void take_value(PathNode* node, bool is_aside) {
    const char first = at();
    if (first != '{' && first != '[') {
      take_scalar(node == nullptr ? PathNode::kNoField : node->field);
      return;
    }
    const bool begins_aside =
        first == '{' && !is_aside && (node == nullptr || node->children.empty());
    const bool is_field = node != nullptr && node->field != PathNode::kNoField;
    if (is_field) add_bracket(LinePiece::Kind::kFieldBegin, node->field);
    const std::size_t aside = pieces_.size();
    if (begins_aside) add_bracket(LinePiece::Kind::kAsideBegin, PathNode::kNoField);
    if (first == '{') {
      take_members(node, is_aside || begins_aside);
    } else {
      take_items(is_aside);
    }
    if (begins_aside) end_aside(aside);
    if (is_field) add_bracket(LinePiece::Kind::kFieldEnd, node->field);
    ++next_;
  }

  void take_members(PathNode* node, bool is_aside) {
    ++next_;
    std::size_t expected_name = 0;
    while (at() != '}') {
      PathNode* child = nullptr;
      const std::string_view name = text_body();
      has_escaped_name_ |= name.contains('\\');
      if (node != nullptr && !node->children.empty()) {
        const std::uint32_t found = PathTree::find(*node, name, expected_name);
        if (found != PathTree::kNoChild) child = &(*tree_)[found];
      }
      next_ += 2;  // the name and its colon
      take_value(child, is_aside);
      if (at() == ',') ++next_;
    }
  }

  void take_items(bool is_aside) {
    ++next_;
    while (at() != ']') {
      // An object in a list is not told apart: how many there are differs from line to line.
      take_value(nullptr, is_aside);
      if (at() == ',') ++next_;
    }
  }

  void take_scalar(std::size_t field) {
    const std::uint32_t begin = marks_[next_];
    const std::string_view text = line_.substr(begin, marks_[next_ + 1] - begin);
    const std::size_t size = text.find_last_not_of(" \t\r\n") + 1;
    pieces_.push_back({.kind = LinePiece::Kind::kScalar,
                       .begin = begin,
                       .end = begin + static_cast<std::uint32_t>(size),
                       .field = field});
    ++next_;
  }

  /// Of the name that comes next.
  std::string_view text_body() const {
    const std::uint32_t begin = marks_[next_];
    const std::string_view text = line_.substr(begin, marks_[next_ + 1] - begin);
    return text.substr(1, text.rfind('"') - 1);
  }

  void add_bracket(LinePiece::Kind kind, std::size_t field) {
    const std::uint32_t begin = marks_[next_];
    pieces_.push_back({.kind = kind, .begin = begin, .end = begin + 1, .field = field});
  }

  void end_aside(std::size_t begin) {
    if (pieces_.size() - begin - 1 >= kMinScalarsAside) {
      add_bracket(LinePiece::Kind::kAsideEnd, PathNode::kNoField);
    } else {
      pieces_.erase(pieces_.begin() + static_cast<std::ptrdiff_t>(begin));
    }
  }

  std::string_view line_;
  Marks marks_;
  PathTree* tree_;
  std::size_t next_ = 0;  // of the marks
  bool has_escaped_name_ = false;
  std::vector<LinePiece> pieces_;
};

}  // namespace

std::vector<LinePiece> pieces_of(std::string_view line, Marks marks, PathTree& tree) {
  return Collector(line, marks, tree).collect();
}

}  // namespace assay::json
