/// \file
/// Latencies of calls and what is said of them.

#pragma once

#include "core/check.h"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace assay::bench {

struct LatencyFigures {
  double calls_per_s = 0;
  double p50_us = 0;
  double p99_us = 0;
  double max_us = 0;
  double syncs_per_s = 0;
  double cpu_us_per_call = 0;  ///< Where it was measured: a busy machine does not change it.
};

inline double now_us() {
  using Microseconds = std::chrono::duration<double, std::micro>;
  return Microseconds(std::chrono::steady_clock::now().time_since_epoch()).count();
}

inline LatencyFigures figures_of(std::vector<double> latencies_us, double elapsed_us,
                                 std::uint64_t num_syncs) {
  CHECK(!latencies_us.empty(), "something was measured");
  std::ranges::sort(latencies_us);
  const auto at = [&](double share) {
    return latencies_us[static_cast<std::size_t>(static_cast<double>(latencies_us.size() - 1) *
                                                 share)];
  };
  return {.calls_per_s = static_cast<double>(latencies_us.size()) * 1e6 / elapsed_us,
          .p50_us = at(0.5),
          .p99_us = at(0.99),
          .max_us = latencies_us.back(),
          .syncs_per_s = static_cast<double>(num_syncs) * 1e6 / elapsed_us};
}

}  // namespace assay::bench
