/// \file
/// Calls from many threads at once.

#pragma once

#include "latency.h"

#include <cstddef>
#include <cstdint>
#include <ctime>
#include <thread>
#include <utility>
#include <vector>

namespace assay::bench {

inline constexpr std::size_t kNumCallers = 64;

struct ManyCalls {
  std::vector<double> latencies_us;
  double elapsed_us = 0;
  double cpu_us = 0;  ///< Of this process, all threads.

  LatencyFigures figures(std::uint64_t num_syncs) && {
    const auto num_calls = static_cast<double>(latencies_us.size());
    LatencyFigures figures = figures_of(std::move(latencies_us), elapsed_us, num_syncs);
    figures.cpu_us_per_call = cpu_us / num_calls;
    return figures;
  }
};

inline double cpu_now_us() { return 1e6 * static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

/// `call(caller, number)` again and again from each of so many threads, until the time is over.
template <typename Call>
ManyCalls call_from_many(std::size_t num_callers, double duration_us, const Call& call) {
  std::vector<std::vector<double>> latencies_us(num_callers);
  const double start = now_us();
  const double cpu_before_us = cpu_now_us();
  const auto run = [&](std::size_t caller) {
    double before = now_us();
    for (std::size_t i = 0; before - start < duration_us; ++i) {
      call(caller, i);
      const double after = now_us();
      latencies_us[caller].push_back(after - before);
      before = after;
    }
  };
  std::vector<std::jthread> callers;
  callers.reserve(num_callers);
  for (std::size_t i = 0; i < num_callers; ++i) callers.emplace_back(run, i);
  callers.clear();
  ManyCalls calls;
  calls.elapsed_us = now_us() - start;
  calls.cpu_us = cpu_now_us() - cpu_before_us;
  for (const auto& mine : latencies_us) {
    calls.latencies_us.insert(calls.latencies_us.end(), mine.begin(), mine.end());
  }
  return calls;
}

}  // namespace assay::bench
