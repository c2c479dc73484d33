#include "record_reading/id_set.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace assay::record_reading {
namespace {

bool insert(IdSet& ids, std::string_view id) {
  const IdDigest digest = digest_id(id);
  return ids.insert(digest, IdDigestHash()(digest));
}

TEST(IdSet, TellsKnownIdsFromNew) {
  IdSet ids;
  for (int i = 0; i < 100'000; ++i) {
    EXPECT_TRUE(insert(ids, fmt::format("{:08x}-0000-4000-a000-000000000000", i)));
    EXPECT_TRUE(insert(ids, fmt::format("name {}", i)));
  }
  for (int i = 0; i < 100'000; ++i) {
    EXPECT_FALSE(insert(ids, fmt::format("{:08x}-0000-4000-a000-000000000000", i)));
    EXPECT_FALSE(insert(ids, fmt::format("name {}", i)));
  }
}

TEST(IdSet, KeepsTheUuidOfZeros) {
  IdSet ids;
  EXPECT_TRUE(insert(ids, "00000000-0000-0000-0000-000000000000"));
  EXPECT_FALSE(insert(ids, "00000000-0000-0000-0000-000000000000"));
}

TEST(DigestId, DiffersForTextsThatAreNotTheSame) {
  const std::string small = "abcdef01-2345-4789-a123-abcdefabcdef";
  EXPECT_EQ(digest_id(small).high, 0xabcdef0123454789U);
  EXPECT_EQ(digest_id(small).low, 0xa123abcdefabcdefU);
  EXPECT_NE(digest_id(small), digest_id("ABCDEF01-2345-4789-A123-ABCDEFABCDEF"));
  EXPECT_NE(digest_id("a"), digest_id(std::string("a\0", 2)));
}

TEST(DigestId, TakesNoOtherCharacterForADigit) {
  const std::string good = "0f1e2d3c-4b5a-4978-8796-a5b4c3d2e1f0";
  ASSERT_TRUE(digest_uuid(good));
  EXPECT_FALSE(digest_uuid(good + "0"));
  EXPECT_FALSE(digest_uuid(good.substr(1)));
  for (std::size_t i = 0; i < good.size(); ++i) {
    for (int character = 0; character < 256; ++character) {
      std::string text = good;
      text[i] = static_cast<char>(character);
      const bool is_hyphen = good[i] == '-';
      const bool is_digit =
          (character >= '0' && character <= '9') || (character >= 'a' && character <= 'f');
      ASSERT_EQ(digest_uuid(text).has_value(), is_hyphen ? character == '-' : is_digit) << text;
    }
  }
}

}  // namespace
}  // namespace assay::record_reading
