#include "history/object_members_internal.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

namespace assay::history {
namespace {

TEST(ObjectMembers, WalksThroughNestedValuesInOrder) {
  std::vector<std::string> seen;
  for (ObjectMembers members(R"({"a": 1, "b":{"x":[1,"}"]},"c" : "q\"," , "d":[{}], "e": null})");
       members.next();) {
    seen.push_back(members.name() + "=" + std::string(members.raw_value()));
  }
  EXPECT_EQ(seen, (std::vector<std::string>{"a=1", R"(b={"x":[1,"}"]})", R"(c="q\",")", "d=[{}]",
                                            "e=null"}));
}

TEST(ObjectMembers, ReadsNumbersAsPythonDoes) {
  EXPECT_TRUE(std::isnan(number_of("NaN").value_or(0)));
  EXPECT_EQ(number_of("Infinity"), std::numeric_limits<double>::infinity());
  EXPECT_EQ(number_of("-Infinity"), -std::numeric_limits<double>::infinity());
  EXPECT_EQ(number_of("1e999"), std::numeric_limits<double>::infinity());
  EXPECT_EQ(number_of("1e-999"), 0.0);
  EXPECT_EQ(number_of("-12"), -12.0);
  EXPECT_EQ(number_of("inf"), std::nullopt);
  EXPECT_EQ(number_of("nan"), std::nullopt);
}

TEST(ObjectMembers, GivesLabels) {
  const std::string object = R"({"steps": 4, "name": "caf\u00e9", "on": true})";
  EXPECT_EQ(find_label(object, "steps"), "4");
  EXPECT_EQ(find_label(object, "name"), "café");
  EXPECT_EQ(find_label(object, "on"), "true");
  EXPECT_EQ(find_label(object, "absent"), std::nullopt);
}

TEST(ObjectMembers, EndsAtWhatIsNoObject) {
  for (const char* text : {"", "null", "[1]", "{", R"({"a)", R"({"a")", R"({"a":)", R"({"a": "x)",
                           R"({"a": [1)", R"({"a": {"b)"}) {
    ObjectMembers members(text);
    EXPECT_FALSE(members.next()) << text;
  }
}

}  // namespace
}  // namespace assay::history
