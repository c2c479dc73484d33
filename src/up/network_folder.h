/// \file
/// The folder of a local network: made when it is not there, and gone on with when it is.

#pragma once

#include "chain/network.h"
#include "core/clock.h"
#include "core/random.h"
#include "core/result.h"
#include "core/thread_pool.h"
#include "files/file_system.h"
#include "images/image.h"
#include "keys/ss58.h"
#include "up/fleet_plan.h"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace assay::up {

/// Where what lies.
class NetworkFolder {
 public:
  explicit NetworkFolder(std::filesystem::path root) : root_(std::move(root)) {}

  const std::filesystem::path& root() const { return root_; }
  std::filesystem::path plan() const { return root_ / "plan.json"; }
  /// Held by whoever runs the network.
  std::filesystem::path lock() const { return root_ / "up.lock"; }
  /// The chain: a file that all members share.
  std::filesystem::path network() const { return root_ / "network.db"; }
  /// Throw-away keys.
  std::filesystem::path wallets() const { return root_ / "wallets"; }
  std::filesystem::path cache() const { return root_ / "cache"; }
  /// The object store of the generation jobs.
  std::filesystem::path store() const { return root_ / "store"; }
  std::filesystem::path validator() const { return root_ / "validator"; }
  /// The record of a miner's generations.
  std::filesystem::path history(std::string_view miner) const { return root_ / "history" / miner; }
  /// What outlives a miner's start.
  std::filesystem::path miner_state(std::string_view miner) const {
    return root_ / "miners" / miner;
  }
  std::filesystem::path log(std::string_view member) const {
    return root_ / "logs" / (std::string(member) + ".log");
  }

 private:
  std::filesystem::path root_;
};

inline constexpr chain::Netuid kLocalNetuid{1};
inline constexpr std::string_view kLocalWallet = "local";

struct NetworkFolderOptions {
  std::filesystem::path folder = {};
  /// As parse_miner_list(); nothing: what is there, or kDefaultMiners.
  std::optional<std::string> miners = std::nullopt;
  /// Nothing: what is there, or 1.
  std::optional<std::uint64_t> seed = std::nullopt;
  /// Of each label in each of the caches t2i and i2i.
  std::uint64_t images_per_cell = 40;
  images::ImageSize image_size = {.width = 640, .height = 360};
  std::chrono::milliseconds block_time{500};
};

/// Lifetime: all outlive the call.
struct NetworkFolderTools {
  files::FileSystem& file_system;
  Clock& clock;
  RandomSource& random;
  ThreadPool& pool;
};

struct OpenedNetwork {
  NetworkFolder folder;
  std::unique_ptr<files::FileLock> lock = nullptr;
  FleetPlan plan = {};
  /// Of the miners, in the order of the plan.
  std::vector<keys::Hotkey> hotkeys = {};
};

/// Told what is being done, for a person who waits.
using OnStep = std::function<void(std::string_view step)>;

/// Make what is missing of the network in the folder: plan, keys, chain, images, store. After a
/// kill the same call goes on. A port that somebody has taken is replaced.
/// Errors: kUnavailable (another process runs this network; no port is free), kInvalidInput (other
///         miners or another seed than the folder has; its plan is not one of ours), kCancelled,
///         and those of the parts.
Result<OpenedNetwork> open_network_folder(const NetworkFolderTools& tools,
                                          const NetworkFolderOptions& options,
                                          const OnStep& on_step, const std::stop_token& stop);

}  // namespace assay::up
