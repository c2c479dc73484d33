#include "core/timestamp.h"

#include <gtest/gtest.h>

namespace assay {
namespace {

using std::chrono::microseconds;
using std::chrono::seconds;

std::string normal_form(std::string_view text) {
  const auto instant = parse_timestamp(text);
  return instant ? to_rfc3339(*instant) : "refused: " + instant.error().message;
}

TEST(Timestamp, ReadsInstantsOfRfc3339) {
  EXPECT_EQ(*parse_timestamp("1970-01-01T00:00:00Z"), Timestamp());
  // Seconds from `date -d 2025-10-27T13:05:09Z +%s`.
  EXPECT_EQ(*parse_timestamp("2025-10-27T13:05:09Z"), Timestamp(seconds(1'761'570'309)));
  EXPECT_EQ(*parse_timestamp("2024-02-29T23:59:59.5Z"),
            Timestamp(seconds(1'709'251'199)) + microseconds(500'000));
  EXPECT_EQ(*parse_timestamp("1969-12-31T23:59:59.999999Z"), Timestamp(microseconds(-1)));
}

TEST(Timestamp, TakesADateAsItsMidnightAndAMissingOffsetAsUtc) {
  EXPECT_EQ(normal_form("2025-10-27"), "2025-10-27T00:00:00Z");
  EXPECT_EQ(normal_form("2025-10-27 01:02:03"), "2025-10-27T01:02:03Z");
  EXPECT_EQ(normal_form("2025-10-27t01:02:03z"), "2025-10-27T01:02:03Z");
}

TEST(Timestamp, SubtractsTheOffset) {
  EXPECT_EQ(normal_form("2025-01-01T00:30:00+02:00"), "2024-12-31T22:30:00Z");
  EXPECT_EQ(normal_form("2025-01-01T23:30:00-00:45"), "2025-01-02T00:15:00Z");
}

TEST(Timestamp, WritesAsManyFractionDigitsAsTheValueNeeds) {
  EXPECT_EQ(normal_form("2025-10-27T00:00:00.000000Z"), "2025-10-27T00:00:00Z");
  EXPECT_EQ(normal_form("2025-10-27T00:00:00.12Z"), "2025-10-27T00:00:00.120Z");
  EXPECT_EQ(normal_form("2025-10-27T00:00:00.000001Z"), "2025-10-27T00:00:00.000001Z");
}

TEST(Timestamp, CutsWhatIsFinerThanAMicrosecond) {
  EXPECT_EQ(normal_form("2025-10-27T00:00:00.123456999Z"), "2025-10-27T00:00:00.123456Z");
}

TEST(Timestamp, RefusesWhatIsNoInstant) {
  for (const std::string_view text : {"",
                                      "2025",
                                      "2025-1-1",
                                      "2025-13-01",
                                      "2025-00-10",
                                      "2025-02-29",
                                      "2025-04-31",
                                      "2025-10-27T",
                                      "2025-10-27T24:00:00Z",
                                      "2025-10-27T00:60:00Z",
                                      "2025-10-27T23:59:60Z",
                                      "2025-10-27T00:00",
                                      "2025-10-27T00:00:00.Z",
                                      "2025-10-27T00:00:00+0200",
                                      "2025-10-27T00:00:00+24:00",
                                      "2025-10-27T00:00:00Z ",
                                      " 2025-10-27",
                                      "+025-10-27",
                                      "2025-10-27T00:00:00ZZ",
                                      "2025-10-27T-1:00:00Z"}) {
    const auto instant = parse_timestamp(text);
    ASSERT_FALSE(instant) << text;
    EXPECT_EQ(instant.error().code, ErrorCode::kInvalidInput);
  }
}

TEST(Timestamp, RoundTripsOverCenturies) {
  for (std::int64_t day = -719'000; day < 2'900'000; day += 997) {
    const Timestamp instant =
        Timestamp(std::chrono::days(day)) + microseconds(day * 7919 % 86'400'000'000 + 1);
    EXPECT_EQ(*parse_timestamp(to_rfc3339(instant)), instant);
  }
}

}  // namespace
}  // namespace assay
