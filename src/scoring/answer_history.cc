#include "scoring/answer_history.h"

#include "core/shown_text.h"
#include "json/line_scan.h"
#include "record_files/line_reader.h"

#include <fmt/format.h>

#include <array>
#include <limits>
#include <optional>
#include <tuple>
#include <utility>

namespace assay::scoring {
namespace {

using json::Field;
using json::FieldKind;
using json::LineVerdict;

constexpr std::array<std::string_view, 5> kPaths = {"uid", "hotkey", "label", "prediction",
                                                    "challenge"};

Error bad_field(std::string_view name, const Field& field, std::string_view expected) {
  const std::string found =
      field.kind == FieldKind::kAbsent ? "missing" : "is " + shown_text(field.raw);
  return invalid_input(fmt::format("\"{}\" {}; expected {}", name, found, expected));
}

std::string_view problem_of(LineVerdict verdict) {
  switch (verdict) {
    case LineVerdict::kBadUtf8:
      return "not UTF-8";
    case LineVerdict::kNoObject:
      return "JSON, but not an object";
    case LineVerdict::kTooLong:
      return "too long for an answer";
    default:
      return "not JSON";
  }
}

/// JSON has no NaN and no infinities: some writers put the bare words, others the words as text.
std::optional<double> number_of(const Field& field) {
  if (field.is_number()) return field.number;
  if (field.kind != FieldKind::kText) return std::nullopt;
  if (field.text == "NaN") return std::numeric_limits<double>::quiet_NaN();
  if (field.text == "Infinity") return std::numeric_limits<double>::infinity();
  if (field.text == "-Infinity") return -std::numeric_limits<double>::infinity();
  return std::nullopt;
}

}  // namespace

struct AnswerLineReader::State {
  json::LineScan scan{kPaths};
  std::string padded;
};

AnswerLineReader::AnswerLineReader() : state_(std::make_unique<State>()) {}
AnswerLineReader::AnswerLineReader(AnswerLineReader&&) noexcept = default;
AnswerLineReader::~AnswerLineReader() = default;

Result<RecordedAnswer> AnswerLineReader::read(std::string_view line) {
  state_->padded.assign(line);
  state_->padded.append(json::LineScan::kPadding, '\0');
  const auto verdict = state_->scan.scan(std::string_view(state_->padded).substr(0, line.size()));
  if (verdict >= LineVerdict::kBlank) return invalid_input(std::string(problem_of(verdict)));
  const auto fields = state_->scan.fields();
  const auto& [uid, hotkey, label, prediction, challenge] =
      std::tie(fields[0], fields[1], fields[2], fields[3], fields[4]);

  RecordedAnswer answer;
  if (uid.kind != FieldKind::kInteger || !std::in_range<Uid>(uid.integer)) {
    return bad_field(kPaths[0], uid, "an integer from 0 to 65535");
  }
  answer.uid = static_cast<Uid>(uid.integer);
  if (hotkey.kind != FieldKind::kText || hotkey.text.empty()) {
    return bad_field(kPaths[1], hotkey, "a text");
  }
  answer.hotkey = hotkey.text;
  if (!label.is_number() || (label.number != 0 && label.number != 1)) {
    return bad_field(kPaths[2], label, "0 or 1");
  }
  answer.answer.label = label.number == 1 ? Label::kPresent : Label::kAbsent;
  if (prediction.kind != FieldKind::kNull) {
    answer.answer.prediction = number_of(prediction);
    if (!answer.answer.prediction) {
      return bad_field(kPaths[3], prediction, "a number, or null for silence");
    }
  }
  if (challenge.kind == FieldKind::kText || challenge.kind == FieldKind::kInteger) {
    answer.challenge = challenge.kind == FieldKind::kText ? challenge.text : challenge.raw;
  } else if (challenge.is_present()) {
    return bad_field(kPaths[4], challenge, "a text or an integer");
  }
  return answer;
}

Result<AnswerHistoryCounts> read_answer_history(files::FileSystem& file_system,
                                                const std::filesystem::path& path,
                                                const OnAnswer& on_answer,
                                                const OnBadLine& on_bad_line,
                                                const std::stop_token& stop) {
  AnswerHistoryCounts counts;
  AnswerLineReader reader;
  std::uint64_t number = 0;
  const auto take = [&](std::string_view line) -> Status {
    ++number;
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) return {};
    auto answer = reader.read(line);
    if (!answer) {
      ++counts.num_bad_lines;
      on_bad_line(fmt::format("{} line {}: {}", path.native(), number, answer.error().message));
      return {};
    }
    ++counts.num_answers;
    answer->line = number;
    return on_answer(*answer);
  };
  ASSIGN_OR_RETURN(const auto read, record_files::read_lines(file_system, path, take, stop));
  static_cast<void>(read);
  return counts;
}

}  // namespace assay::scoring
