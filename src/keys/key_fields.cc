#include "core/hex.h"
#include "keys/key_fields_internal.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>

namespace assay::keys {
namespace {

/// Every writer of key files stays far below.
constexpr std::size_t kMaxFields = 64;

class FieldReader {
 public:
  explicit FieldReader(std::string_view json) : json_(json) {}

  Result<std::vector<KeyField>> read() {
    std::vector<KeyField> fields;
    RETURN_IF_ERROR(expect('{'));
    skip_blanks();
    if (!take('}')) {
      do {
        if (fields.size() == kMaxFields) return refuse("more members than any key file has");
        ASSIGN_OR_RETURN(const KeyField field, read_member());
        if (std::ranges::find(fields, field.name, &KeyField::name) != fields.end()) {
          return refuse("a second member of one name");
        }
        fields.push_back(field);
        skip_blanks();
      } while (take(','));
      RETURN_IF_ERROR(expect('}'));
    }
    skip_blanks();
    if (position_ != json_.size()) return refuse("text after the object");
    return fields;
  }

 private:
  Error refuse(std::string_view what) const {
    return corrupt(
        fmt::format("not the JSON object of a key file: {} at byte {}", what, position_));
  }

  void skip_blanks() {
    const std::size_t end = json_.find_first_not_of(" \t\r\n", position_);
    position_ = end == std::string_view::npos ? json_.size() : end;
  }

  bool take(char wanted) {
    if (position_ == json_.size() || json_[position_] != wanted) return false;
    ++position_;
    return true;
  }

  Status expect(char wanted) {
    skip_blanks();
    if (take(wanted)) return {};
    return refuse(fmt::format("no '{}'", wanted));
  }

  Result<KeyField> read_member() {
    skip_blanks();
    ASSIGN_OR_RETURN(const std::string_view name, read_text());
    RETURN_IF_ERROR(expect(':'));
    skip_blanks();
    if (position_ == json_.size()) return refuse("no value");
    if (json_[position_] == '"') {
      ASSIGN_OR_RETURN(const std::string_view value, read_text());
      return KeyField{.name = name, .kind = FieldKind::kText, .value = value};
    }
    for (const std::string_view word : {"true", "false", "null"}) {
      if (!json_.substr(position_).starts_with(word)) continue;
      position_ += word.size();
      return KeyField{.name = name,
                      .kind = word == "null" ? FieldKind::kNull : FieldKind::kBoolean,
                      .value = word};
    }
    return read_number(name);
  }

  Result<std::string_view> read_text() {
    if (!take('"')) return refuse("no text in quotes");
    const std::size_t start = position_;
    while (position_ < json_.size() && json_[position_] != '"') {
      const char character = json_[position_];
      if (static_cast<unsigned char>(character) < 0x20) return refuse("a control character");
      ++position_;
      if (character == '\\') RETURN_IF_ERROR(skip_escape());
    }
    const std::string_view text = json_.substr(start, position_ - start);
    if (!take('"')) return refuse("a text without end");
    return text;
  }

  Status skip_escape() {
    if (position_ == json_.size()) return refuse("a text without end");
    const char kind = json_[position_++];
    if (kind != 'u') {
      if (std::string_view("\"\\/bfnrt").contains(kind)) return {};
      return refuse("an unknown escape");
    }
    for (int i = 0; i < 4; ++i, ++position_) {
      if (position_ == json_.size() || !hex_digit(json_[position_])) {
        return refuse("an escape without its four digits");
      }
    }
    return {};
  }

  std::size_t skip_digits() {
    const std::size_t start = position_;
    while (position_ < json_.size() && json_[position_] >= '0' && json_[position_] <= '9') {
      ++position_;
    }
    return position_ - start;
  }

  Result<KeyField> read_number(std::string_view name) {
    const std::size_t start = position_;
    take('-');
    const bool leads_with_zero = position_ < json_.size() && json_[position_] == '0';
    const std::size_t num_digits = skip_digits();
    if (num_digits == 0) return refuse("no text, number, boolean or null");
    if (leads_with_zero && num_digits > 1) return refuse("a number with a leading zero");
    if (take('.') && skip_digits() == 0) return refuse("a number that ends with its point");
    if (take('e') || take('E')) {
      if (!take('+')) take('-');
      if (skip_digits() == 0) return refuse("a number without its exponent");
    }
    return KeyField{
        .name = name, .kind = FieldKind::kNumber, .value = json_.substr(start, position_ - start)};
  }

  std::string_view json_;
  std::size_t position_ = 0;
};

}  // namespace

Result<std::vector<KeyField>> read_key_fields(std::string_view json) {
  return FieldReader(json).read();
}

std::optional<KeyField> find_field(const std::vector<KeyField>& fields, std::string_view name) {
  const auto found = std::ranges::find(fields, name, &KeyField::name);
  if (found == fields.end() || found->kind == FieldKind::kNull) return std::nullopt;
  return *found;
}

}  // namespace assay::keys
