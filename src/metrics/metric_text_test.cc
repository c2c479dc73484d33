#include "metrics/metric_text.h"

#include <gtest/gtest.h>

#include <limits>

namespace assay::metrics {
namespace {

TEST(MetricText, IsWhatPrometheusReads) {
  MetricText text;
  text.metric("assay_rounds_total", MetricType::kCounter, "Rounds.").sample(12);
  text.metric("assay_images", MetricType::kGauge, "Images.")
      .sample(0.5, {{"cell", "real/none"}})
      .sample(3e9, {{"cell", "a\"b\\c\nd"}, {"uid", "7"}});
  EXPECT_EQ(text.take(),
            "# HELP assay_rounds_total Rounds.\n"
            "# TYPE assay_rounds_total counter\n"
            "assay_rounds_total 12\n"
            "# HELP assay_images Images.\n"
            "# TYPE assay_images gauge\n"
            "assay_images{cell=\"real/none\"} 0.5\n"
            "assay_images{cell=\"a\\\"b\\\\c\\nd\",uid=\"7\"} 3000000000\n");
}

TEST(MetricText, HasWordsForWhatIsNoNumber) {
  MetricText text;
  text.metric("m", MetricType::kGauge, "M.")
      .sample(std::numeric_limits<double>::quiet_NaN())
      .sample(std::numeric_limits<double>::infinity());
  EXPECT_TRUE(text.take().ends_with("m NaN\nm +Inf\n"));
}

}  // namespace
}  // namespace assay::metrics
