#include "json/python_text.h"

#include "core/check.h"
#include "json/plain_text.h"
#include "json/python_dumps_scan_internal.h"
#include "json/python_repr.h"
#include "json/python_syntax_internal.h"
#include "json/text_step_internal.h"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <utility>

namespace assay::json {
namespace {

constexpr std::uint32_t kReplacement = 0xfffd;

struct CodePoint {
  std::uint32_t value = kReplacement;
  std::size_t length = 1;
};

/// The code point that `text` begins with; surrogates count as ones of three bytes.
CodePoint first_code_point(std::string_view text) {
  constexpr std::array<std::uint32_t, 5> kSmallest = {0, 0, 0x80, 0x800, 0x10000};
  const auto lead = static_cast<unsigned char>(text.front());
  if (lead < 0x80) return {lead, 1};
  std::size_t length = 0;
  if (lead >= 0xc2 && lead < 0xe0) length = 2;
  if (lead >= 0xe0 && lead < 0xf0) length = 3;
  if (lead >= 0xf0 && lead < 0xf5) length = 4;
  if (length == 0 || text.size() < length) return {};
  std::uint32_t value = lead & (0xffU >> (length + 1));
  for (const char character : text.substr(1, length - 1)) {
    const auto byte = static_cast<unsigned char>(character);
    if ((byte & 0xc0U) != 0x80) return {};
    value = (value << 6) | (byte & 0x3fU);
  }
  if (value < kSmallest[length] || value > 0x10ffff) return {};
  return {value, length};
}

/// The longest form of a byte: `\u00e9` of one that is no UTF-8 is `\ufffd`.
constexpr std::size_t kMaxEscapedLength = 6;

char* write_unit(char* to, std::uint32_t unit) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  *to++ = '\\';
  *to++ = 'u';
  for (int shift = 12; shift >= 0; shift -= 4) *to++ = kDigits[(unit >> shift) & 0xfU];
  return to;
}

char* write_escaped(char* to, std::uint32_t code_point) {
  constexpr std::string_view kShort = "\"\\\b\f\n\r\t";
  constexpr std::string_view kLetters = "\"\\bfnrt";
  if (code_point >= 0x10000) {
    const std::uint32_t offset = code_point - 0x10000;
    return write_unit(write_unit(to, 0xd800 + (offset >> 10)), 0xdc00 + (offset & 0x3ffU));
  }
  const std::size_t known =
      code_point < 0x80 ? kShort.find(static_cast<char>(code_point)) : std::string_view::npos;
  if (known == std::string_view::npos) return write_unit(to, code_point);
  *to++ = '\\';
  *to++ = kLetters[known];
  return to;
}

/// Bits of what is not printable ASCII, or a quote or backslash, of the sixteen bytes at `at`.
std::uint32_t unplain_bits(const char* at) {
  constexpr char kDelete = 0x7f;
  return special_bits(at) | equal_bits(at, kDelete);
}

/// The first sixteen bytes, blanks behind the last one.
std::array<char, kTextStep> padded_step(std::string_view text) {
  std::array<char, kTextStep> step;
  step.fill(' ');
  std::memcpy(step.data(), text.data(), text.size());
  return step;
}

/// Write what comes next of `text` until `piece_size` bytes of it are written, and a few more to
/// the end of a step, and go behind it.
/// Pre: room for kMaxEscapedLength for each of piece_size + kTextStep bytes, and for a step more.
char* write_piece(char* to, std::string_view& text, std::size_t piece_size) {
  const std::size_t size_left = text.size() - std::min(text.size(), piece_size);
  while (text.size() > size_left) {
    const std::size_t size = std::min(text.size(), kTextStep);
    std::array<char, kTextStep> padded;
    const char* at = text.data();
    if (size < kTextStep) at = (padded = padded_step(text)).data();
    const std::uint32_t unplain = unplain_bits(at);
    std::memcpy(to, at, kTextStep);
    const std::size_t num_plain =
        unplain == 0 ? size : static_cast<std::size_t>(std::countr_zero(unplain));
    to += num_plain;
    text.remove_prefix(num_plain);
    if (unplain == 0) continue;
    const CodePoint next = first_code_point(text);
    to = write_escaped(to, next.value);
    text.remove_prefix(next.length);
  }
  return to;
}

void append_scalar(std::string& json, const SyntaxValue& value) {
  switch (value.scalar) {
    case ScalarKind::kInteger:
      json += value.raw == "-0" ? "0" : value.raw;
      return;
    case ScalarKind::kReal: {
      const double number = number_of(value.raw);
      if (!std::isinf(number)) {
        json += python_repr(number);
      } else {
        json += number < 0 ? "-Infinity" : "Infinity";
      }
      return;
    }
    default:
      json += value.raw;
  }
}

void append_value(std::string& json, const SyntaxValue& value) {
  std::string_view separator;
  switch (value.kind) {
    case SyntaxValue::Kind::kScalar:
      append_scalar(json, value);
      return;
    case SyntaxValue::Kind::kText:
      append_python_string(json, value.text);
      return;
    case SyntaxValue::Kind::kList:
      json += '[';
      for (const SyntaxValue& item : value.items) {
        json += separator;
        append_value(json, item);
        separator = ", ";
      }
      json += ']';
      return;
    case SyntaxValue::Kind::kObject:
      json += '{';
      for (const SyntaxValue& member : value.members) {
        json += separator;
        append_python_string(json, member.name);
        json += ": ";
        append_value(json, member);
        separator = ", ";
      }
      json += '}';
      return;
  }
}

}  // namespace

std::size_t plain_length(std::string_view text) {
  for (std::size_t start = 0; start < text.size(); start += kTextStep) {
    const std::string_view rest = text.substr(start);
    const std::uint32_t unplain = rest.size() < kTextStep ? unplain_bits(padded_step(rest).data())
                                                          : unplain_bits(rest.data());
    if (unplain != 0) return start + static_cast<std::size_t>(std::countr_zero(unplain));
  }
  return text.size();
}

Status append_python_dumps(std::string& json, std::string_view text) {
  if (is_python_dumps(text)) {
    json += text;
    return {};
  }
  ASSIGN_OR_RETURN(const SyntaxValue value, read_python_json(text));
  append_value(json, value);
  return {};
}

Result<std::string> python_dumps(std::string_view text) {
  std::string json;
  json.reserve(text.size());
  RETURN_IF_ERROR(append_python_dumps(json, text));
  return json;
}

Result<std::vector<RawMember>> python_members(std::string_view object) {
  ASSIGN_OR_RETURN(SyntaxValue value, read_python_json(object));
  if (value.kind != SyntaxValue::Kind::kObject) return corrupt("no JSON object");
  std::vector<RawMember> members;
  members.reserve(value.members.size());
  for (SyntaxValue& member : value.members) {
    members.push_back({.name = std::move(member.name), .value = member.raw});
  }
  return members;
}

void append_python_string(std::string& json, std::string_view text) {
  json += '"';
  while (!text.empty()) {
    // A piece at a time, since room is made for the longest form.
    constexpr std::size_t kPieceSize = 4096;
    const std::size_t size = json.size();
    const std::size_t room =
        (std::min(text.size(), kPieceSize) + kTextStep) * kMaxEscapedLength + kTextStep;
    json.resize_and_overwrite(size + room, [&](char* data, std::size_t) {
      return static_cast<std::size_t>(write_piece(data + size, text, kPieceSize) - data);
    });
  }
  json += '"';
}

double python_round(double value, int num_decimals) {
  // No double has a digit other than 0 behind so many places that this bound would cut.
  constexpr int kMaxDecimals = 323;
  constexpr std::size_t kMaxWholeDigits = 310;
  CHECK(num_decimals >= 0, "rounding to tens and hundreds is nobody's need");
  if (!std::isfinite(value) || num_decimals > kMaxDecimals) return value;
  std::array<char, kMaxWholeDigits + kMaxDecimals + 2> digits;
  const auto [end, error] = std::to_chars(digits.data(), digits.data() + digits.size(), value,
                                          std::chars_format::fixed, num_decimals);
  CHECK(error == std::errc(), "the buffer holds the longest double");
  double rounded = 0.0;
  std::from_chars(digits.data(), end, rounded);
  return rounded;
}

}  // namespace assay::json
