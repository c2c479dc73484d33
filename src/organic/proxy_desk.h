/// \file
/// Answers organic requests: images of clients, judged by miners, scored by nobody.

#pragma once

#include "core/clock.h"
#include "core/random.h"
#include "net/http_server.h"
#include "organic/admission.h"
#include "organic/caller_check.h"
#include "organic/miner_line.h"
#include "organic/miner_rota.h"
#include "organic/organic_image.h"
#include "organic/proxy_figures.h"

#include <chrono>
#include <cstddef>
#include <mutex>
#include <semaphore>
#include <string>
#include <string_view>
#include <vector>

namespace assay::organic {

struct ProxyOptions {
  ImageLimits image = {};
  AdmissionOptions admission = {};
  std::size_t miners_per_request = 3;
  std::chrono::milliseconds miner_timeout = std::chrono::seconds(9);
  /// From a whole request to its answer, whatever miners do.
  std::chrono::milliseconds deadline = std::chrono::seconds(12);
  /// Each miner after the first is sent the image so much later than the one before it.
  std::chrono::milliseconds min_stagger{100};
  std::chrono::milliseconds max_stagger{500};
  std::chrono::milliseconds miner_cool_down = std::chrono::seconds(60);
  /// What answers say of where they come from.
  std::string host_name = {};
};

/// A request passes in this order: who sends it, how often, what it holds, whether that is new,
/// whether there is room, whether anybody can be asked; only then its pixels are decoded. What it
/// may cost before that is in the options of the server and the limit of the route.
///
/// | Answer | When |
/// |---|---|
/// | 200 | at least one miner gave a probability |
/// | 400 | no JSON, or no image |
/// | 401, 403 | no sender that is known, or one that may not ask |
/// | 413 | more bytes or pixels than are taken |
/// | 429 | this client asks too often, or the image was asked about lately |
/// | 500 | no miner gave a usable answer |
/// | 503 | as many requests as may be are worked on, no miner can be asked, or the validator stops
/// |
///
/// Threads: routes are called from many.
class ProxyDesk {
 public:
  /// Lifetime: what is borrowed outlives it.
  struct Parts {
    CallerCheck& callers;
    MinerLine& line;
    const Clock& clock;
    RandomSource& random;
  };
  ProxyDesk(const Parts& parts, ProxyOptions options);

  /// `POST /validator_proxy` and `GET /health/liveness`. Lifetime: of the desk.
  std::vector<net::HttpRoute> routes();

  /// How many handlers the server needs so that some are free to refuse while others wait for
  /// miners.
  std::size_t num_handlers() const;

  ProxyFigures figures() const;
  /// Entries of the largest table that requests fill.
  std::size_t num_entries() const { return admission_.sizes().num_entries; }

 private:
  struct Answer {
    Outcome outcome = Outcome::kAnswered;
    int status = 200;
    std::string body = {};
    std::chrono::milliseconds retry_after{0};
    /// For the log.
    std::size_t num_asked = 0;
    std::size_t num_valid = 0;
  };

  net::ServedResponse serve(const net::ServedRequest& request);
  Answer judge(const net::ServedRequest& request, std::string& client);
  Answer ask_miners(const OrganicRequest& request, std::chrono::nanoseconds started,
                    Admission::Place& place);
  std::vector<PlannedAsk> plan(std::vector<Miner> miners, std::chrono::nanoseconds started);
  std::string answer_json(const OrganicRequest& request, const std::vector<PlannedAsk>& asked,
                          const std::vector<MinerAnswer>& answers) const;
  void count(const Answer& answer, std::string_view client, std::chrono::nanoseconds started);
  std::chrono::nanoseconds now() const { return parts_.clock.monotonic(); }

  Parts parts_;
  ProxyOptions options_;
  Admission admission_;
  std::counting_semaphore<> decoding_;
  mutable std::mutex mutex_;  // guards what follows, and the random numbers
  MinerRota rota_;
  ProxyFigures figures_;
  /// Refusals since the last warning.
  std::array<std::uint64_t, kNumOutcomes> untold_ = {};
  std::optional<std::chrono::nanoseconds> last_warning_;
};

}  // namespace assay::organic
