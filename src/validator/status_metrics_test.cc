#include "validator/status_metrics.h"

#include <gtest/gtest.h>

#include <string>

namespace assay::validator {
namespace {

const Timestamp kMetricsTime = parse_timestamp("2026-11-21T10:00:00Z").value();

TEST(StatusMetrics, TellAgesCellsAndRepliesByKind) {
  ValidatorStatus status{.written = kMetricsTime - std::chrono::seconds(3),
                         .started = kMetricsTime};
  status.rounds.num_scored = 12;
  status.chain.block_read_at = kMetricsTime - std::chrono::seconds(6);
  status.cells.push_back({.cell = {.origin = ImageOrigin::kTextToImage}, .num_images = 40});
  MinerStatus miner{.num_asked = 9, .num_answered = 7};
  miner.num_silent[static_cast<std::size_t>(ReplyKind::kTimeout)] = 2;
  status.miners = {miner, miner};
  status.statistics = ExportStatus{.num_sent = 8, .num_dropped = 2};
  const std::string text = metrics_of(status, kMetricsTime);
  for (const char* line :
       {"assay_validator_status_age_seconds 3\n", "assay_validator_rounds_scored_total 12\n",
        "assay_validator_chain_block_age_seconds 6\n",
        "assay_validator_cache_images{origin=\"t2i\",label=\"none\"} 40\n",
        "assay_validator_recent_replies{kind=\"prediction\"} 14\n",
        "assay_validator_recent_replies{kind=\"timeout\"} 4\n", "assay_validator_registered 0\n",
        "assay_validator_statistics_sent_total 8\n",
        "assay_validator_statistics_dropped_total 2\n"}) {
    EXPECT_TRUE(text.contains(line)) << line << text;
  }
}

TEST(StatusMetrics, WhatNeverHappenedHasNoAge) {
  const std::string text =
      metrics_of({.written = kMetricsTime, .started = kMetricsTime}, kMetricsTime);
  EXPECT_TRUE(text.contains("# TYPE assay_validator_weights_age_seconds gauge\n"));
  EXPECT_FALSE(text.contains("\nassay_validator_weights_age_seconds"));
}

}  // namespace
}  // namespace assay::validator
