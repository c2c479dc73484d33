#include "cache/update_state.h"

#include "cache/testing/cache_fixture.h"

#include <gtest/gtest.h>

namespace assay::cache {
namespace {

using testing::CacheFixture;

TEST(RowsText, IsReadBack) {
  for (const std::string_view text : {"", "0", "0-5,9", "3,5,7-8,4294967295"}) {
    const auto rows = parse_rows(text);
    ASSERT_TRUE(rows) << text;
    EXPECT_EQ(rows_text(*rows), text);
  }
  for (const std::string_view text :
       {"a", "1,1", "5-3", "1-2,2", "-1", "1-", "1,,2", "4294967296", "0-4294967295"}) {
    EXPECT_FALSE(parse_rows(text)) << text;
  }
}

TEST(UpdateState, IsReadBack) {
  CacheFixture fixture;
  EXPECT_TRUE(read_update_state(fixture.file_system, fixture.layout)->sources.empty());
  UpdateState state;
  UpdateSource& source = state.source("owner/photos");
  source.commit = "abc";
  source.next_due = fixture.clock.now();
  source.num_failures = 3;
  source.failure = {.cause = "rate_limited", .message = "429", .at = fixture.clock.now()};
  source.tables = {{.path = "data/a.parquet",
                    .identity = "digest",
                    .size_bytes = 5,
                    .local = "a.parquet",
                    .num_rows = 4,
                    .taken = {0, 1, 3},
                    .marks = "0123456789abcdef"}};
  EXPECT_EQ(&state.source("owner/photos"), &state.sources.front());
  ASSERT_TRUE(write_update_state(fixture.file_system, fixture.layout, state));
  const auto read = read_update_state(fixture.file_system, fixture.layout);
  ASSERT_TRUE(read);
  ASSERT_EQ(read->sources.size(), 1U);
  const UpdateSource& found = read->sources.front();
  EXPECT_EQ(found.next_due, source.next_due);
  EXPECT_EQ(found.last_success, std::nullopt);
  EXPECT_EQ(found.num_failures, 3U);
  EXPECT_EQ(found.failure->cause, "rate_limited");
  ASSERT_EQ(found.tables.size(), 1U);
  EXPECT_EQ(found.tables[0].taken, source.tables[0].taken);
  EXPECT_EQ(found.tables[0].marks, source.tables[0].marks);
  EXPECT_EQ(found.tables[0].num_rows, 4U);
  EXPECT_FALSE(found.tables[0].is_used_up());
}

// A folder of 4.5 million images: 72 MB of marks.
TEST(UpdateState, OfMillionsOfImagesIsReadBack) {
  CacheFixture fixture;
  UpdateState state;
  state.source("photos").tables = {
      {.path = "photos", .identity = "digest", .marks = std::string(72'000'000, '5')}};
  ASSERT_TRUE(write_update_state(fixture.file_system, fixture.layout, state));
  const auto read = read_update_state(fixture.file_system, fixture.layout);
  ASSERT_TRUE(read);
  ASSERT_EQ(read->sources.size(), 1U);
  EXPECT_TRUE(read->sources[0].tables[0].marks == state.sources[0].tables[0].marks);
}

TEST(UpdateState, BeginsAnewWhenItCannotBeRead) {
  CacheFixture fixture;
  for (const std::string_view text :
       {"", "{", "[]", R"({"version": 2, "sources": []})", R"({"version": 1, "sources": [{}]})"}) {
    fixture.drop(".assay/update.json", text);
    const auto state = read_update_state(fixture.file_system, fixture.layout);
    ASSERT_TRUE(state) << text;
    EXPECT_TRUE(state->sources.empty());
  }
}

}  // namespace
}  // namespace assay::cache
