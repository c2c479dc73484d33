/// \file
/// `assay miner run`: a miner from taking its place on the subnet to answering what has begun.

#pragma once

#include "app/image_generator.h"
#include "chain/metagraph.h"
#include "chain/network_address.h"
#include "chain/open_network.h"
#include "core/result.h"
#include "keys/sr25519.h"
#include "metrics/metric_server.h"
#include "miner/axon.h"
#include "miner/character.h"
#include "miner/detector_address.h"
#include "miner/image_desk.h"
#include "miner/sender_directory.h"
#include "miner/work_queue.h"
#include "miner/work_watch.h"
#include "recorder/recorder.h"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

namespace assay::app {

struct MinerDaemonOptions {
  chain::NetworkAddress network;
  /// Of a real chain.
  chain::RemoteAccess remote = {};
  chain::Netuid netuid{1};
  keys::KeyPair pair;
  /// Where to listen, in numbers; port 0 takes one that is free.
  std::string ip = "127.0.0.1";
  std::uint16_t port = 0;
  /// What the subnet is told, where that differs.
  std::string external_ip = {};
  std::uint16_t external_port = 0;
  /// How often the members of the subnet are read; nothing for what fits the network.
  std::optional<std::chrono::milliseconds> refresh_interval = std::nullopt;
  miner::DetectorAddress detector = {};
  std::chrono::milliseconds detector_timeout = std::chrono::seconds(8);
  /// Of a detector that is a model: see miner::find_works_label().
  std::string detector_label = {};
  miner::ImageLimits limits = {};
  miner::AxonOptions axon = {};
  /// Where generated images go; empty: generation jobs are not taken.
  std::string store = {};
  /// The history of what was generated. Pre: not empty with a store.
  std::filesystem::path data = {};
  recorder::RecorderOptions recorder = {};
  /// Who makes what is ordered; its size is that of an order without one.
  GeneratorChoices generator = {};
  /// What outlives a start: requests that were taken, and a heartbeat that is written every 5 s
  /// while work goes on; empty: `miner-HOTKEY` among the user's state.
  std::filesystem::path state = {};
  /// A part that is silent for longer ends the process: see miner::work_limits_above().
  miner::WorkLimits limits_of_work = {};
  /// Figures for Prometheus are served there; nothing: nowhere.
  std::optional<metrics::MetricServerOptions> metrics = std::nullopt;
};

/// In the folder of state.
inline constexpr std::string_view kHeartbeatFile = "heartbeat";

/// What is known once the miner answers.
struct MinerReady {
  chain::Uid uid = 0;
  std::string hotkey;
  /// `http://127.0.0.1:8091`; of one who is offline, where it says to be.
  std::string address;
  std::string detector;
  /// Empty where generation jobs are not taken.
  std::string generator = {};
};

/// Take the place on the subnet, listen, say where, call `on_ready`, answer until `stop`; then take
/// no more, answer what has begun, make for some seconds what was ordered, and close the history.
/// A part that does not go on, and a server of figures that cannot, end the process with exit code
/// 1 and the reason. Errors: kDenied (not registered), those of opening what the options name, and
/// of `on_ready`.
Status run_miner(const MinerDaemonOptions& options,
                 const std::function<Status(const MinerReady&)>& on_ready,
                 const std::stop_token& stop);

}  // namespace assay::app
