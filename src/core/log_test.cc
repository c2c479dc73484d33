#include "core/log.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <regex>
#include <string>

namespace assay {
namespace {

/// What the log writes to stderr during `action`.
template <typename Action>
std::string logged(const LogOptions& options, const Action& action) {
  ::testing::internal::CaptureStderr();
  configure_log(options);
  action();
  std::string text = ::testing::internal::GetCapturedStderr();
  configure_log({});
  return text;
}

TEST(Log, WritesALineWithTimeLevelAndFields) {
  const std::string text =
      logged({}, [] { log_info("read export.parquet", {{"rows", "7884"}, {"note", "a b"}}); });
  EXPECT_TRUE(std::regex_match(
      text, std::regex(R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ info    read export.parquet )"
                       R"(rows=7884 note="a b"\n)")))
      << text;
}

TEST(Log, WritesOneJsonObjectALine) {
  const std::string text = logged({.format = LogFormat::kJson}, [] {
    log_error("said \"no\"\n", {{"status", "503"}, {"count", "12", true}});
  });
  EXPECT_TRUE(std::regex_match(
      text, std::regex(R"(\{"time":"[-0-9T:.]+Z","level":"error",)"
                       R"("message":"said \\"no\\"\\n","status":"503","count":12\}\n)")))
      << text;
}

TEST(Log, DropsWhatIsLessImportantThanTheLevel) {
  const std::string text = logged({.level = LogLevel::kWarning}, [] {
    EXPECT_FALSE(log_is_on(LogLevel::kInfo));
    EXPECT_TRUE(log_is_on(LogLevel::kError));
    log_debug("one");
    log_info("two");
    log_warning("three");
  });
  EXPECT_EQ(text.find("one"), std::string::npos);
  EXPECT_EQ(text.find("two"), std::string::npos);
  EXPECT_NE(text.find("three"), std::string::npos);
  EXPECT_EQ(logged({.level = LogLevel::kOff}, [] { log_error("x"); }), "");
}

TEST(Log, TextFromOutsideCannotForgeALineOrMoveTheCursor) {
  const std::string text = logged({}, [] {
    log_warning("bad name: a\n2026-01-01T00:00:00Z error   forged\x1b[2J", {{"k", "v\nw"}});
  });
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1);
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
}

TEST(Log, BracesAreTextNotFormat) {
  const std::string text = logged({}, [] { log_info("{} {0} %v"); });
  EXPECT_NE(text.find("{} {0} %v"), std::string::npos) << text;
}

TEST(Log, IsSetUpInUnderAMillisecond) {
  auto least = std::chrono::steady_clock::duration::max();
  for (int i = 0; i < 100; ++i) {
    const auto start = std::chrono::steady_clock::now();
    configure_log({.level = LogLevel::kOff});
    least = std::min(least, std::chrono::steady_clock::now() - start);
  }
  configure_log({});
  EXPECT_LT(least, std::chrono::milliseconds(1));
}

TEST(ParseLog, ReadsItsNames) {
  EXPECT_EQ(*parse_log_level("warning"), LogLevel::kWarning);
  EXPECT_EQ(parse_log_level("warn").error().message,
            "'warn' is no log level: expected debug, info, warning, error, off");
  EXPECT_EQ(*parse_log_format("json"), LogFormat::kJson);
  EXPECT_EQ(parse_log_format("xml").error().code, ErrorCode::kInvalidInput);
}

}  // namespace
}  // namespace assay
