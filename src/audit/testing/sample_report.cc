#include "audit/testing/sample_report.h"

#include "core/random.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

namespace assay::audit {
namespace {

using Miner = AuditReport::Miner;

constexpr std::uint64_t kSampleJobs = 7'884;
constexpr std::uint64_t kSampleMissing = 3'779;

struct Quota {
  std::uint64_t missing = 0;
  std::uint64_t success = 0;
};

// 29 suspects, 29 who are not, for different reasons, and one miner who takes the rest.
std::vector<Quota> sample_quotas() {
  std::vector<Quota> quotas = {{50, 25}, {50, 50}, {51, 26}, {280, 141}};
  for (std::uint64_t i = 4; i < 29; ++i) {
    const std::uint64_t missing = 50 + (i - 4) * 37 % 60;
    quotas.push_back({missing, std::min(missing, missing * (50 + i * 11 % 51) / 100 + 1)});
  }
  quotas.insert(quotas.end(), {{101, 50}, {50, 24}, {100, 49}, {50, 0}});
  for (std::uint64_t i = 0; i < 11; ++i) {
    quotas.push_back({60 + i * 3, (60 + i * 3) * (i * 4) / 100});
  }
  quotas.insert(quotas.end(), {{49, 49}, {49, 25}, {1, 1}, {1, 0}, {2, 1}});
  for (std::uint64_t i = 0; i < 9; ++i) quotas.push_back({10 + i, (10 + i) / (1 + i % 3)});
  std::uint64_t rest = kSampleMissing;
  for (const Quota& quota : quotas) rest -= quota.missing;
  quotas.push_back({rest, rest / 5});
  return quotas;
}

std::vector<Quota> random_quotas(std::size_t count, RandomSource& random) {
  std::vector<Quota> quotas;
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint64_t missing = random.below(140);
    quotas.push_back({missing, random.below(missing + 1)});
  }
  return quotas;
}

std::string sample_hotkey(std::size_t index, RandomSource& random) {
  constexpr std::string_view kAlphabet =
      "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
  std::string hotkey = "5";
  while (hotkey.size() < 48) hotkey += kAlphabet[random.below(kAlphabet.size())];
  switch (index) {
    case 3:
      return "hk,with \"quotes\"";
    case 7:
      return "UNKNOWN";
    case 12:
      return "<script>alert('hotkey')</script>";
    case 17:
      return "hk\nline\x1b[31m";
    case 21:
      // NOLINTNEXTLINE(misc-misleading-bidirectional): that is what is tested.
      return "\u202eyektoh";
    case 30:
      return " ";
    case 45:
      return "h\u00f6tkey";
    default:
      return hotkey;
  }
}

// Roughly the exact test: near enough for a page to look as it will.
AuditReport::ClaimsTest sample_test(std::uint64_t claims, std::uint64_t without, double fleet) {
  const auto n = static_cast<double>(claims);
  const auto k = static_cast<double>(without);
  constexpr double kTolerated = 0.03;
  double tail = 0;
  for (std::uint64_t count = without; count <= claims; ++count) {
    const auto i = static_cast<double>(count);
    tail += std::exp(std::lgamma(n + 1) - std::lgamma(i + 1) - std::lgamma(n - i + 1) +
                     i * std::log(kTolerated) + (n - i) * std::log1p(-kTolerated));
  }
  const double rate = k / n;
  const double half = 1.96 * std::sqrt(rate * (1 - rate) / n + 0.96 / (n * n));
  const double adjusted = std::min(1.0, tail * fleet / 3);
  return {.claims = claims,
          .without_image = without,
          .rate = rate,
          .lower = std::max(0.0, rate - half),
          .upper = std::min(1.0, rate + half),
          .p_value = std::min(1.0, tail),
          .p_adjusted = adjusted,
          .suspect = adjusted <= 0.01};
}

Miner sample_miner(std::string hotkey, const Quota& quota, std::uint64_t with_image, double fleet,
                   RandomSource& random) {
  Miner miner{.hotkey = std::move(hotkey), .jobs = quota.missing + with_image};
  miner.missing = quota.missing;
  const std::uint64_t rest = quota.missing - quota.success;
  miner.missing_by_status = {.success = quota.success,
                             .failed = rest / 2,
                             .pending = rest / 3,
                             .other = rest - rest / 2 - rest / 3};
  const std::uint64_t claimed = with_image * 7 / 10;
  miner.claims_without_address = random.below(claimed / 30 + 1);
  miner.absent_objects = random.below(claimed / 30 + 1);
  miner.success_claims = quota.success + claimed;
  miner.ratio = quota.missing == 0
                    ? 0
                    : static_cast<double>(quota.success) / static_cast<double>(quota.missing);
  miner.ratio_suspect = miner.ratio >= 0.5 && miner.missing >= 50;
  if (miner.success_claims > 0) {
    const std::uint64_t without =
        quota.success + miner.claims_without_address + miner.absent_objects;
    miner.claims_test = sample_test(miner.success_claims, without, fleet);
  }
  return miner;
}

void add_up(AuditReport& audit) {
  AuditReport::MissingByStatus missing;
  for (const Miner& miner : audit.miners) {
    audit.totals.jobs += miner.jobs;
    audit.totals.missing += miner.missing;
    audit.totals.success_claims += miner.success_claims;
    audit.totals.claims_without_address += miner.claims_without_address;
    audit.totals.absent_objects += miner.absent_objects;
    missing.success += miner.missing_by_status.success;
    missing.failed += miner.missing_by_status.failed;
    missing.pending += miner.missing_by_status.pending;
    missing.other += miner.missing_by_status.other;
  }
  const AuditReport::Totals& totals = audit.totals;
  audit.totals.with_image = totals.jobs - totals.missing;
  const std::uint64_t rest = totals.jobs - totals.success_claims;
  const auto other_jobs = [&](std::uint64_t missing_jobs) {
    const std::uint64_t imageless = missing.failed + missing.pending + missing.other;
    return missing_jobs + (rest - imageless) / 3;
  };
  audit.by_status = {{"success", totals.success_claims, missing.success},
                     {"failed", other_jobs(missing.failed), missing.failed},
                     {"pending", other_jobs(missing.pending), missing.pending},
                     {"other", other_jobs(missing.other), missing.other}};
  audit.by_model = {{"flux-dev", totals.jobs / 3, totals.missing / 3},
                    {"sdxl", totals.jobs / 3, totals.missing / 4},
                    {"qwen-image", totals.jobs - totals.jobs / 3 * 2,
                     totals.missing - totals.missing / 3 - totals.missing / 4}};
}

void spread_over_hours(AuditReport& audit, RandomSource& random) {
  constexpr std::uint64_t kHours = 120;
  const Timestamp start = std::chrono::sys_days(std::chrono::year(2025) / 10 / 27);
  std::uint64_t jobs = audit.totals.jobs;
  std::uint64_t missing = audit.totals.missing;
  for (std::uint64_t i = 0; i < kHours; ++i) {
    const std::uint64_t left = kHours - i;
    std::uint64_t jobs_now = left == 1 ? jobs : jobs / left * (80 + random.below(40)) / 100;
    const std::uint64_t missing_now =
        left == 1 ? missing : std::min(jobs_now, missing / left * (60 + random.below(80)) / 100);
    jobs_now = std::max(jobs_now, missing_now);
    audit.by_hour.push_back({start + std::chrono::hours(i), jobs_now, missing_now});
    jobs -= jobs_now;
    missing -= missing_now;
  }
  audit.inputs.first = start;
  audit.inputs.last = start + std::chrono::hours(kHours) - std::chrono::milliseconds(1);
}

}  // namespace

AuditReport make_sample_report(const SampleOptions& options) {
  SeededRandom random(options.seed);
  const std::vector<Quota> quotas =
      options.num_miners == 59 ? sample_quotas() : random_quotas(options.num_miners, random);
  AuditReport audit;
  audit.version = "0.1.0";
  audit.created_at = std::chrono::sys_days(std::chrono::year(2025) / 11 / 1);
  std::uint64_t with_image = kSampleJobs - kSampleMissing;
  for (std::size_t i = 0; i < quotas.size(); ++i) {
    const std::uint64_t left = quotas.size() - i;
    const std::uint64_t share = options.num_miners == 59 ? with_image / left : random.below(200);
    with_image -= options.num_miners == 59 ? share : 0;
    audit.miners.push_back(sample_miner(sample_hotkey(i, random), quotas[i], share,
                                        static_cast<double>(quotas.size()), random));
  }
  add_up(audit);
  if (options.num_miners == 0) return audit;
  spread_over_hours(audit, random);
  audit.inputs.files = 1;
  audit.inputs.rows = audit.totals.jobs;
  const std::uint64_t objects = audit.totals.with_image * 9 / 10;
  const std::uint64_t others = audit.totals.absent_objects + 60;
  audit.verdicts = AuditReport::Verdicts{.present = objects > others ? objects - others : 0,
                                         .absent = audit.totals.absent_objects,
                                         .denied = 37,
                                         .unknown = 11,
                                         .not_asked = 12};
  audit.details =
      AuditReport::Details{.zero_bytes = 3, .older_than_job = 0, .shared_by_miners = 1'204};
  audit.not_checked = {{"Objects the store refused to tell about.", 37},
                       {"Objects about which the store gave no useful answer.", 11},
                       {"Addresses of a kind that this run cannot ask about.", 12}};
  return audit;
}

}  // namespace assay::audit
