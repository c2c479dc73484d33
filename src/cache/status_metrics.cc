#include "cache/status_metrics.h"

#include "metrics/metric_text.h"

#include <chrono>

namespace assay::cache {
namespace {

using metrics::MetricText;
using enum metrics::MetricType;

void add_items(MetricText& text, const StatusReport& report) {
  text.metric("assay_cache_images_ready", kGauge, "Images that may be served.");
  for (const CacheStatus& cache : report.caches) {
    const std::string_view kind = to_string(cache.kind);
    text.sample(static_cast<double>(cache.num_roadwork),
                {{"cache", kind}, {"label", to_string(Label::kRoadwork)}});
    text.sample(static_cast<double>(cache.num_none),
                {{"cache", kind}, {"label", to_string(Label::kNone)}});
  }
  text.metric("assay_cache_items", kGauge, "All that lies in a cache, by state.");
  for (const CacheStatus& cache : report.caches) {
    for (std::size_t i = 0; i < kNumItemStates; ++i) {
      text.sample(
          static_cast<double>(cache.by_state.at(i)),
          {{"cache", to_string(cache.kind)}, {"state", to_string(static_cast<ItemState>(i))}});
    }
  }
  text.metric("assay_cache_size_bytes", kGauge, "Images and their sidecars.");
  for (const CacheStatus& cache : report.caches) {
    text.sample(static_cast<double>(cache.bytes.count()), {{"cache", to_string(cache.kind)}});
  }
  text.metric("assay_cache_draws", kGauge, "How often the images that are there were served.");
  for (const CacheStatus& cache : report.caches) {
    text.sample(static_cast<double>(cache.num_draws), {{"cache", to_string(cache.kind)}});
  }
}

/// What never happened has no sample.
void add_updates(MetricText& text, const StatusReport& report, Timestamp now) {
  text.metric("assay_cache_update_age_seconds", kGauge, "Since an update succeeded, by source.");
  for (const UpdateSource& source : report.updates) {
    if (!source.last_success) continue;
    text.sample(std::chrono::duration<double>(now - *source.last_success).count(),
                {{"source", source.name}});
  }
  text.metric("assay_cache_update_failures", kGauge, "Updates that failed in a row, by source.");
  for (const UpdateSource& source : report.updates) {
    text.sample(static_cast<double>(source.num_failures), {{"source", source.name}});
  }
}

}  // namespace

std::string metrics_of(const StatusReport& report, Timestamp now) {
  MetricText text;
  add_items(text, report);
  text.metric("assay_cache_quarantined", kGauge, "Images that were put aside.")
      .sample(static_cast<double>(report.quarantine.num_images));
  text.metric("assay_cache_quarantine_bytes", kGauge, "Of them, with reasons and sidecars.")
      .sample(static_cast<double>(report.quarantine.bytes.count()));
  text.metric("assay_cache_free_bytes", kGauge, "Of the disk.")
      .sample(static_cast<double>(report.free_bytes.count()));
  add_updates(text, report, now);
  return text.take();
}

}  // namespace assay::cache
