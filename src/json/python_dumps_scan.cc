#include "json/plain_text.h"
#include "json/python_dumps_scan_internal.h"
#include "json/python_repr.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>

namespace assay::json {
namespace {

constexpr int kMaxScanDepth = 8;
constexpr std::size_t kMaxScanMembers = 32;
/// Python refuses integers of thousands of digits.
constexpr std::size_t kMaxScanDigits = 18;

bool is_python_integer(std::string_view text) {
  text.remove_prefix(text.starts_with('-') && text != "-0" ? 1 : 0);
  if (text.empty() || text.size() > kMaxScanDigits) return false;
  if (text.front() == '0') return text.size() == 1;
  return std::ranges::all_of(text, [](char digit) { return digit >= '0' && digit <= '9'; });
}

/// Each take_...() says whether what comes next is in Python's form, and goes behind it.
class DumpsScan {
 public:
  explicit DumpsScan(std::string_view text) : rest_(text) {}

  bool is_at_end() const { return rest_.empty(); }

  bool take_value(int depth) {
    if (rest_.empty() || depth > kMaxScanDepth) return false;
    switch (rest_.front()) {
      case '{':
        return take_object(depth);
      case '[':
        return take_list(depth);
      case '"':
        return take_text();
      default:
        return take_scalar();
    }
  }

 private:
  bool take(std::string_view expected) {
    if (!rest_.starts_with(expected)) return false;
    rest_.remove_prefix(expected.size());
    return true;
  }

  bool take_text() {
    if (!take("\"")) return false;
    rest_.remove_prefix(plain_length(rest_));
    return take("\"");
  }

  bool take_scalar() {
    // find_first_of() calls memchr() for each character.
    const auto* const end = std::ranges::find_if(
        rest_, [](char next) { return next == ',' || next == ']' || next == '}'; });
    const std::string_view scalar(rest_.begin(), end);
    rest_.remove_prefix(scalar.size());
    return scalar == "null" || scalar == "true" || scalar == "false" || is_python_integer(scalar) ||
           is_python_repr(scalar);
  }

  bool take_list(int depth) {
    if (take("[]")) return true;
    rest_.remove_prefix(1);
    do {
      if (!take_value(depth + 1)) return false;
    } while (take(", "));
    return take("]");
  }

  bool take_object(int depth) {
    if (take("{}")) return true;
    rest_.remove_prefix(1);
    std::array<std::string_view, kMaxScanMembers> names;
    std::size_t num_names = 0;
    do {
      const std::string_view before = rest_;
      if (num_names == names.size() || !take_text()) return false;
      const std::string_view name = before.substr(0, before.size() - rest_.size());
      // Of namesakes Python keeps one.
      const auto taken = std::span(names).first(num_names);
      if (std::ranges::find(taken, name) != taken.end()) return false;
      names.at(num_names++) = name;
      if (!take(": ") || !take_value(depth + 1)) return false;
    } while (take(", "));
    return take("}");
  }

  std::string_view rest_;
};

}  // namespace

bool is_python_dumps(std::string_view text) {
  DumpsScan scan(text);
  return scan.take_value(0) && scan.is_at_end();
}

}  // namespace assay::json
