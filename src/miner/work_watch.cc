#include "miner/work_watch.h"

#include "core/life_sign.h"

#include <algorithm>

namespace assay::miner {

WorkLimits work_limits_above(std::chrono::milliseconds detector_timeout,
                             std::chrono::milliseconds generator_deadline) {
  WorkLimits limits;
  limits.answer = std::max(limits.answer, 3 * detector_timeout);
  limits.job_step = std::max(limits.job_step, 2 * generator_deadline);
  return limits;
}

std::string describe_stuck(const WatchedParts& parts, const WorkLimits& limits) {
  using Silence = std::chrono::nanoseconds;
  return assay::describe_stuck(
      {{"the judgement of an image",
        parts.axon == nullptr ? Silence(0) : parts.axon->load().longest_running, limits.answer},
       {"the making of an image", parts.jobs == nullptr ? Silence(0) : parts.jobs->silence(),
        limits.job_step},
       {"the thread that talks to the chain",
        parts.seat == nullptr ? Silence(0) : parts.seat->silence(), limits.call},
       {"a call of the chain",
        parts.network == nullptr ? Silence(0) : parts.network->call_overdue(), limits.call},
       {"the server of requests", parts.server == nullptr ? Silence(0) : parts.server->silence(),
        limits.call}});
}

}  // namespace assay::miner
