#include "audit/judgement.h"

#include "core/check.h"
#include "core/shown_text.h"
#include "json/python_repr.h"
#include "statistics/binomial.h"
#include "tables/csv.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <tuple>
#include <utility>

namespace assay::audit {
namespace {

constexpr double kConfidence = 0.95;

Status check(const JudgementOptions& options) {
  // Written so that NaN fails as well.
  if (!(options.tolerated_rate >= 0 && options.tolerated_rate < 1)) {
    return invalid_input(fmt::format("the tolerated rate is {}, but must be at least 0 and below 1",
                                     json::python_repr(options.tolerated_rate)));
  }
  if (!(options.false_discovery_rate > 0 && options.false_discovery_rate < 1)) {
    return invalid_input(
        fmt::format("the false discovery rate is {}, but must be above 0 and below 1",
                    json::python_repr(options.false_discovery_rate)));
  }
  return {};
}

Result<MinerJudgement> judge_miner(const MinerTotals& miner, const JudgementOptions& options) {
  MinerJudgement judgement{.hotkey = miner.hotkey,
                           .claims = miner.claims,
                           .without_image = miner.claims_without_image()};
  if (judgement.without_image > judgement.claims) {
    return invalid_input(fmt::format("miner {}: {} claims without image, but only {} claims",
                                     shown_text(miner.hotkey), judgement.without_image,
                                     judgement.claims));
  }
  if (judgement.claims == 0) return judgement;
  judgement.rate =
      static_cast<double>(judgement.without_image) / static_cast<double>(judgement.claims);
  const statistics::RateInterval interval =
      statistics::clopper_pearson(judgement.without_image, judgement.claims, kConfidence);
  judgement.lower = interval.lower;
  judgement.upper = interval.upper;
  judgement.p_value = statistics::binomial_upper_tail(judgement.without_image, judgement.claims,
                                                      options.tolerated_rate);
  return judgement;
}

std::string six_digits(double value) { return fmt::format("{:.6g}", value); }

}  // namespace

Result<std::vector<MinerJudgement>> judge_claims(std::span<const MinerTotals> fleet,
                                                 const JudgementOptions& options) {
  RETURN_IF_ERROR(check(options));
  std::vector<MinerJudgement> judgements;
  judgements.reserve(fleet.size());
  std::vector<std::size_t> tested;
  std::vector<double> p_values;
  for (const MinerTotals& miner : fleet) {
    ASSIGN_OR_RETURN(auto judgement, judge_miner(miner, options));
    if (judgement.claims > 0) {
      tested.push_back(judgements.size());
      p_values.push_back(judgement.p_value);
    }
    judgements.push_back(std::move(judgement));
  }
  const std::vector<double> adjusted = statistics::adjust_p_values(p_values);
  for (std::size_t i = 0; i < tested.size(); ++i) {
    MinerJudgement& judgement = judgements[tested[i]];
    judgement.p_adjusted = adjusted[i];
    judgement.suspect = adjusted[i] <= options.false_discovery_rate;
  }
  return judgements;
}

std::string to_csv(std::span<const MinerTotals> fleet, std::span<const MinerJudgement> judgements) {
  CHECK(fleet.size() == judgements.size(), "the judgements are not those of the fleet");
  std::vector<std::size_t> order(fleet.size());
  std::ranges::generate(order, [next = std::size_t{0}] mutable { return next++; });
  std::ranges::sort(order, {}, [&](std::size_t index) {
    const MinerJudgement& judgement = judgements[index];
    return std::tuple(judgement.p_value, -judgement.rate, std::string_view(judgement.hotkey));
  });

  std::string csv;
  tables::append_csv_row(
      csv, std::array<std::string_view, 13>{"miner_hotkey", "jobs", "claims", "success_missing",
                                            "claims_without_address", "absent_objects",
                                            "without_image", "rate", "rate_lower", "rate_upper",
                                            "p_value", "p_adjusted", "suspect"});
  for (const std::size_t index : order) {
    const MinerTotals& totals = fleet[index];
    const MinerJudgement& judgement = judgements[index];
    const std::array<std::string, 11> numbers{std::to_string(totals.jobs),
                                              std::to_string(totals.claims),
                                              std::to_string(totals.success_missing),
                                              std::to_string(totals.claims_without_address),
                                              std::to_string(totals.absent_objects),
                                              std::to_string(judgement.without_image),
                                              six_digits(judgement.rate),
                                              six_digits(judgement.lower),
                                              six_digits(judgement.upper),
                                              six_digits(judgement.p_value),
                                              six_digits(judgement.p_adjusted)};
    std::array<std::string_view, 13> fields{totals.hotkey};
    std::ranges::copy(numbers, fields.begin() + 1);
    fields.back() = judgement.suspect ? "True" : "False";
    tables::append_csv_row(csv, fields);
  }
  return csv;
}

std::filesystem::path claims_path(const std::filesystem::path& output) {
  std::filesystem::path path = output.parent_path() / output.stem();
  path += "_claims.csv";
  return path;
}

std::string describe(std::span<const MinerJudgement> judgements, const JudgementOptions& options,
                     std::string_view output) {
  const auto num_suspects = std::ranges::count_if(judgements, &MinerJudgement::suspect);
  return fmt::format("Flagged {} of {} miners by their claims (tolerate {}, fdr {}) -> {}",
                     num_suspects, judgements.size(), json::python_repr(options.tolerated_rate),
                     json::python_repr(options.false_discovery_rate), output);
}

}  // namespace assay::audit
