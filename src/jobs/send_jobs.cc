#include "jobs/send_jobs.h"

#include "core/bounded_queue.h"
#include "protocol/generation_messages.h"

#include <fmt/format.h>

#include <atomic>
#include <cstddef>
#include <optional>
#include <string_view>
#include <thread>
#include <utility>
#include <variant>

namespace assay::jobs {
namespace {

constexpr int kCreated = 201;  // as some miners answer in place of 202
constexpr ByteCount kMaxAnswer{std::uint64_t{64} << 10};
constexpr std::size_t kMaxReason = 200;

protocol::Instant now_of(const Clock& clock) { return clock.now(); }

Result<net::HttpRequest> make_request(const OutgoingJob& outgoing, const SendJobsOptions& options,
                                      const SendJobsEnvironment& environment) {
  const JobMiner& miner = outgoing.miner;
  const std::string host = miner.ip.contains(':') ? "[" + miner.ip + "]" : miner.ip;
  ASSIGN_OR_RETURN(net::Url url, net::Url::parse(fmt::format("http://{}:{}{}", host, miner.port,
                                                             protocol::kGenerationTarget)));
  net::HttpRequest request{.method = net::HttpMethod::kPost, .url = std::move(url)};
  request.body = protocol::write_generation_request(
      {.prompt = outgoing.job.prompt, .resolution = outgoing.job.resolution});
  ASSIGN_OR_RETURN(auto headers,
                   environment.scheme->sign({.method = "POST",
                                             .target = protocol::kGenerationTarget,
                                             .body = request.body,
                                             .receiver = miner.hotkey,
                                             .timeout = options.timeout,
                                             .receiver_ip = miner.ip,
                                             .receiver_port = miner.port},
                                            *environment.signer, now_of(*environment.clock),
                                            *environment.random));
  headers.push_back({"Content-Type", "application/json"});
  headers.push_back({std::string(protocol::kWebhookHeader), options.callback_url});
  ASSIGN_OR_RETURN(request.headers, net::HttpHeaders::create(std::move(headers)));
  request.timeout = options.timeout;
  request.max_body = kMaxAnswer;
  return request;
}

/// What a miner's answer says of the job.
JobAnswered judge(const JobId& id, Timestamp at, const Result<net::HttpResponse>& response) {
  JobAnswered answer{.id = id, .at = at};
  if (!response) {
    answer.text = response.error().message.substr(0, kMaxReason);
    return answer;
  }
  answer.status = response->status;
  answer.kind = AnswerKind::kRefused;
  if (response->status != protocol::kJobAccepted && response->status != kCreated) {
    answer.text = fmt::format("it answered {}", response->status);
    return answer;
  }
  auto task_id = protocol::parse_job_accepted(response->body);
  if (!task_id) {
    answer.text = task_id.error().message.substr(0, kMaxReason);
    return answer;
  }
  answer.kind = AnswerKind::kAccepted;
  answer.text = std::move(*task_id);
  return answer;
}

/// Hands answers on from a thread of its own, as many at a time as have come: the disk then waits
/// for no network, and the network for no disk.
class AnswerRecorder {
 public:
  AnswerRecorder(std::size_t num_jobs, const OnAnswers& on_answers)
      : queue_(num_jobs), thread_([this, &on_answers] { run(on_answers); }) {}

  /// Pre: at most once for each job.
  Status add(JobAnswered answer) {
    queue_.push(std::move(answer));
    return has_failed_ ? cancelled("the answers cannot be recorded") : Status();
  }

  /// All answers are handed on. Errors: of the one who took them.
  Status finish() {
    queue_.close();
    thread_.join();
    return std::move(status_);
  }

 private:
  void run(const OnAnswers& on_answers) {
    while (auto first = queue_.pop()) {
      std::vector<JobAnswered> answers = {std::move(*first)};
      while (auto next = queue_.try_pop()) answers.push_back(std::move(*next));
      if (!status_) continue;
      status_ = on_answers(answers);
      if (!status_) has_failed_ = true;
    }
  }

  BoundedQueue<JobAnswered> queue_;
  Status status_;  // of thread_ until it is joined
  std::atomic<bool> has_failed_ = false;
  std::jthread thread_;
};

}  // namespace

Status send_jobs(const std::vector<OutgoingJob>& jobs, const SendJobsOptions& options,
                 const SendJobsEnvironment& environment, const OnAnswers& on_answers,
                 std::stop_token stop) {
  if (jobs.empty()) return {};
  AnswerRecorder recorder(jobs.size(), on_answers);
  std::size_t next = 0;
  const auto source = [&] -> Result<net::NextRequest> {
    while (next < jobs.size()) {
      const std::size_t number = next++;
      auto request = make_request(jobs[number], options, environment);
      if (request) return net::PooledRequest{.id = number, .request = std::move(*request)};
      RETURN_IF_ERROR(recorder.add({.id = jobs[number].job.id,
                                    .at = environment.clock->now(),
                                    .kind = AnswerKind::kUnanswered,
                                    .text = request.error().message.substr(0, kMaxReason)}));
    }
    return net::NoMoreRequests{};
  };
  const auto sink = [&](std::uint64_t number, const Result<net::HttpResponse>& response) -> Status {
    return recorder.add(judge(jobs[number].job.id, environment.clock->now(), response));
  };
  Status sent = environment.pool->run(source, sink, std::move(stop));
  RETURN_IF_ERROR(recorder.finish());
  return sent;
}

}  // namespace assay::jobs
