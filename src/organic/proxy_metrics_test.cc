#include "organic/proxy_metrics.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <string>

namespace assay::organic {
namespace {

const Timestamp kNow = parse_timestamp("2026-11-21T10:00:00Z").value();

TEST(ProxyMetrics, CountRequestsByHowTheyEnded) {
  ProxyFigures figures{.last_request = kNow - std::chrono::seconds(2), .num_active = 3};
  figures.num_by_outcome.at(static_cast<std::size_t>(Outcome::kAnswered)) = 7;
  figures.num_by_outcome.at(static_cast<std::size_t>(Outcome::kBusy)) = 4;
  const std::string text = metrics_of(figures, Listening::kYes, kNow);
  for (const char* line :
       {"assay_proxy_listening 1\n", "assay_proxy_requests_total{outcome=\"answered\"} 7\n",
        "assay_proxy_requests_total{outcome=\"busy\"} 4\n",
        "assay_proxy_requests_total{outcome=\"repeated\"} 0\n", "assay_proxy_requests_active 3\n",
        "assay_proxy_last_request_age_seconds 2\n"}) {
    EXPECT_TRUE(text.contains(line)) << line << text;
  }
  EXPECT_FALSE(text.contains("\nassay_proxy_last_answer_age_seconds"));
}

TEST(ProxyMetrics, HaveASampleOfEachOutcomeFromTheStart) {
  const std::string text = metrics_of({}, Listening::kNo, kNow);
  EXPECT_TRUE(text.contains("assay_proxy_listening 0\n"));
  std::size_t count = 0;
  for (std::size_t i = text.find("{outcome="); i != std::string::npos;
       i = text.find("{outcome=", i + 1)) {
    ++count;
  }
  EXPECT_EQ(count, kNumOutcomes);
}

}  // namespace
}  // namespace assay::organic
