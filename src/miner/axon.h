/// \file
/// What a miner listens to: image challenges and generation jobs, signed by any of three protocols.

#pragma once

#include "core/clock.h"
#include "core/result.h"
#include "files/file_system.h"
#include "keys/ss58.h"
#include "miner/character.h"
#include "miner/image_desk.h"
#include "miner/job_desk.h"
#include "miner/sender_directory.h"
#include "miner/work_queue.h"
#include "net/http_server.h"
#include "protocol/gate.h"
#include "protocol/legacy.h"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace assay::miner {

struct AxonOptions {
  WorkQueueOptions queue = {};
  SenderPolicy policy = {};
  CharacterOptions character = {};
};

/// A request passes in this order: signature, policy, memory of repetitions, its turn; only then
/// anything of its body is read. What it may cost before that is in the options of the server, in
/// the limits of the routes, and in protocol::Gate.
///
/// Threads: routes are called from many.
class Axon {
 public:
  /// Lifetime: what is borrowed outlives it.
  struct Parts {
    keys::Hotkey self;
    const SenderDirectory& directory;
    ImageDesk& images;
    /// Null: generation jobs are not taken.
    JobDesk* jobs = nullptr;
    const Clock& clock;
  };
  Axon(const Parts& parts, AxonOptions options);

  /// `POST /ImageSynapse` and, with a desk for them, `POST /gen_image`. Lifetime: of the axon.
  /// At `stop` whoever answers late on purpose answers at once.
  std::vector<net::HttpRoute> routes(std::stop_token stop);

  /// How many handlers the server needs so that some are free to refuse while others work or wait.
  std::size_t num_handlers() const;

  /// As protocol::ReplayStore::keep_in(): before the first request. Errors: as there.
  Status keep_replays_in(files::FileSystem& file_system, const std::filesystem::path& path) {
    return gate_.keep_replays_in(file_system, path, now());
  }

  WorkLoad load() const { return queue_.load(); }
  /// Requests by the status they were answered with.
  std::map<int, std::uint64_t> counts() const;
  protocol::ClockSkewReport clock_skew() const { return gate_.clock_skew(); }
  /// A warning about clocks, or nothing.
  std::string clock_warning() const { return protocol::describe(gate_.clock_skew()); }

 private:
  struct Answer {
    int status = 200;
    std::string body = {};
  };
  using Handler = Answer (Axon::*)(const net::ServedRequest& request, const keys::Hotkey& sender,
                                   const std::stop_token& stop);

  net::ServedResponse serve(const net::ServedRequest& request, Handler handler,
                            const std::stop_token& stop);
  Answer judge(const net::ServedRequest& request, Handler handler, const std::stop_token& stop);
  Answer answer_image(const net::ServedRequest& request, const keys::Hotkey& sender,
                      const std::stop_token& stop);
  Answer take_job(const net::ServedRequest& request, const keys::Hotkey& sender,
                  const std::stop_token& stop);
  protocol::Instant now() const { return parts_.clock.now(); }

  Parts parts_;
  AxonOptions options_;
  protocol::Gate gate_;
  WorkQueue queue_;
  const protocol::Legacy legacy_;  // only ever asked whether a request is its own
  mutable std::mutex mutex_;       // guards counts_
  std::map<int, std::uint64_t> counts_;
};

}  // namespace assay::miner
