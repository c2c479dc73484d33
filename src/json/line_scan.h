/// \file
/// Chosen fields of one JSON object a line, without a tree in memory: for large JSONL files.

#pragma once

#include "core/result.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace assay::json {

enum class FieldKind : std::uint8_t {
  kAbsent,
  kNull,
  kBoolean,
  kInteger,  ///< Fits 64 bits with sign.
  kNumber,   ///< With point or exponent, an integer over 64 bits, or NaN and infinities.
  kText,
  kObject,
  kList,
};

/// One value of a line. Lifetime: views into the scan, valid until its next line.
struct Field {
  FieldKind kind = FieldKind::kAbsent;
  bool boolean = false;
  std::int64_t integer = 0;  ///< Of kInteger.
  double number = 0.0;       ///< Of kInteger and kNumber.
  /// Of kText: the decoded UTF-8; a lone surrogate is the three bytes of its code point.
  std::string_view text;
  /// The value as it stands in the line, a text with its quotes.
  std::string_view raw;

  bool is_present() const { return kind != FieldKind::kAbsent && kind != FieldKind::kNull; }
  bool is_number() const { return kind == FieldKind::kInteger || kind == FieldKind::kNumber; }
};

/// What a line turned out to be; of several oddities the first in this list.
enum class LineVerdict : std::uint8_t {
  kRead,
  kReadWithNan,         ///< Holds NaN or an infinity, which JSON lacks and Python writes.
  kReadWithBigInteger,  ///< Holds an integer over 64 bits.
  kReadWithSurrogate,   ///< Holds a lone surrogate.
  kBlank,
  kBadJson,
  kBadUtf8,
  kNoObject,
  kTooLong,  ///< Over kMaxLineSize.
};

/// Lines of histories are a few kilobytes, with a long prompt hundreds.
inline constexpr std::size_t kMaxLineSize = 16U << 20;

/// Reads the values at `paths` (`generation.output.num_gaussians`) of each line in one pass; of two
/// members of one name the last wins. A line is read or refused as Python's json.loads does it,
/// also where something is broken that nobody asked for, but for objects nested over 1,000 deep.
/// Threads: one thread at a time; one LineScan a worker.
class LineScan {
 public:
  /// A path may name an object that others go into. An empty path names nothing: its field stays
  /// absent. Pre: paths differ.
  explicit LineScan(std::span<const std::string_view> paths);
  LineScan(LineScan&&) noexcept;
  ~LineScan();

  /// Bytes that must be readable, whatever they hold, behind each line given to scan().
  static constexpr std::size_t kPadding = 64;

  /// Read one line, without its LF. Afterwards fields()[i] is what stands at paths[i].
  /// A line of any other verdict than the four kRead ones leaves all the fields absent.
  LineVerdict scan(std::string_view line);
  std::span<const Field> fields() const { return fields_; }

 private:
  struct State;
  LineVerdict scan_unknown(std::string_view line);
  void forget_fields();

  std::unique_ptr<State> state_;
  std::vector<Field> fields_;
};

}  // namespace assay::json
