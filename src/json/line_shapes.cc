#include "json/escape.h"
#include "json/line_pieces_internal.h"
#include "json/line_scalar_internal.h"
#include "json/line_shapes_internal.h"
#include "json/text_step_internal.h"

#include <simdjson.h>

#include <algorithm>
#include <bit>
#include <utility>

namespace assay::json {
namespace {

constexpr std::size_t kMaxNodes = 4096;
constexpr std::size_t kMaxTexts = std::size_t{512} << 10;
/// Of one object that nobody asked for so many texts are kept; then its values are looked at.
constexpr int kMaxTextsAside = 2;
/// Names that differ from line to line would make every look longer.
constexpr int kMaxSiblings = 32;
/// To learn a line costs several times what it costs to walk it.
constexpr int kMaxLearnt = 1024;
/// When more than every second line has a new shape, shapes are of no use for a while.
constexpr int kMaxCredit = 128;
constexpr int kNumRestingLines = 16'384;

/// Where the string goes on to be special: a quote, a backslash, a control character, or no ASCII.
/// `end` or somewhat behind when there is nothing. Pre: two kTextStep are readable behind `end`.
inline const char* find_special(const char* from, const char* end) {
  for (; from < end; from += 2 * kTextStep) {
    const std::uint32_t is_special =
        special_bits(from) | (special_bits(from + kTextStep) << kTextStep);
    if (is_special != 0) return from + std::countr_zero(is_special);
  }
  return from;
}

struct TextEnd {
  const char* quote = nullptr;  ///< The closing one; null when the text is broken or odd.
  bool has_escape = false;
};

/// Of a text that begins at `begin` and is special at `at`. Pre: as for find_special().
TextEnd find_rare_end(const char* begin, const char* at, const char* end) {
  TextEnd result;
  bool is_ascii = true;
  while (at < end && *at != '"') {
    const auto byte = static_cast<unsigned char>(*at);
    if (byte == '\\') {
      const Escape escape = read_escape({at, end});
      if (escape.length == 0 || escape.is_lone_surrogate) return {};
      result.has_escape = true;
      at += escape.length;
    } else if (byte >= 0x80) {
      is_ascii = false;
      ++at;
    } else {
      return {};
    }
    at = find_special(at, end);
  }
  if (at >= end) return {};
  if (!is_ascii && !simdjson::validate_utf8(begin, static_cast<std::size_t>(at - begin))) return {};
  result.quote = at;
  return result;
}

inline TextEnd find_text_end(const char* begin, const char* end) {
  const char* at = find_special(begin, end);
  if (at < end && *at == '"') [[likely]] {
    return {.quote = at, .has_escape = false};
  }
  return find_rare_end(begin, at, end);
}

}  // namespace

LineShapes::LineShapes(std::size_t num_fields) : begins_(num_fields) { forget_all(); }

void LineShapes::forget_all() {
  nodes_.assign(1, Node());
  brackets_.clear();
  texts_.assign(kTextStep, '\0');
  credit_ = kMaxCredit;
  num_learnt_ = 0;
}

bool LineShapes::read(std::string_view line, std::span<Field> fields, std::string& decoded) {
  if (num_resting_ > 0) {
    --num_resting_;
    return false;
  }
  // The bracket at the end stops whatever goes on over digits.
  if (nodes_.size() == 1 || !line.ends_with('}')) return false;
  const char* at = line.data();
  const char* end = at + line.size();
  const Node* node = &nodes_.front();
  while (node != nullptr && !node->is_last) node = find(*node, at, end, fields, decoded);
  credit_ += node == nullptr ? -1 : 1;
  credit_ = std::min(credit_, kMaxCredit);
  if (credit_ < 0) {
    forget_all();
    num_resting_ = kNumRestingLines;
  }
  return node != nullptr;
}

/// The child of `parent` whose text and value stand at `at`, which then is behind them. Null when
/// none does.
inline const LineShapes::Node* LineShapes::find(const Node& parent, const char*& at,
                                                const char* end, std::span<Field> fields,
                                                std::string& decoded) {
  for (std::uint32_t child = parent.first_child; child != kNone;
       child = nodes_[child].next_sibling) {
    const Node& node = nodes_[child];
    if (!has_text(node, at, end)) continue;
    const char* value = at + node.text_size;
    if (node.is_last != (value == end)) continue;
    if (node.is_last) {
      fill_brackets(node, at, fields);
      return &node;
    }
    const bool is_wanted = node.field != kNoField;
    const char* value_end = nullptr;
    if (*value == '"') {
      const TextEnd text_end = find_text_end(value + 1, end);
      if (text_end.quote == nullptr) continue;
      value_end = text_end.quote + 1;
      if (is_wanted) {
        Field& field = fields[node.field];
        field.kind = FieldKind::kText;
        field.raw = {value, value_end};
        field.text = {value + 1, text_end.quote};
        if (text_end.has_escape) {
          const std::size_t begin = decoded.size();
          append_unescaped(decoded, field.text);
          field.text = std::string_view(decoded).substr(begin);
        }
      }
    } else {
      value_end = plain_scalar_end(value);
      if (value_end == nullptr) continue;
      if (is_wanted) fill_scalar(fields[node.field], value, value_end);
    }
    fill_brackets(node, at, fields);
    at = value_end;
    return &node;
  }
  return nullptr;
}

inline bool LineShapes::has_text(const Node& node, const char* at, const char* end) const {
  const std::size_t size = node.text_size;
  if (std::cmp_less(end - at, size)) return false;
  const char* text = texts_.data() + node.text;
  if (size <= kTextStep) {
    return (differing_bits(text, at) & ((std::uint64_t{1} << size) - 1)) == 0;
  }
  // The last steps overlap those before, in place of a loop that ends somewhere.
  const std::size_t last = size - kTextStep;
  if (size <= 2 * kTextStep) return are_same(text, at, 0, last);
  for (std::size_t i = 0; i + 2 * kTextStep < size; i += 2 * kTextStep) {
    if (!are_same(text + i, at + i, 0, kTextStep)) return false;
  }
  return are_same(text, at, last - kTextStep, last);
}

inline void LineShapes::fill_brackets(const Node& node, const char* at, std::span<Field> fields) {
  for (std::uint32_t i = 0; i < node.num_brackets; ++i) {
    const Bracket& bracket = brackets_[node.first_bracket + i];
    const char* place = at + bracket.offset;
    if (!bracket.is_end) {
      begins_[bracket.field] = place;
      continue;
    }
    Field& field = fields[bracket.field];
    field.kind = *place == '}' ? FieldKind::kObject : FieldKind::kList;
    field.raw = {begins_[bracket.field], place + 1};
  }
}

void LineShapes::learn(std::string_view line, Marks marks, PathTree& tree) {
  if (num_resting_ > 0 || num_learnt_ == kMaxLearnt || !line.ends_with('}')) return;
  ++num_learnt_;
  const std::vector<LinePiece> pieces = pieces_of(line, marks, tree);
  const bool has_room =
      nodes_.size() + pieces.size() < kMaxNodes && texts_.size() + line.size() < kMaxTexts;
  if (pieces.empty() || !has_room) return;
  std::uint32_t parent = kNone;
  std::size_t begin = 0;  // of the fixed text
  Node node;
  new_brackets_.clear();
  const auto add_node = [&](std::size_t end) {
    parent = add(parent, node, line.substr(begin, end - begin));
    node = Node();
    new_brackets_.clear();
    return parent != kNone;
  };
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    const LinePiece& piece = pieces[i];
    switch (piece.kind) {
      case LinePiece::Kind::kScalar:
        node.field =
            piece.field == PathNode::kNoField ? kNoField : static_cast<std::uint32_t>(piece.field);
        if (!add_node(piece.begin)) return;
        begin = piece.end;
        break;
      case LinePiece::Kind::kFieldBegin:
      case LinePiece::Kind::kFieldEnd:
        new_brackets_.push_back({.offset = static_cast<std::uint32_t>(piece.begin - begin),
                                 .field = static_cast<std::uint32_t>(piece.field),
                                 .is_end = piece.kind == LinePiece::Kind::kFieldEnd});
        break;
      case LinePiece::Kind::kAsideBegin:
        if (!is_kept_aside(parent, line.substr(begin, piece.begin - begin), line.substr(begin))) {
          break;
        }
        node.has_values_aside = true;
        while (pieces[i].kind != LinePiece::Kind::kAsideEnd) ++i;
        break;
      case LinePiece::Kind::kAsideEnd:
        break;
    }
  }
  node.is_last = true;
  add_node(line.size());
}

/// Whether an object behind the fixed text `before` shall be a part of it. `rest` is the line from
/// that text on.
bool LineShapes::is_kept_aside(std::uint32_t parent, std::string_view before,
                               std::string_view rest) const {
  int num_kept = 0;
  for (std::uint32_t child = nodes_[parent].first_child; child != kNone;
       child = nodes_[child].next_sibling) {
    const Node& node = nodes_[child];
    const std::string_view text = std::string_view(texts_).substr(node.text, node.text_size);
    if (!node.has_values_aside || !text.starts_with(before)) continue;
    if (rest.starts_with(text)) return true;
    ++num_kept;
  }
  return num_kept < kMaxTextsAside;
}

/// The child of `parent` with this text and the new brackets, which is added unless it is there;
/// kNone when it has too many others.
std::uint32_t LineShapes::add(std::uint32_t parent, Node node, std::string_view text) {
  std::uint32_t last = kNone;
  int num_siblings = 0;
  for (std::uint32_t child = nodes_[parent].first_child; child != kNone;
       child = nodes_[child].next_sibling) {
    const Node& there = nodes_[child];
    if (there.is_last == node.is_last &&
        std::string_view(texts_).substr(there.text, there.text_size) == text) {
      return child;
    }
    last = child;
    ++num_siblings;
  }
  if (num_siblings == kMaxSiblings) return kNone;
  const auto added = static_cast<std::uint32_t>(nodes_.size());
  node.text = static_cast<std::uint32_t>(texts_.size() - kTextStep);
  node.text_size = static_cast<std::uint32_t>(text.size());
  node.first_bracket = static_cast<std::uint32_t>(brackets_.size());
  node.num_brackets = static_cast<std::uint32_t>(new_brackets_.size());
  texts_.insert(node.text, text);
  brackets_.insert(brackets_.end(), new_brackets_.begin(), new_brackets_.end());
  nodes_.push_back(node);
  (last == kNone ? nodes_[parent].first_child : nodes_[last].next_sibling) = added;
  return added;
}

}  // namespace assay::json
