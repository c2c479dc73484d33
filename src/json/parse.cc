#include "json/python_syntax_internal.h"
#include "json/value.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <charconv>
#include <limits>

namespace assay::json {
namespace {

/// Builds a Value from nlohmann's events, so that depth is bounded before anything nests and no
/// text of the input reaches a message.
class Builder final : public nlohmann::json_sax<nlohmann::json> {
 public:
  explicit Builder(const ParseLimits& limits) : limits_(&limits) {}

  bool null() override { return add(Value()); }
  bool boolean(bool value) override { return add(Value(value)); }
  bool number_integer(number_integer_t value) override { return add(Value(value)); }
  bool number_unsigned(number_unsigned_t value) override {
    if (value > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
      return add(Value(static_cast<double>(value)));
    }
    return add(Value(static_cast<std::int64_t>(value)));
  }
  bool number_float(number_float_t value, const string_t& /*text*/) override {
    return add(Value(value));
  }
  bool string(string_t& value) override { return add(Value(std::move(value))); }
  bool binary(binary_t& /*value*/) override { return false; }  // never of JSON text

  bool start_object(std::size_t /*size*/) override { return open(Value::Object()); }
  bool start_array(std::size_t /*size*/) override { return open(Value::List()); }
  bool key(string_t& name) override {
    open_.back().name = std::move(name);
    return true;
  }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }

  bool parse_error(std::size_t position, const std::string& /*token*/,
                   const nlohmann::json::exception& exception) override {
    // The exception's own text quotes the input. 406 is a number beyond a double.
    error_ = corrupt(exception.id == 406
                         ? fmt::format("a number beyond a double before byte {}", position)
                         : fmt::format("not JSON at byte {}", position));
    return false;
  }

  Result<Value> take() && {
    if (error_) return std::move(*error_);
    return std::move(root_);
  }

 private:
  struct Open {
    std::variant<Value::List, Value::Object> content;
    std::string name;  // of the member being read
  };

  bool open(std::variant<Value::List, Value::Object> content) {
    if (open_.size() >= limits_->max_depth) {
      error_ = exhausted(fmt::format("JSON nests deeper than {}", limits_->max_depth));
      return false;
    }
    open_.push_back({std::move(content), {}});
    return true;
  }

  bool close() {
    Open closed = std::move(open_.back());
    open_.pop_back();
    if (auto* list = std::get_if<Value::List>(&closed.content)) return add(Value(std::move(*list)));
    return add(Value(std::get<Value::Object>(std::move(closed.content))));
  }

  bool add(Value value) {
    if (open_.empty()) {
      root_ = std::move(value);
    } else if (auto* list = std::get_if<Value::List>(&open_.back().content)) {
      list->push_back(std::move(value));
    } else {
      std::get<Value::Object>(open_.back().content)
          .insert_or_assign(std::move(open_.back().name), std::move(value));
    }
    return true;
  }

  const ParseLimits* limits_;
  std::vector<Open> open_;
  Value root_;
  std::optional<Error> error_;
};

Status check_size(std::string_view text, ByteCount max_size) {
  if (text.size() <= max_size.count()) return {};
  return exhausted(fmt::format("JSON of {} is over the limit of {}",
                               to_string(ByteCount(text.size())), to_string(max_size)));
}

/// Pre: UTF-8, but for lone surrogates of three bytes.
std::string without_surrogates(std::string text) {
  constexpr char kLead = '\xed';
  constexpr unsigned char kFirstOfSurrogate = 0xa0;
  for (std::size_t at = text.find(kLead); at != std::string::npos; at = text.find(kLead, at + 3)) {
    const bool is_lone = static_cast<unsigned char>(text[at + 1]) >= kFirstOfSurrogate;
    if (is_lone) text.replace(at, 3, "\ufffd");
  }
  return text;
}

Value scalar_value(const SyntaxValue& scalar) {
  switch (scalar.scalar) {
    case ScalarKind::kNone:
    case ScalarKind::kNull:
      break;
    case ScalarKind::kTrue:
    case ScalarKind::kFalse:
      return Value(scalar.scalar == ScalarKind::kTrue);
    case ScalarKind::kInteger: {
      std::int64_t integer = 0;
      std::from_chars(scalar.raw.data(), scalar.raw.data() + scalar.raw.size(), integer);
      return Value(integer);
    }
    case ScalarKind::kBigInteger:
    case ScalarKind::kReal:
      return Value(number_of(scalar.raw));
    case ScalarKind::kNan:
      return Value(std::numeric_limits<double>::quiet_NaN());
    case ScalarKind::kInfinity:
      return Value(std::numeric_limits<double>::infinity());
    case ScalarKind::kMinusInfinity:
      return Value(-std::numeric_limits<double>::infinity());
  }
  return {};
}

Value value_of(SyntaxValue syntax) {
  switch (syntax.kind) {
    case SyntaxValue::Kind::kScalar:
      return scalar_value(syntax);
    case SyntaxValue::Kind::kText:
      return Value(without_surrogates(std::move(syntax.text)));
    case SyntaxValue::Kind::kList: {
      Value::List list;
      list.reserve(syntax.items.size());
      for (SyntaxValue& item : syntax.items) list.push_back(value_of(std::move(item)));
      return Value(std::move(list));
    }
    case SyntaxValue::Kind::kObject:
      break;
  }
  Value::Object object;
  for (SyntaxValue& member : syntax.members) {
    std::string name = without_surrogates(std::move(member.name));
    object.insert_or_assign(std::move(name), value_of(std::move(member)));
  }
  return Value(std::move(object));
}

}  // namespace

Result<Value> parse_python(std::string_view text, ByteCount max_size) {
  RETURN_IF_ERROR(check_size(text, max_size));
  ASSIGN_OR_RETURN(SyntaxValue syntax, read_python_json(text));
  return value_of(std::move(syntax));
}

Result<Value> parse(std::string_view text, const ParseLimits& limits) {
  RETURN_IF_ERROR(check_size(text, limits.max_size));
  Builder builder(limits);
  nlohmann::json::sax_parse(text.begin(), text.end(), &builder);
  return std::move(builder).take();
}

}  // namespace assay::json
