#include "organic/proxy_metrics.h"

#include "metrics/metric_text.h"

#include <chrono>
#include <cstddef>
#include <optional>
#include <string_view>

namespace assay::organic {

std::string metrics_of(const ProxyFigures& figures, Listening listening, Timestamp now) {
  using enum metrics::MetricType;
  metrics::MetricText text;
  text.metric("assay_proxy_listening", kGauge, "1 while clients can reach the proxy.")
      .sample(listening == Listening::kYes ? 1 : 0);
  text.metric("assay_proxy_requests_total", kCounter, "Requests of clients by how they ended.");
  for (std::size_t i = 0; i < kNumOutcomes; ++i) {
    const auto outcome = static_cast<Outcome>(i);
    text.sample(static_cast<double>(figures.count(outcome)), {{"outcome", to_string(outcome)}});
  }
  text.metric("assay_proxy_requests_active", kGauge, "Requests that are worked on.")
      .sample(static_cast<double>(figures.num_active));
  // What never happened has no age: the metric is without a sample then.
  const auto age = [&](std::string_view name, std::string_view help,
                       const std::optional<Timestamp>& then) {
    text.metric(name, kGauge, help);
    if (then) text.sample(std::chrono::duration<double>(now - *then).count());
  };
  age("assay_proxy_last_request_age_seconds", "Since a client asked.", figures.last_request);
  age("assay_proxy_last_answer_age_seconds", "Since a client got an answer.", figures.last_answer);
  return text.take();
}

}  // namespace assay::organic
