#include "cache/work_lock.h"

#include "cache/testing/cache_fixture.h"

#include <gtest/gtest.h>

namespace assay::cache {
namespace {

TEST(WorkLock, SaysWhoHasItAndOtherWorkGoesOn) {
  CacheFixture fixture;
  const auto take = [&](Work work, std::string_view holder) {
    return WorkLock::take(fixture.file_system, fixture.layout, work, holder);
  };
  {
    const auto first = take(Work::kUpdate, "process 17 on there");
    ASSERT_TRUE(first);
    const auto second = take(Work::kUpdate, "process 18");
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, ErrorCode::kUnavailable);
    EXPECT_TRUE(second.error().message.contains("process 17 on there")) << second.error().message;
    EXPECT_TRUE(take(Work::kGenerateT2i, "process 18"));
  }
  EXPECT_TRUE(take(Work::kUpdate, "process 18"));
}

}  // namespace
}  // namespace assay::cache
