#include "core/error.h"

#include "core/exit_code.h"
#include "core/result.h"

#include <gtest/gtest.h>

#include <string>

namespace assay {
namespace {

Result<int> half(int number) {
  if (number % 2 != 0) return invalid_input("an odd number");
  return number / 2;
}

Result<int> quarter(int number) {
  ASSIGN_OR_RETURN(const int once, half(number));
  ASSIGN_OR_RETURN(const int twice, half(once));
  return twice;
}

Status check_half(int number) {
  RETURN_IF_ERROR(half(number));
  return {};
}

TEST(Result, MacrosPassValuesAndErrorsOn) {
  EXPECT_EQ(quarter(8).value(), 2);
  EXPECT_EQ(quarter(6).error().message, "an odd number");
  EXPECT_TRUE(check_half(2));
  EXPECT_EQ(check_half(3).error().code, ErrorCode::kInvalidInput);
}

TEST(Result, ContextStandsOutermost) {
  const auto result = with_context(with_context(half(3), "cell 2"), "row 7");
  EXPECT_EQ(result.error().message, "row 7: cell 2: an odd number");
}

TEST(Error, OnlyOutagesAndDeadlinesAreRetryable) {
  EXPECT_TRUE(is_retryable(ErrorCode::kUnavailable));
  EXPECT_TRUE(is_retryable(ErrorCode::kTimeout));
  EXPECT_FALSE(is_retryable(ErrorCode::kDenied));
  EXPECT_FALSE(is_retryable(ErrorCode::kCorrupt));
}

TEST(ExitCode, FollowsFromTheErrorCode) {
  EXPECT_EQ(exit_code_of(ErrorCode::kDenied), ExitCode::kDenied);
  EXPECT_EQ(exit_code_of(ErrorCode::kNoSpace), ExitCode::kNoSpace);
  EXPECT_EQ(exit_code_of(ErrorCode::kMissing), ExitCode::kMissing);
  EXPECT_EQ(exit_code_of(ErrorCode::kCancelled), ExitCode::kCancelled);
  EXPECT_EQ(exit_code_of(ErrorCode::kUnavailable), ExitCode::kFailed);
}

}  // namespace
}  // namespace assay
