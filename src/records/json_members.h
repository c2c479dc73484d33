/// \file
/// The members of one JSON object with their values as text: what changes one member of a record
/// and keeps all others as they are, unknown ones too.

#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace assay::records {

/// Members in order, of different names. Values are JSON text in Python's form.
class JsonMembers {
 public:
  struct Member {
    std::string name;  // decoded
    std::string value;
  };

  /// Split the text of an object. Nothing when it is none. Values are cut out, not checked within:
  /// brackets match and texts end, no more. Of two members of one name the last value counts, at
  /// the first place.
  static std::optional<JsonMembers> parse(std::string_view object);

  /// The value's text, or null.
  const std::string* find(std::string_view name) const;
  /// Replace the value at its place, or add the member at the end.
  void set(std::string_view name, std::string value);
  /// Each member of `other` as set() does.
  void merge(const JsonMembers& other);
  std::string to_text() const;
  const std::vector<Member>& all() const { return members_; }

  void set_text(std::string_view name, std::string_view value);
  /// null for nothing.
  void set_optional_text(std::string_view name, const std::optional<std::string>& value);
  void set_boolean(std::string_view name, bool value);
  void set_integer(std::string_view name, std::int64_t value);
  void set_optional_integer(std::string_view name, const std::optional<std::int64_t>& value);

 private:
  std::vector<Member> members_;
};

/// What could be read before the first damage.
struct JsonMembersFound {
  JsonMembers members;
  bool is_whole = true;
};
struct JsonItemsFound {
  std::vector<std::string> items;  ///< Their texts.
  bool is_whole = true;
};
JsonMembersFound find_json_members(std::string_view object);
JsonItemsFound find_json_items(std::string_view list);

/// What is at a path of names, or nothing when a part of it is absent or no object.
std::optional<std::string> json_at(const JsonMembers& root, std::span<const std::string_view> path);

/// Merge `members` into the object at `path` of `root`; one that is absent or no object is made.
void merge_at(JsonMembers& root, std::span<const std::string_view> path,
              const JsonMembers& members);

/// A text, an integer, a number or a boolean from its JSON text; nothing when it is another kind.
std::optional<std::string> decode_json_text(std::string_view value);
std::optional<std::int64_t> decode_json_integer(std::string_view value);
std::optional<double> decode_json_number(std::string_view value);
std::optional<bool> decode_json_boolean(std::string_view value);

std::string json_text_of(std::string_view text);

}  // namespace assay::records
