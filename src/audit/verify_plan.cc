#include "audit/verify_plan.h"

#include "report/number_text.h"

#include <fmt/format.h>

#include <string_view>

namespace assay::audit {
namespace {

using report::count_text;
using report::counted;

std::string_view scheme_name(storage::AddressScheme scheme) {
  return scheme == storage::AddressScheme::kS3 ? "s3" : "gs";
}

}  // namespace

float saved_share(const storage::ExistencePlan& plan) {
  if (plan.num_single_requests == 0 || plan.num_planned() >= plan.num_single_requests) return 0;
  const auto singles = static_cast<double>(plan.num_single_requests);
  return static_cast<float>(1 - static_cast<double>(plan.num_planned()) / singles);
}

std::string plan_text(const storage::ExistencePlan& plan, std::uint64_t num_known) {
  std::string text = fmt::format("Objects to check: {}.\n", count_text(plan.num_objects));
  if (num_known > 0) {
    text += fmt::format("Known from a run that was stopped, not asked again: {}.\n",
                        count_text(num_known));
  }
  text +=
      fmt::format("One by one: {}.\n", counted(plan.num_single_requests, "request", "requests"));
  std::size_t number = 0;
  for (const storage::ListEstimate& list : plan.lists) {
    text += fmt::format("Folder {} ({}://): {}, {}: {}.\n", ++number, scheme_name(list.scheme),
                        counted(list.num_objects, "object", "objects"),
                        counted(list.num_pages, "page", "pages"),
                        list.is_listed ? "listed" : "asked one by one");
  }
  text += fmt::format("Planned: {} ({}, {}), {:.1f} % fewer.\n",
                      counted(plan.num_planned(), "request", "requests"),
                      counted(plan.num_list_pages, "listing page", "listing pages"),
                      counted(plan.num_planned_singles, "single request", "single requests"),
                      100 * saved_share(plan));
  return text;
}

}  // namespace assay::audit
