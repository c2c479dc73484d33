#include "json/escape.h"
#include "json/python_syntax_internal.h"

#include <fmt/format.h>

#include <simdjson.h>

#include <algorithm>
#include <map>
#include <utility>

namespace assay::json {
namespace {

/// Where Python's own recursion ends.
constexpr std::size_t kMaxDepth = 1000;

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  Result<SyntaxValue> read() {
    ASSIGN_OR_RETURN(SyntaxValue value, read_value(0));
    skip_blanks();
    if (at_ < text_.size()) return broken("nothing more");
    return value;
  }

 private:
  Result<SyntaxValue> read_value(std::size_t depth) {
    skip_blanks();
    const std::size_t begin = at_;
    SyntaxValue value;
    switch (peek()) {
      case '"': {
        value.kind = SyntaxValue::Kind::kText;
        ASSIGN_OR_RETURN(value.text, read_string());
        break;
      }
      case '{': {
        ASSIGN_OR_RETURN(value, read_object(depth + 1));
        break;
      }
      case '[': {
        ASSIGN_OR_RETURN(value, read_list(depth + 1));
        break;
      }
      default: {
        const Scalar scalar = read_scalar(text_.substr(at_));
        if (scalar.kind == ScalarKind::kNone) return broken("a value");
        value.scalar = scalar.kind;
        at_ += scalar.length;
      }
    }
    value.raw = text_.substr(begin, at_ - begin);
    return value;
  }

  Result<SyntaxValue> read_object(std::size_t depth) {
    RETURN_IF_ERROR(enter(depth));
    SyntaxValue object;
    object.kind = SyntaxValue::Kind::kObject;
    if (take('}')) return object;
    do {
      skip_blanks();
      if (peek() != '"') return broken("a name");
      ASSIGN_OR_RETURN(std::string name, read_string());
      if (!take(':')) return broken("':'");
      ASSIGN_OR_RETURN(SyntaxValue value, read_value(depth));
      value.name = std::move(name);
      object.members.push_back(std::move(value));
    } while (take(','));
    if (!take('}')) return broken("',' or '}'");
    unite_namesakes(object);
    return object;
  }

  Result<SyntaxValue> read_list(std::size_t depth) {
    RETURN_IF_ERROR(enter(depth));
    SyntaxValue list;
    list.kind = SyntaxValue::Kind::kList;
    if (take(']')) return list;
    do {
      ASSIGN_OR_RETURN(SyntaxValue value, read_value(depth));
      list.items.push_back(std::move(value));
    } while (take(','));
    if (!take(']')) return broken("',' or ']'");
    return list;
  }

  Status enter(std::size_t depth) {
    if (depth > kMaxDepth) return exhausted(fmt::format("JSON nests deeper than {}", kMaxDepth));
    ++at_;
    return {};
  }

  Result<std::string> read_string() {
    const std::size_t begin = at_ + 1;
    std::size_t end = begin;
    while (end < text_.size() && text_[end] != '"') {
      if (static_cast<unsigned char>(text_[end]) < 0x20) return broken("no control character");
      end += text_[end] == '\\' ? 2 : 1;
    }
    if (end >= text_.size()) return broken("the end of a text");
    std::string decoded;
    if (!append_unescaped(decoded, text_.substr(begin, end - begin)).is_valid) {
      return broken("an escape that JSON knows");
    }
    at_ = end + 1;
    return decoded;
  }

  static void unite_namesakes(SyntaxValue& object) {
    // The views are of names that stay where they are: what is kept goes to a list of its own.
    std::map<std::string_view, std::size_t> places;
    std::vector<std::size_t> last_of_place;
    for (std::size_t i = 0; i < object.members.size(); ++i) {
      const auto [place, is_new] = places.try_emplace(object.members[i].name, last_of_place.size());
      if (is_new) {
        last_of_place.push_back(i);
      } else {
        object.replaced.push_back(object.members[std::exchange(last_of_place[place->second], i)]);
      }
    }
    if (last_of_place.size() == object.members.size()) return;
    std::vector<SyntaxValue> kept;
    kept.reserve(last_of_place.size());
    for (const std::size_t last : last_of_place) kept.push_back(std::move(object.members[last]));
    object.members = std::move(kept);
  }

  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }

  bool take(char expected) {
    skip_blanks();
    if (peek() != expected) return false;
    ++at_;
    return true;
  }

  void skip_blanks() { at_ = std::min(text_.find_first_not_of(" \t\r\n", at_), text_.size()); }

  Error broken(std::string_view expected) const {
    return corrupt(fmt::format("not JSON at byte {}: expected {}", at_, expected));
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace

Result<SyntaxValue> read_python_json(std::string_view text) {
  if (!simdjson::validate_utf8(text)) return corrupt("not JSON: not UTF-8");
  return Reader(text).read();
}

bool is_python_json(std::string_view text) { return read_python_json(text).has_value(); }

}  // namespace assay::json
