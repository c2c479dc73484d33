/// \file
/// Markup as a type of its own: text from outside becomes Html only by being escaped.

#pragma once

#include <string>
#include <string_view>
#include <utility>

namespace assay::report {

/// Markup that stands in our source code. Only a literal converts to it, so that no text from
/// outside can.
class MarkupLiteral {
 public:
  // NOLINTNEXTLINE(google-explicit-constructor): a literal is to be given as it stands.
  consteval MarkupLiteral(const char* markup) : markup_(markup) {}
  constexpr std::string_view markup() const { return markup_; }

 private:
  std::string_view markup_;
};

/// A piece of a page. There are three ways to one: escaped text, a literal of our own, and the
/// blocks, tables and charts of this module.
class Html {
 public:
  Html() = default;
  // NOLINTNEXTLINE(google-explicit-constructor): see MarkupLiteral.
  Html(MarkupLiteral literal) : markup_(literal.markup()) {}

  /// Escape `text`, after visible_text(): it can be neither an element nor end an attribute.
  static Html text(std::string_view text);

  Html& operator+=(const Html& other) {
    markup_ += other.markup_;
    return *this;
  }
  Html& operator+=(MarkupLiteral literal) {
    markup_ += literal.markup();
    return *this;
  }
  friend Html operator+(Html left, const Html& right) {
    left += right;
    return left;
  }

  const std::string& markup() const { return markup_; }
  bool is_empty() const { return markup_.empty(); }

 private:
  friend struct HtmlBuilder;
  std::string markup_;
};

/// `text` in a monospaced face, as names of miners are shown.
Html code(std::string_view text);
/// `text` that stands out.
Html strong(std::string_view text);

}  // namespace assay::report
