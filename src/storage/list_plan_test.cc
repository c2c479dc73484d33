#include "storage/list_plan_internal.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace assay::storage {
namespace {

/// Addresses of one bucket whose text outlives them.
class Names {
 public:
  explicit Names(std::vector<std::string> names, AddressScheme scheme = AddressScheme::kGcs)
      : names_(std::move(names)) {
    for (const std::string& name : names_) addresses_.push_back({scheme, "b", name});
  }
  ListPlan plan(std::size_t min_objects = 10) const { return plan_lists(addresses_, min_objects); }

 private:
  std::vector<std::string> names_;
  std::vector<ObjectAddress> addresses_;
};

std::vector<std::string> numbered(const std::string& before, int count,
                                  const std::string& after = ".png") {
  std::vector<std::string> names;
  for (int i = count; i > 0; --i) names.push_back(before + std::to_string(i) + after);
  return names;
}

std::vector<std::string> operator+(std::vector<std::string> left,
                                   const std::vector<std::string>& right) {
  left.insert(left.end(), right.begin(), right.end());
  return left;
}

TEST(PlanLists, AsksSinglyForFewObjects) {
  const Names claimed(numbered("a/", 9));
  const ListPlan plan = claimed.plan();
  EXPECT_TRUE(plan.groups.empty());
  EXPECT_EQ(plan.singles.size(), 9U);
}

TEST(PlanLists, ListsTheCommonFolder) {
  const Names claimed(numbered("a/b/", 20));
  const ListPlan plan = claimed.plan();
  ASSERT_EQ(plan.groups.size(), 1U);
  EXPECT_EQ(plan.groups[0].prefix, "a/b/");
  EXPECT_EQ(plan.groups[0].wanted.size(), 20U);
  EXPECT_TRUE(plan.singles.empty());
}

TEST(PlanLists, SplitsIntoLargeSubfoldersAndAsksSinglyForTheRest) {
  const Names claimed(numbered("a/x/", 20) + numbered("a/y/", 30) + numbered("a/z/", 3) +
                      numbered("a/", 2));
  const ListPlan plan = claimed.plan();
  ASSERT_EQ(plan.groups.size(), 2U);
  EXPECT_EQ(plan.groups[0].prefix, "a/x/");
  EXPECT_EQ(plan.groups[1].prefix, "a/y/");
  EXPECT_EQ(plan.singles.size(), 5U);
}

TEST(PlanLists, ListsAFolderOfManySmallFoldersAsAWhole) {
  const Names claimed(numbered("jobs/", 50, "/image.png"));
  const ListPlan plan = claimed.plan();
  ASSERT_EQ(plan.groups.size(), 1U);
  EXPECT_EQ(plan.groups[0].prefix, "jobs/");
}

TEST(PlanLists, ListsTheWholeBucketWhenNamesHaveNoFolder) {
  const Names claimed(numbered("", 50));
  const ListPlan plan = claimed.plan();
  ASSERT_EQ(plan.groups.size(), 1U);
  EXPECT_EQ(plan.groups[0].prefix, "");
}

TEST(PlanLists, OrdersTheWantedByName) {
  const auto names = numbered("a/", 50);
  const Names claimed(names);
  const ListPlan plan = claimed.plan();
  ASSERT_EQ(plan.groups.size(), 1U);
  EXPECT_TRUE(std::is_sorted(plan.groups[0].wanted.begin(), plan.groups[0].wanted.end(),
                             [&](auto left, auto right) { return names[left] < names[right]; }));
}

TEST(PlanLists, KeepsBucketsAndServicesApart) {
  const auto names = numbered("a/", 12);
  std::vector<ObjectAddress> addresses;
  for (const std::string& name : names) {
    addresses.push_back({AddressScheme::kGcs, "b", name});
    addresses.push_back({AddressScheme::kGcs, "c", name});
    addresses.push_back({AddressScheme::kS3, "b", name});
    addresses.push_back({AddressScheme::kHttps, "b", name});
  }
  const ListPlan plan = plan_lists(addresses, 10);
  EXPECT_EQ(plan.groups.size(), 3U);
  EXPECT_EQ(plan.singles.size(), 12U);
}

TEST(PlanLists, NamesEachIndexOnce) {
  const auto names = numbered("a/x/", 20) + numbered("a/y/z/", 9) + numbered("//", 15) +
                     numbered("a/x/deep/", 40) + numbered("q", 30, "/") + numbered("a/y/z/", 5, "");
  const Names claimed(names);
  const ListPlan plan = claimed.plan();
  std::vector<std::uint32_t> all = plan.singles;
  for (const PrefixGroup& group : plan.groups) {
    EXPECT_GE(group.wanted.size(), 10U);
    for (const std::uint32_t index : group.wanted) {
      EXPECT_TRUE(names[index].starts_with(group.prefix));
      all.push_back(index);
    }
  }
  std::ranges::sort(all);
  ASSERT_EQ(all.size(), names.size());
  for (std::uint32_t i = 0; i < all.size(); ++i) EXPECT_EQ(all[i], i);
}

TEST(PlanLists, OfNothingIsEmpty) {
  const ListPlan plan = plan_lists({}, 10);
  EXPECT_TRUE(plan.groups.empty() && plan.singles.empty());
}

}  // namespace
}  // namespace assay::storage
