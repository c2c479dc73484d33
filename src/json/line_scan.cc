#include "json/line_scan.h"

#include "core/check.h"
#include "json/line_shapes_internal.h"
#include "json/line_walk_internal.h"
#include "json/path_tree_internal.h"
#include "json/python_syntax_internal.h"

#include <simdjson.h>

#include <algorithm>
#include <bit>

namespace assay::json {

struct LineScan::State {
  explicit State(std::span<const std::string_view> paths) : tree(paths), shapes(paths.size()) {
    const auto error = simdjson::get_active_implementation()->create_dom_parser_implementation(
        0, kMaxLineDepth, marker);
    CHECK(error == simdjson::SUCCESS, "an empty parser needs hardly any memory");
  }

  /// Marks the structure of `line`; none when simdjson refuses it.
  Marks mark(std::string_view line) const;

  std::unique_ptr<simdjson::internal::dom_parser_implementation> marker;
  PathTree tree;
  LineShapes shapes;
  std::string decoded;
  std::uint64_t line_number = 0;
};

Marks LineScan::State::mark(std::string_view line) const {
  if (marker->capacity() < line.size()) {
    const std::size_t capacity = std::bit_ceil(std::max<std::size_t>(line.size(), 4096));
    CHECK(marker->set_capacity(capacity) == simdjson::SUCCESS, "lines have a limit");
  }
  const auto error = marker->stage1(reinterpret_cast<const std::uint8_t*>(line.data()), line.size(),
                                    simdjson::stage1_mode::regular);
  if (error != simdjson::SUCCESS) return {};
  return {marker->structural_indexes.get(), marker->n_structural_indexes};
}

namespace {

/// What is wrong with a line that is no object, which is rare.
LineVerdict judge_refused(std::string_view line) {
  if (line.find_first_not_of(" \t\r\n") == std::string_view::npos) return LineVerdict::kBlank;
  if (!simdjson::validate_utf8(line)) return LineVerdict::kBadUtf8;
  return is_python_json(line) ? LineVerdict::kNoObject : LineVerdict::kBadJson;
}

LineVerdict judge_read(const LineWalk::Oddities& oddities) {
  if (oddities.has_nan) return LineVerdict::kReadWithNan;
  if (oddities.has_big_integer) return LineVerdict::kReadWithBigInteger;
  if (oddities.has_lone_surrogate) return LineVerdict::kReadWithSurrogate;
  return LineVerdict::kRead;
}

}  // namespace

LineScan::LineScan(std::span<const std::string_view> paths)
    : state_(std::make_unique<State>(paths)), fields_(paths.size()) {}
LineScan::LineScan(LineScan&&) noexcept = default;
LineScan::~LineScan() = default;

// The others have been absent from the beginning.
void LineScan::forget_fields() {
  for (const std::size_t field : state_->tree.root().fields_below) fields_[field] = Field();
}

LineVerdict LineScan::scan(std::string_view line) {
  forget_fields();
  if (line.size() > kMaxLineSize) return LineVerdict::kTooLong;
  state_->decoded.clear();
  state_->decoded.reserve(line.size() + kNameReadAhead);
  if (state_->shapes.read(line, fields_, state_->decoded)) return LineVerdict::kRead;
  forget_fields();
  return scan_unknown(line);
}

/// A line without a known shape. Pre: the fields are absent.
LineVerdict LineScan::scan_unknown(std::string_view line) {
  const Marks marks = state_->mark(line);
  if (marks.empty() || line[marks.front()] != '{') return judge_refused(line);
  state_->decoded.clear();
  ++state_->line_number;
  LineWalk walk(line, state_->line_number, state_->tree, fields_, state_->decoded);
  if (!walk.walk(marks)) {
    forget_fields();
    return LineVerdict::kBadJson;
  }
  const LineVerdict verdict = judge_read(walk.oddities());
  if (verdict == LineVerdict::kRead && !walk.has_namesakes()) {
    state_->shapes.learn(line, marks, state_->tree);
  }
  return verdict;
}

}  // namespace assay::json
