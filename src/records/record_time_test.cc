#include "records/record_time.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace assay::records {
namespace {

std::string read(std::string_view text) {
  const auto time = parse_record_time(text);
  if (!time) return "no time";
  return to_rfc3339(time->instant) + (time->has_offset ? "" : " taken as UTC");
}

TEST(RecordTime, ReadsWhatTheLoggersWrite) {
  EXPECT_EQ(read("2025-11-12T21:30:45.123456+00:00"), "2025-11-12T21:30:45.123456Z");
  EXPECT_EQ(read("2025-11-12T21:30:45+00:00"), "2025-11-12T21:30:45Z");
  EXPECT_EQ(read("2024-02-29T23:59:59.000001+00:00"), "2024-02-29T23:59:59.000001Z");
  EXPECT_EQ(read("2025-11-12T21:30:45Z"), "2025-11-12T21:30:45Z");
  EXPECT_EQ(read("2025-11-12T21:30:45.123Z"), "2025-11-12T21:30:45.123Z");
}

TEST(RecordTime, TurnsOtherOffsetsIntoUtc) {
  EXPECT_EQ(read("2025-11-30T05:00:00-05:00"), "2025-11-30T10:00:00Z");
  EXPECT_EQ(read("2025-11-23T01:59:59+02:00"), "2025-11-22T23:59:59Z");
  EXPECT_EQ(read("2025-11-23T01:59:59.5+05:30:15"), "2025-11-22T20:29:44.500Z");
}

TEST(RecordTime, SaysWhenThereIsNoOffset) {
  EXPECT_EQ(read("2025-11-12T21:30:45.5"), "2025-11-12T21:30:45.500Z taken as UTC");
  EXPECT_EQ(read("2025-11-12"), "2025-11-12T00:00:00Z taken as UTC");
}

TEST(RecordTime, ReadsTheOtherFormsThatPythonReads) {
  EXPECT_EQ(read("20251129T120000Z"), "2025-11-29T12:00:00Z");
  EXPECT_EQ(read("2025-11-29 12:00Z"), "2025-11-29T12:00:00Z");
  EXPECT_EQ(read("2025-11-29T12:00:00.1234567891Z"), "2025-11-29T12:00:00.123456Z");
  EXPECT_EQ(read("2025-11-29T12:00:00+0130"), "2025-11-29T10:30:00Z");
}

TEST(RecordTime, RefusesWhatIsNoTime) {
  for (const std::string_view text : {"",
                                      "yesterday",
                                      "2025",
                                      "2025-13-01T00:00:00Z",
                                      "2025-02-30T00:00:00Z",
                                      "2025-11-12T24:00:00Z",
                                      "2025-11-12T21:60:00Z",
                                      "2025-11-12T21:30:45ZZ",
                                      "2025-11-12T21:30:45.Z",
                                      "2025-1112T21:30:45Z",
                                      "2025-11-12T21:3045Z",
                                      "2025-11-12T21:30:45+",
                                      "2025-11-12T21:30:45 x",
                                      "0000-01-01T00:00:00Z",
                                      "2025-11-12T",
                                      "2025-11-12T21:30:4x+00:00",
                                      "2025-11-31T21:30:45+00:00",
                                      "2025-11-12T24:30:45+00:00",
                                      "2025-11-12T21:30:45.12345x+00:00",
                                      "0000-01-01T00:00:00+00:00",
                                      "2025-11-12T21:30:60+00:00",
                                      "2025-11-12T21:30:45-00:0x"}) {
    EXPECT_EQ(read(text), "no time") << text;
  }
}

}  // namespace
}  // namespace assay::records
