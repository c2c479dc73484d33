#include "scoring/answer_history.h"

#include "core/shown_text.h"
#include "json/line_scan.h"
#include "json/value.h"
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

// A validator's own record (docs/formats/validator-rounds.md) has a line for each challenge, with
// all who were asked.

/// Who was asked; null when this is no such line.
const json::Value::List* asked_miners(const json::Value& line) {
  const json::Value* const miners = line.find("miners");
  const json::Value* const label = line.find("label");
  if (miners == nullptr || label == nullptr || label->text() == nullptr) return nullptr;
  return miners->list();
}

Result<std::vector<RecordedAnswer>> answers_of_round(const json::Value& line,
                                                     const json::Value::List& miners) {
  ASSIGN_OR_RETURN(const std::string label, line.require_text("label"));
  if (label != "roadwork" && label != "none") {
    return invalid_input("\"label\" of a challenge: expected roadwork or none");
  }
  ASSIGN_OR_RETURN(const std::int64_t challenge, line.require_integer("challenge"));
  std::vector<RecordedAnswer> answers;
  for (const json::Value& miner : miners) {
    ASSIGN_OR_RETURN(const std::string reply, miner.require_text("reply"));
    // The validator stopped first: nobody was blamed.
    if (reply == "not_awaited") continue;
    RecordedAnswer answer{.challenge = fmt::format("{}", challenge)};
    ASSIGN_OR_RETURN(const std::int64_t uid, miner.require_integer("uid"));
    if (!std::in_range<Uid>(uid)) {
      return invalid_input("\"uid\" of a challenge: expected 0 to 65535");
    }
    answer.uid = static_cast<Uid>(uid);
    ASSIGN_OR_RETURN(answer.hotkey, miner.require_text("hotkey"));
    answer.answer.label = label == "roadwork" ? Label::kPresent : Label::kAbsent;
    if (reply == "prediction") {
      ASSIGN_OR_RETURN(answer.answer.prediction, miner.require_number("prediction"));
    }
    answers.push_back(std::move(answer));
  }
  return answers;
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

Result<std::vector<RecordedAnswer>> AnswerLineReader::read_all(std::string_view line) {
  if (line.contains("\"miners\"")) {
    const auto value = json::parse(line);
    const auto* const miners = value ? asked_miners(*value) : nullptr;
    if (miners != nullptr) return answers_of_round(*value, *miners);
  }
  ASSIGN_OR_RETURN(RecordedAnswer answer, read(line));
  return std::vector<RecordedAnswer>{std::move(answer)};
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
    auto answers = reader.read_all(line);
    if (!answers) {
      ++counts.num_bad_lines;
      on_bad_line(fmt::format("{} line {}: {}", path.native(), number, answers.error().message));
      return {};
    }
    for (RecordedAnswer& answer : *answers) {
      ++counts.num_answers;
      answer.line = number;
      RETURN_IF_ERROR(on_answer(answer));
    }
    return {};
  };
  ASSIGN_OR_RETURN(const auto read, record_files::read_lines(file_system, path, take, stop));
  static_cast<void>(read);
  return counts;
}

}  // namespace assay::scoring
