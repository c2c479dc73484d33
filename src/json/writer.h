/// \file
/// Writes JSON text piece by piece, without a tree in memory.

#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace assay::json {

enum class Layout {
  kCompact,  ///< No blanks: one line for one record.
  kPretty,   ///< Two blanks a level and one member a line, as Python's json.dumps(indent=2).
};

/// `writer.begin_object().name("rows").integer(5).end_object()`, then take(). Calls in an order
/// that gives no JSON are a bug of ours and end the process. Text that is not UTF-8 gets U+FFFD in
/// place of the wrong bytes. Threads: one thread at a time.
class Writer {
 public:
  explicit Writer(Layout layout = Layout::kCompact) : layout_(layout) {}

  Writer& begin_object();
  Writer& end_object();
  Writer& begin_list();
  Writer& end_list();
  /// The name of the member that the next call writes.
  Writer& name(std::string_view name);

  Writer& text(std::string_view value);
  Writer& integer(std::int64_t value);
  Writer& unsigned_integer(std::uint64_t value);
  /// The shortest text that reads back the same double; null for what JSON cannot say (nan, inf).
  Writer& number(double value);
  Writer& boolean(bool value);
  Writer& null();
  /// JSON text as it stands. Pre: one value.
  Writer& raw(std::string_view value);

  /// What was written since the last take(); the writer goes on where it was, so that a long list
  /// can leave in parts.
  std::string take();
  std::size_t size() const { return json_.size(); }
  /// Whether exactly one whole value was written.
  bool is_complete() const { return open_.empty() && has_root_; }

 private:
  enum class Container : std::uint8_t { kObject, kList };
  struct Open {
    Container container;
    bool is_empty = true;
  };

  /// Put the comma and the blanks that stand in front of a value or a name.
  void separate();
  void start_value();
  void new_line();
  Writer& begin(Container container, char bracket);
  Writer& end(Container container, char bracket);
  Writer& plain(std::string_view value);

  Layout layout_;
  std::string json_;
  std::vector<Open> open_;
  bool has_root_ = false;
  bool has_name_ = false;
};

}  // namespace assay::json
