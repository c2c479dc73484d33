#include "core/parse_number.h"

#include <gtest/gtest.h>

#include <limits>

namespace assay {
namespace {

using namespace std::chrono_literals;

TEST(ParseInteger, ReadsWholeNumbersOf64Bits) {
  EXPECT_EQ(*parse_integer("0"), 0);
  EXPECT_EQ(*parse_integer("-12"), -12);
  EXPECT_EQ(*parse_integer("9223372036854775807"), std::numeric_limits<std::int64_t>::max());
}

TEST(ParseInteger, RefusesAnythingElse) {
  for (const std::string_view text :
       {"", " 1", "1 ", "+1", "1.0", "1e3", "0x10", "ten", "9223372036854775808", "--1"}) {
    const auto value = parse_integer(text);
    ASSERT_FALSE(value) << text;
    EXPECT_EQ(value.error().code, ErrorCode::kInvalidInput);
  }
}

TEST(ParseReal, ReadsFiniteNumbersOnly) {
  EXPECT_EQ(*parse_real("0.03"), 0.03);
  EXPECT_EQ(*parse_real("-3"), -3.0);
  EXPECT_EQ(*parse_real("1e-6"), 1e-6);
  for (const std::string_view text : {"", "nan", "inf", "-inf", "1e999", "0.5 ", "0,5", "1.2.3"}) {
    EXPECT_FALSE(parse_real(text)) << text;
  }
}

TEST(ParseDuration, NeedsAUnit) {
  EXPECT_EQ(*parse_duration("250ms"), 250ms);
  EXPECT_EQ(*parse_duration("30s"), 30s);
  EXPECT_EQ(*parse_duration("5m"), 5min);
  EXPECT_EQ(*parse_duration("1.5h"), 90min);
  EXPECT_EQ(*parse_duration("2d"), 48h);
  for (const std::string_view text : {"", "30", "s", "-1s", "1 s", "1w", "nans", "99999999d"}) {
    EXPECT_FALSE(parse_duration(text)) << text;
  }
}

TEST(ParseDuration, ReadsBackWhatToStringWrites) {
  for (const std::chrono::milliseconds duration : {0ms, 1ms, 1500ms, 90'000ms, 3'600'000ms}) {
    EXPECT_EQ(*parse_duration(to_string(duration)), duration);
  }
  EXPECT_EQ(to_string(24h), "24h");
  EXPECT_EQ(to_string(90s), "90s");
}

}  // namespace
}  // namespace assay
