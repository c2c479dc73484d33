#include "storage/object_store.h"

#include <gtest/gtest.h>

#include <string>

namespace assay::storage {
namespace {

TEST(ObjectKey, AllowsWhatEveryStoreCanHold) {
  for (const auto* key : {"a", "a/b/c", ".hidden", "a..b", "...", "a b", "\xC3\xBC"}) {
    EXPECT_TRUE(check_object_key(key)) << key;
  }
  EXPECT_TRUE(check_object_key(std::string(1024, 'x')));
}

TEST(ObjectKey, SaysWhyItRefuses) {
  EXPECT_EQ(check_object_key("a/../b").error().message,
            "no object can have the key \"a/../b\": a part is . or ..");
  EXPECT_EQ(check_object_key("a//b").error().message,
            "no object can have the key \"a//b\": it has an empty part");
  EXPECT_EQ(check_object_key("a\x1b[2J").error().message,
            "an object's key holds a control character");
  EXPECT_EQ(check_object_key("a/\xff.png").error().message, "an object's key is not UTF-8");
}

}  // namespace
}  // namespace assay::storage
