/// \file
/// Tells a miner that works from one that is stuck.

#pragma once

#include "chain/watched_network.h"
#include "miner/axon.h"
#include "miner/job_desk.h"
#include "miner/network_seat.h"
#include "net/http_server.h"

#include <chrono>
#include <string>

namespace assay::miner {

/// Who is silent for longer does not go on: all that they wait for has a deadline of its own.
struct WorkLimits {
  /// For an image to be judged.
  std::chrono::milliseconds answer = std::chrono::minutes(2);
  /// For each step of a generation job. A model without a graphics card takes its time; after this
  /// no validator waits for the image any more.
  std::chrono::milliseconds job_step = std::chrono::hours(2);
  /// For the chain to answer, and for the server's thread to go round.
  std::chrono::milliseconds call = std::chrono::minutes(5);
};

/// Those with room for the deadlines that a user has chosen.
WorkLimits work_limits_above(std::chrono::milliseconds detector_timeout,
                             std::chrono::milliseconds generator_deadline);

/// What there is of a miner; null: it has none.
struct WatchedParts {
  const Axon* axon = nullptr;
  const JobDesk* jobs = nullptr;
  const NetworkSeat* seat = nullptr;
  const chain::WatchedNetwork* network = nullptr;
  const net::HttpServer* server = nullptr;
};

/// Which part does not go on, in a sentence; empty: all is well, or idle.
std::string describe_stuck(const WatchedParts& parts, const WorkLimits& limits);

}  // namespace assay::miner
