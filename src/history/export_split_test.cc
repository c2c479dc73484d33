#include "history/export_split.h"

#include "crypto/digest.h"

#include <gtest/gtest.h>

#include <map>
#include <string>

namespace assay::history {
namespace {

TEST(ExportSplit, ReadsNamesAndShares) {
  const auto parts = parse_split("train=0.9,val=0.1");
  ASSERT_TRUE(parts) << parts.error().message;
  ASSERT_EQ(parts->size(), 2);
  EXPECT_EQ((*parts)[0].name, "train");
  EXPECT_EQ((*parts)[1].share, 0.1);
  EXPECT_TRUE(parse_split("all=1"));
  EXPECT_TRUE(parse_split("a=0.333333,b=0.333333,c=0.333334"));
}

TEST(ExportSplit, RefusesWhatIsNoSplit) {
  for (const char* text : {"", "train", "train=0.9", "train=0.9,val=0.2", "train=x,val=0.1",
                           "a=0.5,a=0.5", "=1", "../x=1", "a=1,b=0", "a=2,b=-1", "a=0.5,b=0.5,"}) {
    const auto parts = parse_split(text);
    ASSERT_FALSE(parts) << text;
    EXPECT_EQ(parts.error().code, ErrorCode::kInvalidInput);
    EXPECT_NE(parts.error().message.find("train=0.9,val=0.1"), std::string::npos);
  }
}

TEST(ExportSplit, GivesEachPartItsShareAndAHashAlwaysTheSame) {
  const auto parts = parse_split("train=0.8,val=0.15,test=0.05").value();
  std::map<std::size_t, int> counts;
  for (int i = 0; i < 20'000; ++i) ++counts[part_of(crypto::sha256(std::to_string(i)), parts)];
  EXPECT_NEAR(counts[0], 16'000, 300);
  EXPECT_NEAR(counts[1], 3'000, 300);
  EXPECT_NEAR(counts[2], 1'000, 200);
  // Of a fixed hash: it must never change, or old validation sets leak into training.
  EXPECT_EQ(part_of(crypto::sha256("a"), parts), 0);  // 0.791 of the way
  EXPECT_EQ(part_of(crypto::sha256("g"), parts), 1);  // 0.801
}

TEST(ExportSplit, NamesTheOutputs) {
  EXPECT_EQ(part_path("out/x.jsonl", "train"), "out/x.train.jsonl");
  EXPECT_EQ(part_path("x", "val"), "x.val");
}

}  // namespace
}  // namespace assay::history
