#include "record_reading/id_set.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>

namespace assay::record_reading {
namespace {

TEST(IdSet, TellsKnownIdsFromNew) {
  IdSet ids;
  for (int i = 0; i < 100'000; ++i) {
    EXPECT_EQ(ids.insert(digest_id(fmt::format("{:08x}-0000-4000-a000-000000000000", i)), 1),
              IdSeen::kNever);
    EXPECT_EQ(ids.insert(digest_id(fmt::format("name {}", i)), 1), IdSeen::kNever);
  }
  for (int i = 0; i < 100'000; ++i) {
    EXPECT_EQ(ids.insert(digest_id(fmt::format("{:08x}-0000-4000-a000-000000000000", i)), 1),
              IdSeen::kInThisFile);
    EXPECT_EQ(ids.insert(digest_id(fmt::format("name {}", i)), 2), IdSeen::kInEarlierFile);
  }
}

TEST(IdSet, KeepsTheUuidOfZeros) {
  IdSet ids;
  EXPECT_EQ(ids.insert(digest_id("00000000-0000-0000-0000-000000000000"), 1), IdSeen::kNever);
  EXPECT_EQ(ids.insert(digest_id("00000000-0000-0000-0000-000000000000"), 1), IdSeen::kInThisFile);
}

TEST(DigestId, DiffersForTextsThatAreNotTheSame) {
  const std::string small = "abcdef01-2345-4789-a123-abcdefabcdef";
  EXPECT_EQ(digest_id(small).high, 0xabcdef0123454789U);
  EXPECT_EQ(digest_id(small).low, 0xa123abcdefabcdefU);
  EXPECT_NE(digest_id(small), digest_id("ABCDEF01-2345-4789-A123-ABCDEFABCDEF"));
  EXPECT_NE(digest_id("a"), digest_id(std::string("a\0", 2)));
}

}  // namespace
}  // namespace assay::record_reading
