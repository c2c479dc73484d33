/// \file
/// The members of a small JSON object that stands in a line already known to be JSON.

#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace assay::history {

/// Goes through the members of one object in order; of two of one name both come.
/// Pre: `object` is JSON as a reader of lines accepts it, NaN and infinities included. Anything
/// else ends the walk early, and never reads beyond the text. Lifetime: views into `object`.
class ObjectMembers {
 public:
  explicit ObjectMembers(std::string_view object);

  /// Move to the next member; false behind the last.
  bool next();
  /// Between its quotes, as it stands in the text.
  std::string_view raw_name() const { return raw_name_; }
  /// The name itself.
  std::string name() const;
  bool has_name(std::string_view wanted) const;
  /// The value as it stands in the text.
  std::string_view raw_value() const { return raw_value_; }

 private:
  std::string_view rest_;
  std::string_view raw_name_;
  std::string_view raw_value_;
};

/// A number as Python's JSON knows it, `NaN` and `-Infinity` too; nothing for any other value.
std::optional<double> number_of(std::string_view raw_value);

/// The value at `name` as a label: texts without their quotes, all else as it stands.
std::optional<std::string> find_label(std::string_view object, std::string_view name);

}  // namespace assay::history
