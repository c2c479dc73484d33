/// \file
/// Statistics of rounds for the service that the old validator told of them.

#pragma once

#include "core/clock.h"
#include "core/random.h"
#include "core/result.h"
#include "net/http_client.h"
#include "net/retry_policy.h"
#include "net/url.h"
#include "validator/round_export.h"

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>

namespace assay::app {

struct RoundExporterOptions {
  /// Below it are the routes of the service, see assignment_json().
  net::Url service;
  /// Rounds that wait; beyond them the oldest are dropped.
  std::size_t max_queued = 64;
  std::chrono::milliseconds timeout = std::chrono::seconds(10);
  /// Of each request. A round that the service cannot take must not keep it from the others for
  /// ever.
  net::RetryOptions retry = {.initial_delay = std::chrono::seconds(1),
                             .max_delay = std::chrono::minutes(1),
                             .max_tries = 30,
                             .total = std::chrono::minutes(10)};
  /// At the end, for what waits.
  std::chrono::milliseconds end_grace = std::chrono::seconds(2);
};

/// What its clock, waits and requests are; all outlive the exporter, and are used by its thread.
struct RoundExporterTools {
  net::HttpTransport& transport;
  const Clock& clock;
  RandomSource& random;
  net::Wait wait = net::wait_for;
};

/// For each round two requests, as the old validator sent them, but both of them after its answers
/// are in: `organic_tasks/statistics/assign` tells validator, miners, label and image, and is
/// answered with an `id`; `organic_tasks/statistics/report` tells what each miner said.
/// Threads: one of its own sends, so that add() and status() never wait for the service.
class RoundExporter final : public validator::RoundExport {
 public:
  RoundExporter(RoundExporterTools tools, RoundExporterOptions options);
  /// Gives what waits a moment; the rest is dropped, and told in the log.
  ~RoundExporter() override;

  void add(validator::FinishedRound round) override;
  validator::ExportStatus status() const override;

 private:
  void run();
  /// Offer one round until it has an end. Errors: why it was not taken.
  Status deliver(const validator::FinishedRound& round);
  /// One request, again and again. Errors: those of the last try, or its status.
  Result<std::string> post(std::string_view route, const std::string& body);
  void tell(const Status& outcome);

  RoundExporterTools tools_;
  RoundExporterOptions options_;
  std::stop_source ended_;
  mutable std::mutex mutex_;  // guards what follows, up to the thread
  std::condition_variable wake_;
  std::deque<validator::FinishedRound> queue_;
  validator::ExportStatus status_;
  bool is_sending_ = false;
  bool is_closing_ = false;
  std::jthread thread_;  // last: it uses all of the above
};

/// `{"validator_uid": 0, "miner_uid_list": [1, 2], "type": 0, "label": 1, "payload_ref": "..."}`:
/// the image in base64, as it was sent. Errors: kInternal (a request that holds none).
Result<std::string> assignment_json(const validator::FinishedRound& round);
/// `{"predictions": [0.93, -1.0], "task_id": ID}`, in the order of `miner_uid_list`; -1: no
/// prediction. `answer` is what the service said to the assignment.
/// Errors: kInvalidInput (an answer without `id`).
Result<std::string> report_json(const validator::FinishedRound& round, std::string_view answer);

}  // namespace assay::app
