#include "audit/verify_plan.h"

#include <gtest/gtest.h>

namespace assay::audit {
namespace {

TEST(PlanText, ShowsTheChoiceAndTheSaving) {
  storage::ExistencePlan plan;
  plan.num_objects = 1'234'567;
  plan.num_single_requests = 1'234'567;
  plan.num_list_pages = 1235;
  plan.num_planned_singles = 41;
  plan.lists = {{.num_objects = 1'234'526, .num_pages = 1234, .is_listed = true},
                {.scheme = storage::AddressScheme::kS3, .num_objects = 40, .num_pages = 1}};
  EXPECT_EQ(plan_text(plan, 3),
            "Objects to check: 1,234,567.\n"
            "Known from a run that was stopped, not asked again: 3.\n"
            "One by one: 1,234,567 requests.\n"
            "Folder 1 (gs://): 1,234,526 objects, 1,234 pages: listed.\n"
            "Folder 2 (s3://): 40 objects, 1 page: asked one by one.\n"
            "Planned: 1,276 requests (1,235 listing pages, 41 single requests), 99.9 % fewer.\n");
}

TEST(PlanText, OfNothingSavesNothing) {
  EXPECT_EQ(plan_text({}, 0),
            "Objects to check: 0.\nOne by one: 0 requests.\n"
            "Planned: 0 requests (0 listing pages, 0 single requests), 0.0 % fewer.\n");
  EXPECT_EQ(saved_share({}), 0);
}

}  // namespace
}  // namespace assay::audit
