#include "history/object_members_internal.h"
#include "json/value.h"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <limits>
#include <system_error>

namespace assay::history {
namespace {

constexpr std::string_view kBlanks = " \t\r\n";

void skip_blanks(std::string_view& text) {
  text.remove_prefix(std::min(text.find_first_not_of(kBlanks), text.size()));
}

/// The length of the string literal that `text` begins with, quotes included; 0 when it has no end.
std::size_t literal_length(std::string_view text) {
  for (std::size_t at = 1; at < text.size(); ++at) {
    if (text[at] == '\\') {
      ++at;
    } else if (text[at] == '"') {
      return at + 1;
    }
  }
  return 0;
}

/// The length of the value that `text` begins with; 0 when it has no end.
std::size_t value_length(std::string_view text) {
  if (text.starts_with('"')) return literal_length(text);
  if (!text.starts_with('{') && !text.starts_with('[')) {
    return std::min(text.find_first_of(",}] \t\r\n"), text.size());
  }
  std::size_t depth = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char character = text[at];
    if (character == '"') {
      const std::size_t length = literal_length(text.substr(at));
      if (length == 0) return 0;
      at += length - 1;
    } else if (character == '{' || character == '[') {
      ++depth;
    } else if ((character == '}' || character == ']') && --depth == 0) {
      return at + 1;
    }
  }
  return 0;
}

/// What a string literal says; as it stands when it says nothing that UTF-8 can.
std::string decoded(std::string_view literal) {
  if (literal.contains('\\')) {
    const auto value = json::parse(literal);
    if (value && value->text() != nullptr) return *value->text();
  }
  return std::string(literal.substr(1, literal.size() - 2));
}

}  // namespace

ObjectMembers::ObjectMembers(std::string_view object) : rest_(object) {
  skip_blanks(rest_);
  if (rest_.starts_with('{')) {
    rest_.remove_prefix(1);
  } else {
    rest_ = {};
  }
}

bool ObjectMembers::next() {
  skip_blanks(rest_);
  if (rest_.starts_with(',')) rest_.remove_prefix(1);
  skip_blanks(rest_);
  if (!rest_.starts_with('"')) return false;
  const std::size_t name_length = literal_length(rest_);
  if (name_length == 0) return false;
  raw_name_ = rest_.substr(1, name_length - 2);
  rest_.remove_prefix(name_length);
  skip_blanks(rest_);
  if (!rest_.starts_with(':')) return false;
  rest_.remove_prefix(1);
  skip_blanks(rest_);
  const std::size_t length = value_length(rest_);
  if (length == 0) return false;
  raw_value_ = rest_.substr(0, length);
  rest_.remove_prefix(length);
  return true;
}

std::string ObjectMembers::name() const {
  // The name lies between its quotes.
  return decoded({raw_name_.data() - 1, raw_name_.size() + 2});
}

bool ObjectMembers::has_name(std::string_view wanted) const {
  return raw_name_ == wanted || (raw_name_.contains('\\') && name() == wanted);
}

std::optional<double> number_of(std::string_view raw_value) {
  if (raw_value == "NaN") return std::numeric_limits<double>::quiet_NaN();
  if (raw_value == "Infinity") return std::numeric_limits<double>::infinity();
  if (raw_value == "-Infinity") return -std::numeric_limits<double>::infinity();
  if (raw_value.empty() || raw_value.find_first_of("+-.eE0123456789") != 0) return std::nullopt;
  double number = 0.0;
  const char* end = raw_value.data() + raw_value.size();
  const auto [stop, problem] = std::from_chars(raw_value.data(), end, number);
  if (stop != end) return std::nullopt;
  if (problem == std::errc::result_out_of_range) {
    // Python reads 1e999 as infinity and 1e-999 as zero.
    const std::size_t exponent = raw_value.find_first_of("eE");
    const bool is_tiny =
        exponent != std::string_view::npos && raw_value.substr(exponent + 1).starts_with('-');
    number = is_tiny ? 0.0 : std::numeric_limits<double>::infinity();
    return raw_value.starts_with('-') ? -number : number;
  }
  if (problem != std::errc()) return std::nullopt;
  return number;
}

std::optional<std::string> find_label(std::string_view object, std::string_view name) {
  std::optional<std::string> found;
  for (ObjectMembers members(object); members.next();) {
    if (!members.has_name(name)) continue;
    const std::string_view value = members.raw_value();
    found = value.starts_with('"') ? decoded(value) : std::string(value);
  }
  return found;
}

}  // namespace assay::history
