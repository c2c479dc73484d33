#include "json/line_scan.h"

#include "core/testing/slowness.h"
#include "json/testing/tree_scan.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace assay::json {
namespace {

constexpr int kNumLines = assay::testing::kSlowness > 1 ? 4'000 : 20'000;
constexpr std::array<std::string_view, 6> kPaths = {"a", "b.c", "b.d", "b", "b.e.f", "long_name.x"};

std::string padded(std::string_view line) {
  std::string text(line);
  // Bytes behind the line that would change it, were they read as part of it.
  text.append(LineScan::kPadding, '7');
  return text;
}

/// One line read, checked against the tree too, with what it views kept.
class Scanned {
 public:
  explicit Scanned(std::string_view line) : text_(padded(line)), scan_(kPaths) {
    const std::string_view view(text_.data(), line.size());
    disagreement_ = testing::find_disagreement(scan_, kPaths, view);
    EXPECT_EQ(disagreement_, std::nullopt) << line;
    verdict_ = scan_.scan(view);
  }
  LineVerdict verdict() const { return verdict_; }
  const Field& a() const { return scan_.fields()[0]; }
  const Field& bc() const { return scan_.fields()[1]; }
  const Field& bd() const { return scan_.fields()[2]; }
  const Field& b() const { return scan_.fields()[3]; }

 private:
  std::string text_;
  LineScan scan_;
  std::optional<std::string> disagreement_;
  LineVerdict verdict_ = LineVerdict::kBlank;
};

TEST(LineScan, ReadsEachKindOfValue) {
  EXPECT_EQ(Scanned(R"({"a": 12})").a().integer, 12);
  EXPECT_EQ(Scanned(R"({"a": -1.5e3})").a().number, -1500.0);
  EXPECT_EQ(Scanned(R"({"a": "x"})").a().text, "x");
  EXPECT_TRUE(Scanned(R"({"a": true})").a().boolean);
  EXPECT_EQ(Scanned(R"({"a": null})").a().kind, FieldKind::kNull);
  EXPECT_EQ(Scanned(R"({"a": [1, {"b": 2}] })").a().raw, R"([1, {"b": 2}])");
  EXPECT_EQ(Scanned(R"({"b": {"c": "in", "d": 1}})").bc().text, "in");
  EXPECT_EQ(Scanned(R"({"z": 1})").a().kind, FieldKind::kAbsent);
}

TEST(LineScan, DecodesEscapesInTextsAndNames) {
  EXPECT_EQ(Scanned(R"({"a": "caf\u00e9 \ud83e\udd16\n\"\\\/"})").a().text,
            "caf\u00e9 \U0001f916\n\"\\/");
  EXPECT_EQ(Scanned(R"({"\u0061": 5})").a().integer, 5);
  EXPECT_EQ(Scanned(R"({"x\"": 1, "a": "y"  , "b": {"\u0063" : "z\t"}})").bc().text, "z\t");
}

TEST(LineScan, ReadsWhatPythonAcceptsBeyondJson) {
  EXPECT_EQ(Scanned(R"({"a": NaN})").verdict(), LineVerdict::kReadWithNan);
  EXPECT_TRUE(std::isnan(Scanned(R"({"a": NaN})").a().number));
  EXPECT_EQ(Scanned(R"({"a": -Infinity})").a().number, -HUGE_VAL);
  EXPECT_EQ(Scanned(R"({"z": [Infinity]})").verdict(), LineVerdict::kReadWithNan);
  const Scanned big(R"({"a": 12345678901234567890})");
  EXPECT_EQ(big.verdict(), LineVerdict::kReadWithBigInteger);
  EXPECT_EQ(big.a().number, 12345678901234567890.0);
  EXPECT_EQ(Scanned(R"({"a": 9223372036854775807})").a().integer, INT64_MAX);
  EXPECT_EQ(Scanned(R"({"a": -9223372036854775808})").a().integer, INT64_MIN);
  const Scanned lone(R"({"a": "x\ud800y"})");
  EXPECT_EQ(lone.verdict(), LineVerdict::kReadWithSurrogate);
  EXPECT_EQ(lone.a().text, "x\xed\xa0\x80y");
  EXPECT_EQ(Scanned(R"({"a": 1e999})").a().number, HUGE_VAL);
  EXPECT_EQ(Scanned(R"({"a": -0.0001e-999})").a().number, 0.0);
}

TEST(LineScan, TakesTheLastOfTwoMembersOfOneName) {
  EXPECT_EQ(Scanned(R"({"a": 1, "a": 2})").a().integer, 2);
  const Scanned twice(R"({"b": {"c": 1}, "b": {"d": 2}})");
  EXPECT_EQ(twice.bc().kind, FieldKind::kAbsent);
  EXPECT_EQ(twice.bd().integer, 2);
  EXPECT_EQ(Scanned(R"({"b": {"c": 1}, "b": 7})").bc().kind, FieldKind::kAbsent);
  EXPECT_EQ(Scanned(R"({"b": {"c": 1}, "b": "t"})").b().text, "t");
  EXPECT_EQ(Scanned(R"({"b": 1, "b": {"c": 3}})").b().raw, R"({"c": 3})");
}

TEST(LineScan, RefusesBrokenJsonAlsoWhereNobodyLooks) {
  for (const std::string_view line : {R"({"z": 01})",
                                      R"({"z": 1.})",
                                      R"({"z": .5})",
                                      R"({"z": +1})",
                                      R"({"z": 1e})",
                                      R"({"z": tru})",
                                      R"({"z": truex})",
                                      R"({"z": true"x"})",
                                      R"({"z": "a" "b"})",
                                      R"({"z": "a"b})",
                                      R"({"z": "\x41"})",
                                      R"({"z": "\u12"})",
                                      R"({"z": [1,]})",
                                      R"({"z": [1 2]})",
                                      R"({"z": {"y" 1}})",
                                      R"({"z": {"y": 1,}})",
                                      R"({"z": {1: 2}})",
                                      R"({"z": -})",
                                      R"({"z": --1})",
                                      R"({"z": nan})",
                                      R"({"z": -NaN})",
                                      R"({"z": 1]})",
                                      R"({"z": [1}})",
                                      R"({"z": 1}})",
                                      R"({"z": 1} {})",
                                      R"({"z": 1)",
                                      R"({"z": )",
                                      R"({"z")",
                                      R"({)",
                                      R"({"z)",
                                      R"({,})",
                                      R"({"z": 1,})",
                                      R"({"z": "a\)",
                                      R"({"z": {"y": {"x": {"w": {"v": 1}})",
                                      R"({"z": [{"y": [{"x": 1}})",
                                      "{\"z\": \"\x01\"}",
                                      "{\"z\":\x0c 1}",
                                      "\xef\xbb\xbf{}",
                                      R"({"\q": 1})",
                                      R"([1)",
                                      R"(x)",
                                      "{\"z\": 1\x1a \"y\":2}"}) {
    EXPECT_EQ(Scanned(line).verdict(), LineVerdict::kBadJson) << line;
  }
}

TEST(LineScan, TellsBadUtf8BlankAndOtherValuesApart) {
  EXPECT_EQ(Scanned("{\"z\": \"\xff\"}").verdict(), LineVerdict::kBadUtf8);
  EXPECT_EQ(Scanned("{\"z\": \"\xed\xa0\x80\"}").verdict(), LineVerdict::kBadUtf8);
  EXPECT_EQ(Scanned("{\"z\": \"\xc3").verdict(), LineVerdict::kBadUtf8);
  EXPECT_EQ(Scanned("").verdict(), LineVerdict::kBlank);
  EXPECT_EQ(Scanned(" \t\r").verdict(), LineVerdict::kBlank);
  EXPECT_EQ(Scanned("[1, 2]").verdict(), LineVerdict::kNoObject);
  EXPECT_EQ(Scanned("12").verdict(), LineVerdict::kNoObject);
  EXPECT_EQ(Scanned(" \"x\" ").verdict(), LineVerdict::kNoObject);
  EXPECT_EQ(Scanned(" {} \r").verdict(), LineVerdict::kRead);
}

TEST(LineScan, LeavesNoFieldOfABrokenLine) {
  EXPECT_EQ(Scanned(R"({"a": 1, "b": )").a().kind, FieldKind::kAbsent);
}

TEST(LineScan, ReadsNestingUpToItsLimit) {
  const auto nested = [](std::size_t depth) {
    return R"({"a": )" + std::string(depth, '[') + std::string(depth, ']') + "}";
  };
  EXPECT_EQ(Scanned(nested(999)).verdict(), LineVerdict::kRead);
  EXPECT_EQ(Scanned(nested(1000)).verdict(), LineVerdict::kBadJson);
}

TEST(LineScan, ReadsManyLinesOfChangingOrder) {
  LineScan scan(kPaths);
  std::mt19937 random(1);
  const std::vector<std::string> members = {
      R"("a": "t\u0041")",
      R"("b": {"d": 1, "c": [], "e": {"f": null}})",
      R"("q": [1, {"a": 2}])",
      R"("b": {"e": {"f": 1.25, "g": ""}, "c": "\ud800"})",
      R"("long_name": {"x": -0.0})",
      R"("a_name_that_is_longer_than_thirty_two_bytes": 12345678901234567890)",
      R"("a": NaN)"};
  for (int i = 0; i < kNumLines; ++i) {
    std::string line = "{";
    for (auto count = random() % 5; count > 0; --count) {
      if (line.size() > 1) line += ", ";
      line += members[random() % members.size()];
    }
    line += '}';
    // Now and then a damaged byte: what it does must be the same both ways.
    if (random() % 2 == 0) {
      constexpr std::string_view kDamage = "\"\\{}[]:,0e-.x \x80";
      line[random() % line.size()] = kDamage[random() % kDamage.size()];
    }
    const std::string text = padded(line);
    EXPECT_EQ(testing::find_disagreement(scan, kPaths, {text.data(), line.size()}), std::nullopt)
        << line;
  }
}

/// Lines as a log has them: one shape, with other values each time; now and then the settings or
/// the shape change.
class LogLines {
 public:
  std::string next() {
    std::string line = R"({"a": )" + value() + R"(, "b": {"c": )" + value() + R"(, "d": )" +
                       value() + R"(, "e": {"f": )" + value() + "}}";
    if (random_() % 8 == 0) line += R"(, "list": [)" + value() + ", {\"x\": " + value() + "}]";
    if (random_() % 64 == 0) ++settings_;
    line += R"(, "settings": {"p": 0.5, "q": [true, null], "r": "caf\u00e9", "s": )" +
            std::to_string(settings_) + "}";
    line += R"(, "stats": {"t": )" + value() + R"(, "u": 1, "v": "x"}, "long_name" : {"x": )" +
            value() + R"(, "y": {}}})";
    return line;
  }

  /// Now and then with a byte that is lost, added or another.
  std::string next_damaged() {
    constexpr std::string_view kDamage = "\"\\{}[]:,0e-.x \x01\x80\xc3";
    std::string line = next();
    const std::size_t at = random_() % line.size();
    const char damage = kDamage[random_() % kDamage.size()];
    switch (random_() % 12) {
      case 0:
        line[at] = damage;
        break;
      case 1:
        line.insert(at, 1, damage);
        break;
      case 2:
        line.erase(at, 1 + (random_() % 3));
        break;
      case 3:
        line.resize(at);
        break;
      default:
        break;
    }
    return line;
  }

 private:
  std::string value() {
    // The first are of every log; at the others a line goes to the parser.
    constexpr std::size_t kNumUsual = 19;
    constexpr std::array<std::string_view, 26> kValues = {
        "null",
        "true",
        "false",
        "0",
        "-1",
        "0.25",
        "-12.125e-3",
        "1E5",
        "123456789012345",
        "1234567890123456",
        "12345678.12345678",
        "123456789012345678",
        "0.1234567890123456789",
        R"("")",
        R"("fifteen bytes..")",
        R"("a text of more than thirty-two bytes, as prompts are")",
        R"("a \"quote\", a \\ and a line\nend, \u00e9 and \ud83e\udd16")",
        "\"caf\u00e9 \U0001f916\"",
        "\"\x7f\"",
        R"("\ud800")",
        "9223372036854775808",
        "NaN",
        "[]",
        "{}",
        R"({"n": 1, "m": 2, "o": 3})",
        R"(["x", 1])",
    };
    const bool is_usual = random_() % 32 != 0;
    return std::string(kValues[random_() % (is_usual ? kNumUsual : kValues.size())]);
  }

  std::mt19937 random_{2};
  int settings_ = 0;
};

TEST(LineScan, ReadsLinesOfAKnownShapeAsAnyOther) {
  LineScan scan(kPaths);
  LogLines lines;
  for (int i = 0; i < kNumLines; ++i) {
    const std::string line = lines.next_damaged();
    const std::string text = padded(line);
    ASSERT_EQ(testing::find_disagreement(scan, kPaths, {text.data(), line.size()}), std::nullopt)
        << line;
  }
}

// The bytes behind a line may complete what it lacks.
TEST(LineScan, ReadsNothingOfTheNextLine) {
  LineScan scan(kPaths);
  const std::string line = R"({"a": 12, "b": {"c": "some text", "d": 1.5}, "z": {"x": "y"}})";
  const std::string text = line + "\n" + line + std::string(LineScan::kPadding, ' ');
  for (int i = 0; i < 3; ++i) {
    for (std::size_t size = 0; size <= line.size(); ++size) {
      EXPECT_EQ(testing::find_disagreement(scan, kPaths, {text.data(), size}), std::nullopt)
          << size;
    }
  }
}

TEST(LineScan, ReadsOnWhenEachLineHasAShapeOfItsOwn) {
  LineScan scan(kPaths);
  for (int i = 0; i < 40'000; ++i) {
    // Then only some differ, and in the end none does.
    const bool is_new = i < 10'000 || (i < 30'000 && i % 4 == 0);
    const std::string name = is_new ? "name" + std::to_string(i) : "name";
    const std::string line = R"({")" + name + R"(": 1, "a": )" + std::to_string(i) + "}";
    const std::string text = padded(line);
    ASSERT_EQ(scan.scan({text.data(), line.size()}), LineVerdict::kRead);
    ASSERT_EQ(scan.fields()[0].integer, i);
  }
}

TEST(LineScan, RefusesALineOverItsLimit) {
  const std::string line = R"({"a": ")" + std::string(kMaxLineSize, 'x') + "\"}";
  EXPECT_EQ(Scanned(line).verdict(), LineVerdict::kTooLong);
}

TEST(LineScan, LeavesAnEmptyPathAbsent) {
  constexpr std::array<std::string_view, 2> kSome = {"", "a"};
  LineScan scan(kSome);
  const std::string text = padded(R"({"": 1, "a": 2})");
  EXPECT_EQ(scan.scan({text.data(), text.size() - LineScan::kPadding}), LineVerdict::kRead);
  EXPECT_FALSE(scan.fields()[0].is_present());
  EXPECT_EQ(scan.fields()[1].integer, 2);
}

}  // namespace
}  // namespace assay::json
