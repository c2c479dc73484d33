#include "miner/axon_metrics.h"

#include "metrics/metric_text.h"

#include <utility>

namespace assay::miner {

std::string metrics_of(const Axon& axon, const JobDesk* jobs) {
  using enum metrics::MetricType;
  metrics::MetricText text;
  text.metric("assay_miner_responses_total", kCounter, "Requests by the status of their answer.");
  for (const auto& [status, count] : axon.counts()) {
    text.sample(static_cast<double>(count), {{"status", std::to_string(status)}});
  }
  const WorkLoad load = axon.load();
  text.metric("assay_miner_requests_waiting", kGauge, "Requests that wait for their turn.")
      .sample(static_cast<double>(load.num_waiting));
  text.metric("assay_miner_requests_running", kGauge, "Requests that are worked on.")
      .sample(static_cast<double>(load.num_running));
  text.metric("assay_miner_requests_done_total", kCounter, "Requests whose work has ended.")
      .sample(static_cast<double>(load.num_done));
  text.metric("assay_miner_clock_ok", kGauge, "0 while requests tell that the clock is wrong.")
      .sample(axon.clock_warning().empty() ? 1 : 0);
  if (jobs == nullptr) return text.take();
  const JobCounts counts = jobs->counts();
  text.metric("assay_miner_jobs_total", kCounter, "Generation jobs by what became of them.");
  for (const auto& [result, count] :
       {std::pair("taken", counts.num_taken), std::pair("made", counts.num_made),
        std::pair("failed", counts.num_failed),
        std::pair("callback_not_taken", counts.num_untold)}) {
    text.sample(static_cast<double>(count), {{"result", result}});
  }
  return text.take();
}

}  // namespace assay::miner
