/// \file
/// One JSON value, and how to read one from text: for keys, answers of services and our reports.
/// Large data is read by the line instead.

#pragma once

#include "core/bytes.h"
#include "core/limits.h"
#include "core/result.h"

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace assay::json {

/// null, a boolean, a number, a text, a list or an object.
/// A number without point or exponent that fits 64 bits with sign is an integer; every other is a
/// double. Order: members of an object by name. Lifetime: accessors view the value.
class Value {
 public:
  using List = std::vector<Value>;
  using Object = std::map<std::string, Value, std::less<>>;

  Value() = default;
  explicit Value(bool boolean) : content_(boolean) {}
  explicit Value(std::int64_t integer) : content_(integer) {}
  explicit Value(double number) : content_(number) {}
  /// A pointer to characters would silently become a boolean.
  template <typename Pointee>
  explicit Value(Pointee* pointer) = delete;
  explicit Value(std::string text) : content_(std::move(text)) {}
  explicit Value(List list) : content_(std::move(list)) {}
  explicit Value(Object object) : content_(std::move(object)) {}

  bool is_null() const { return std::holds_alternative<std::nullptr_t>(content_); }
  /// Each of these gives nothing when the value is of another kind.
  std::optional<bool> boolean() const;
  std::optional<std::int64_t> integer() const;
  /// Of an integer too.
  std::optional<double> number() const;
  const std::string* text() const { return std::get_if<std::string>(&content_); }
  const List* list() const { return std::get_if<List>(&content_); }
  const Object* object() const { return std::get_if<Object>(&content_); }

  /// The member of this name; null when there is none or this is no object.
  const Value* find(std::string_view name) const;

  /// The member of this name and kind.
  /// Errors: kInvalidInput, which names the member but never shows a value: it may be a secret.
  Result<std::string> require_text(std::string_view name) const;
  Result<std::int64_t> require_integer(std::string_view name) const;
  Result<double> require_number(std::string_view name) const;

  /// "null", "a boolean", "an integer", "a number", "a text", "a list" or "an object".
  std::string_view kind_name() const;

 private:
  std::variant<std::nullptr_t, bool, std::int64_t, double, std::string, List, Object> content_ =
      nullptr;
};

struct ParseLimits {
  std::size_t max_depth = kMaxJsonDepth;
  ByteCount max_size = kMaxJsonSize;
};

/// Read one JSON value with nothing but blanks around it. Of two members of one name the last wins.
/// Errors: kCorrupt (not JSON or not UTF-8; gives the byte, never the text, which may be a secret),
///         kExhausted (over a limit).
Result<Value> parse(std::string_view text, const ParseLimits& limits = {});

/// The same of what Python's json.loads takes, which writes NaN and infinities: a number beyond a
/// double is infinite, a lone surrogate is U+FFFD. A mark of the byte order is refused, as there.
/// Errors: as parse().
Result<Value> parse_python(std::string_view text, ByteCount max_size = kMaxJsonSize);

}  // namespace assay::json
