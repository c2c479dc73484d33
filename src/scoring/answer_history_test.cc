#include "scoring/answer_history.h"

#include "files/atomic_file.h"
#include "files/testing/simulated_file_system.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

namespace assay::scoring {
namespace {

std::string problem_of(std::string_view line) {
  AnswerLineReader reader;
  const auto read = reader.read(line);
  return read ? "read" : read.error().message;
}

TEST(AnswerHistory, ReadsEveryKindOfPrediction) {
  AnswerLineReader reader;
  const auto valid = reader.read(R"({"uid": 7, "hotkey": "5G", "label": 1, "prediction": 0.25})");
  ASSERT_TRUE(valid) << valid.error().message;
  EXPECT_EQ(valid->uid, 7);
  EXPECT_EQ(valid->hotkey, "5G");
  EXPECT_EQ(valid->answer.label, Label::kPresent);
  EXPECT_EQ(valid->answer.prediction, 0.25);
  EXPECT_EQ(valid->challenge, "");
  const auto silent =
      reader.read(R"({"uid": 7, "hotkey": "5G", "label": 0, "prediction": null, "challenge": 12})");
  ASSERT_TRUE(silent);
  EXPECT_TRUE(silent->answer.is_silent());
  EXPECT_EQ(silent->challenge, "12");
  for (const std::string nan : {"NaN", "\"NaN\""}) {
    const auto read =
        reader.read(R"({"uid": 7, "hotkey": "5G", "label": 0, "prediction": )" + nan + "}");
    ASSERT_TRUE(read) << nan << read.error().message;
    EXPECT_TRUE(std::isnan(*read->answer.prediction)) << nan;
  }
}

TEST(AnswerHistory, SaysWhatIsWrongWithALine) {
  EXPECT_EQ(problem_of("{"), "not JSON");
  EXPECT_EQ(problem_of("[1]"), "JSON, but not an object");
  EXPECT_EQ(problem_of(R"({"hotkey": "5G"})"),
            "\"uid\" missing; expected an integer from 0 to 65535");
  EXPECT_EQ(problem_of(R"({"uid": 65536, "hotkey": "5G"})"),
            "\"uid\" is \"65536\"; expected an integer from 0 to 65535");
  EXPECT_EQ(problem_of(R"({"uid": 1, "hotkey": ""})"), R"("hotkey" is "\"\""; expected a text)");
  EXPECT_EQ(problem_of(R"({"uid": 1, "hotkey": "5G", "label": 2})"),
            "\"label\" is \"2\"; expected 0 or 1");
  EXPECT_EQ(problem_of(R"({"uid": 1, "hotkey": "5G", "label": 1})"),
            "\"prediction\" missing; expected a number, or null for silence");
  EXPECT_EQ(problem_of(R"({"uid": 1, "hotkey": "5G", "label": 1, "prediction": true})"),
            "\"prediction\" is \"true\"; expected a number, or null for silence");
  EXPECT_EQ(
      problem_of(R"({"uid": 1, "hotkey": "5G", "label": 1, "prediction": 1, "challenge": []})"),
      "\"challenge\" is \"[]\"; expected a text or an integer");
}

TEST(AnswerHistory, ABadLineCostsItself) {
  files::testing::SimulatedFileSystem file_system;
  const std::string good = R"({"uid": 1, "hotkey": "5G", "label": 1, "prediction": 1})";
  ASSERT_TRUE(files::write_file(file_system, "/a.jsonl", good + "\n\n  \nbad\n" + good));
  std::vector<std::uint64_t> lines;
  std::vector<std::string> problems;
  const auto counts = read_answer_history(
      file_system, "/a.jsonl",
      [&](const RecordedAnswer& recorded) -> Status {
        lines.push_back(recorded.line);
        return {};
      },
      [&](std::string_view problem) { problems.emplace_back(problem); }, {});
  ASSERT_TRUE(counts) << counts.error().message;
  EXPECT_EQ(counts->num_answers, 2U);
  EXPECT_EQ(counts->num_bad_lines, 1U);
  EXPECT_EQ(lines, (std::vector<std::uint64_t>{1, 5}));
  EXPECT_EQ(problems, (std::vector<std::string>{"/a.jsonl line 4: not JSON"}));
}

TEST(AnswerHistory, TakesTheRecordOfAValidator) {
  AnswerLineReader reader;
  const auto answers = reader.read_all(
      R"({"challenge":17,"round":3,"label":"roadwork","miners":[)"
      R"({"uid":3,"hotkey":"a","reply":"prediction","prediction":0.25,"latency_ms":16},)"
      R"({"uid":4,"hotkey":"b","reply":"timeout","prediction":null,"latency_ms":9000},)"
      R"({"uid":5,"hotkey":"c","reply":"not_awaited","prediction":null,"latency_ms":0}]})");
  ASSERT_TRUE(answers) << answers.error().message;
  ASSERT_EQ(answers->size(), 2U);
  EXPECT_EQ((*answers)[0].uid, 3);
  EXPECT_EQ((*answers)[0].hotkey, "a");
  EXPECT_EQ((*answers)[0].challenge, "17");
  EXPECT_EQ((*answers)[0].answer.label, Label::kPresent);
  EXPECT_EQ((*answers)[0].answer.prediction, 0.25);
  EXPECT_EQ((*answers)[1].uid, 4);
  EXPECT_EQ((*answers)[1].answer.prediction, std::nullopt);
  const auto wrong = reader.read_all(R"({"challenge":1,"label":"none","miners":[{"uid":70000}]})");
  ASSERT_FALSE(wrong);
  EXPECT_TRUE(wrong.error().message.contains("reply")) << wrong.error().message;
}

}  // namespace
}  // namespace assay::scoring
