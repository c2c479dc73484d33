#include "app/round_exporter.h"

#include "core/log.h"
#include "crypto/base64.h"
#include "json/value.h"
#include "json/writer.h"
#include "protocol/image_messages.h"

#include <fmt/format.h>

#include <utility>
#include <vector>

namespace assay::app {
namespace {

constexpr std::string_view kRoutes = "/organic_tasks/statistics/";
constexpr ByteCount kMaxAnswer{64U << 10};
/// Of the old validator's kinds of tasks: the judgement of an image.
constexpr int kImageTask = 0;

/// Whom the validator stopped waiting for said nothing, and is no part of the figures.
template <typename OnMiner>
void for_each_asked(const validator::RoundRecord& record, OnMiner on_miner) {
  for (const validator::AskedMiner& miner : record.miners) {
    if (miner.reply.kind != validator::ReplyKind::kNotAwaited) on_miner(miner);
  }
}

}  // namespace

Result<std::string> assignment_json(const validator::FinishedRound& round) {
  const auto request = protocol::parse_image_request(*round.request);
  if (!request) return internal("a challenge without its image: " + request.error().message);
  json::Writer writer;
  writer.begin_object().name("validator_uid").unsigned_integer(round.own_uid);
  writer.name("miner_uid_list").begin_list();
  for_each_asked(round.record, [&](const auto& miner) { writer.unsigned_integer(miner.uid); });
  writer.end_list();
  writer.name("type").integer(kImageTask);
  const bool is_present = round.record.cell.label == scoring::Label::kPresent;
  writer.name("label").integer(is_present ? 1 : 0);
  writer.name("payload_ref").text(crypto::base64_encode(request->image));
  return writer.end_object().take();
}

Result<std::string> report_json(const validator::FinishedRound& round, std::string_view answer) {
  const auto assigned = json::parse(answer);
  const json::Value* const id = assigned ? assigned->find("id") : nullptr;
  json::Writer writer;
  writer.begin_object().name("predictions").begin_list();
  for_each_asked(round.record, [&](const auto& miner) {
    const bool has_said = miner.reply.kind == validator::ReplyKind::kPrediction;
    writer.number(has_said ? miner.reply.prediction : protocol::kNoPrediction);
  });
  writer.end_list().name("task_id");
  const auto number = id == nullptr ? std::nullopt : id->integer();
  if (id != nullptr && id->text() != nullptr) {
    writer.text(*id->text());
  } else if (number) {
    writer.integer(*number);
  } else {
    return invalid_input("the answer to an assignment has no id");
  }
  return writer.end_object().take();
}

RoundExporter::RoundExporter(RoundExporterTools tools, RoundExporterOptions options)
    : tools_(std::move(tools)), options_(std::move(options)) {
  status_.address = options_.service.origin();
  thread_ = std::jthread([this] { run(); });
}

RoundExporter::~RoundExporter() {
  {
    std::unique_lock lock(mutex_);
    is_closing_ = true;
    wake_.notify_all();
    // A service that took nothing until now is not waited for.
    if (status_.problem.empty()) {
      wake_.wait_for(lock, options_.end_grace, [this] { return queue_.empty() && !is_sending_; });
    }
    status_.num_dropped += queue_.size();
    queue_.clear();
  }
  ended_.request_stop();
  thread_.join();
  if (status_.num_dropped == 0) return;
  log_warning("statistics of rounds were not taken",
              {{"service", status_.address},
               {"sent", fmt::format("{}", status_.num_sent), true},
               {"dropped", fmt::format("{}", status_.num_dropped), true},
               {"reason", status_.problem.empty() ? "it was too slow" : status_.problem}});
}

void RoundExporter::add(validator::FinishedRound round) {
  const std::scoped_lock lock(mutex_);
  if (queue_.size() >= options_.max_queued) {
    queue_.pop_front();
    ++status_.num_dropped;
  }
  queue_.push_back(std::move(round));
  wake_.notify_all();
}

validator::ExportStatus RoundExporter::status() const {
  const std::scoped_lock lock(mutex_);
  validator::ExportStatus status = status_;
  status.num_queued = queue_.size() + (is_sending_ ? 1 : 0);
  return status;
}

void RoundExporter::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    wake_.wait(lock, [this] { return is_closing_ || !queue_.empty(); });
    if (queue_.empty()) return;
    const validator::FinishedRound round = std::move(queue_.front());
    queue_.pop_front();
    is_sending_ = true;
    lock.unlock();
    const Status outcome = deliver(round);
    tell(outcome);
    lock.lock();
    is_sending_ = false;
    if (outcome) {
      ++status_.num_sent;
      status_.last_sent = tools_.clock.now();
    } else {
      ++status_.num_dropped;
    }
    wake_.notify_all();
  }
}

Status RoundExporter::deliver(const validator::FinishedRound& round) {
  ASSIGN_OR_RETURN(const std::string assignment, assignment_json(round));
  ASSIGN_OR_RETURN(const std::string answer, post("assign", assignment));
  ASSIGN_OR_RETURN(const std::string report, report_json(round, answer));
  RETURN_IF_ERROR(post("report", report));
  return {};
}

Result<std::string> RoundExporter::post(std::string_view route, const std::string& body) {
  const net::Url& service = options_.service;
  const std::string_view base = service.path().substr(0, service.path().find_last_not_of('/') + 1);
  ASSIGN_OR_RETURN(const net::Url url,
                   service.with_target(fmt::format("{}{}{}", base, kRoutes, route)));
  ASSIGN_OR_RETURN(const net::HttpHeaders headers,
                   net::HttpHeaders::create({{"Content-Type", "application/json"}}));
  net::RetryPolicy policy(options_.retry, tools_.random);
  const auto begun = tools_.clock.monotonic();
  for (unsigned num_tries = 1;; ++num_tries) {
    auto response = tools_.transport.send({.method = net::HttpMethod::kPost,
                                           .url = url,
                                           .headers = headers,
                                           .body = body,
                                           .timeout = options_.timeout,
                                           .max_body = kMaxAnswer},
                                          ended_.get_token());
    if (response && response->status / 100 == 2) return std::move(response->body);
    const auto delay = policy.next_delay(
        num_tries, net::outcome_of(response, tools_.clock.now()),
        std::chrono::floor<std::chrono::milliseconds>(tools_.clock.monotonic() - begun));
    Error problem = response ? unavailable(fmt::format("{}: HTTP {}", route, response->status))
                             : std::move(response.error());
    if (!delay) return problem;
    tell(problem);
    RETURN_IF_ERROR(tools_.wait(*delay, ended_.get_token()));
  }
}

void RoundExporter::tell(const Status& outcome) {
  // The end of the exporter is no fault of the service.
  if (!outcome && outcome.error().code == ErrorCode::kCancelled) return;
  bool has_changed = false;
  {
    const std::scoped_lock lock(mutex_);
    has_changed = status_.problem.empty() != outcome.has_value();
    status_.problem = outcome ? "" : outcome.error().message;
  }
  if (!has_changed) return;
  if (outcome) {
    log_info("statistics of rounds are taken again", {{"service", status_.address}});
  } else {
    log_warning("statistics of rounds are not taken; challenges go on",
                {{"service", status_.address}, {"reason", outcome.error().message}});
  }
}

}  // namespace assay::app
