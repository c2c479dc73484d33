#include "jobs/generation_jobs.h"

#include "core/life_sign.h"
#include "core/log.h"
#include "net/url.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <stop_token>
#include <thread>
#include <unordered_map>
#include <utility>

namespace assay::jobs {
namespace {

using namespace std::chrono_literals;

// How long each thread sleeps at most before it looks whether time has passed.
constexpr std::chrono::milliseconds kTick = 1s;
constexpr std::chrono::seconds kFirstPause = 30s;
constexpr std::chrono::seconds kLongestPause = 10min;
constexpr std::size_t kChecksAtOnce = 64;
// Twice as many as callbacks may wait: some are left for those who need not.
constexpr std::size_t kHandlerThreads = 16;

/// Sleeps until it is woken, stopped, or some time has passed.
class Alarm {
 public:
  void wake() {
    {
      const std::scoped_lock lock(mutex_);
      is_rung_ = true;
    }
    condition_.notify_all();
  }
  void sleep(std::chrono::milliseconds time, const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    condition_.wait_for(lock, stop, time, [this] { return is_rung_; });
    is_rung_ = false;
  }

 private:
  std::mutex mutex_;  // guards is_rung_
  std::condition_variable_any condition_;
  bool is_rung_ = false;
};

/// How long a store is left alone that has not answered so many times.
std::chrono::seconds pause_after(int num_tries) {
  std::chrono::seconds pause = kFirstPause;
  for (int i = 1; i < num_tries && pause < kLongestPause; ++i) pause *= 2;
  return std::min(pause, kLongestPause);
}

Result<std::string> callback_url(const GenerationJobsOptions& options, std::uint16_t port) {
  const std::string& address = options.callback_address;
  const std::string own =
      fmt::format("http://{}:{}", address.contains(':') ? "[" + address + "]" : address, port);
  std::string origin = options.callback_origin.empty() ? own : options.callback_origin;
  while (origin.ends_with('/')) origin.pop_back();
  ASSIGN_OR_RETURN(const net::Url url,
                   with_context(net::Url::parse(origin), "the address for callbacks"));
  if (url.scheme() != net::UrlScheme::kHttp && url.scheme() != net::UrlScheme::kHttps) {
    return invalid_input("the address for callbacks is neither http:// nor https://");
  }
  // Miners sign the path that they are told, and we know it as ours alone.
  if (url.path() != "/" || url.query()) {
    return invalid_input("the address for callbacks has a path: give scheme, host and port alone");
  }
  return origin + std::string(protocol::kCallbackTarget);
}

class Service final : public GenerationJobs {
 public:
  static Result<std::unique_ptr<GenerationJobs>> start(
      const GenerationJobsOptions& options, const GenerationJobsEnvironment& environment) {
    ASSIGN_OR_RETURN(auto ledger,
                     JobLedger::open(*environment.file_system, options.state_folder / kLedgerFolder,
                                     environment.clock->now()));
    for (const files::JournalDamage& damage : ledger->recovery().damage) {
      log_warning("the ledger of generation jobs is damaged: facts are lost",
                  {{"segment", damage.segment}, {"reason", damage.reason}});
    }
    ASSIGN_OR_RETURN(net::HttpPool pool,
                     net::HttpPool::create({.http = net::HttpOptions::from_environment()}));
    std::unique_ptr<Service> service(
        new Service(options, environment, std::move(ledger), std::move(pool)));
    RETURN_IF_ERROR(service->listen());
    service->begin();
    return service;
  }

  ~Service() override { static_cast<void>(stop()); }

  Status stop() override {
    const std::scoped_lock lock(stop_mutex_);
    stop_.request_stop();
    desk_.stop();
    sending_.wake();
    checking_.wake();
    for (std::jthread* thread : {&sender_, &server_thread_, &checker_}) {
      if (thread->joinable()) thread->join();
    }
    const auto error = failure();
    return error ? Status(*error) : Status();
  }

  std::optional<Error> failure() const override {
    const std::scoped_lock lock(mutex_);
    return failure_;
  }

  std::string stuck(std::chrono::nanoseconds limit) const override {
    return describe_stuck({{"the sender of generation jobs", sender_sign_.silence(), limit},
                           {"the check of claimed images", checker_sign_.silence(), limit},
                           {"who takes callbacks", taker_sign_.silence(), limit},
                           {"the server of callbacks", server_->silence(), limit}});
  }

  std::uint16_t callback_port() const override { return server_->port(); }
  std::vector<MinerJobs> miners(Timestamp since) const override {
    return ledger_->count(since).miners();
  }
  JobCounts total(Timestamp since) const override { return ledger_->count(since).total(); }
  CallbackCounts callbacks() const override { return desk_.counts(); }

 private:
  Service(const GenerationJobsOptions& options, const GenerationJobsEnvironment& environment,
          std::unique_ptr<JobLedger> ledger, net::HttpPool pool)
      : options_(options),
        environment_(environment),
        ledger_(std::move(ledger)),
        pool_(std::move(pool)),
        desk_(*ledger_, *environment.clock, environment.signer->hotkey(),
              {.patience = options.answer_timeout}, [this] { checking_.wake(); }),
        sender_sign_(*environment.clock),
        checker_sign_(*environment.clock),
        taker_sign_(*environment.clock) {
    if (environment.place) {
      images_ = std::make_unique<ImageChecker>(*ledger_, *environment.place, options.check);
    }
  }

  Status listen() {
    std::vector<net::HttpRoute> routes;
    routes.push_back(desk_.route());
    routes.back().handler =
        [this, answer = std::move(routes.back().handler)](const net::ServedRequest& request) {
          taker_sign_.add_work(1);
          auto response = answer(request);
          taker_sign_.add_work(-1);
          return response;
        };
    net::HttpServerOptions server_options;
    server_options.address = options_.callback_address;
    server_options.port = options_.callback_port;
    server_options.exposure = options_.callback_exposure;
    server_options.exposure_remedy = "--callback.allow-remote";
    server_options.num_handler_threads = kHandlerThreads;
    server_options.max_bodies = ByteCount(64U << 20);
    server_options.stop_timeout = 2s;
    auto server = net::HttpServer::listen(std::move(routes), server_options);
    if (!server) {
      const bool is_address = server.error().code == ErrorCode::kInvalidInput;
      return std::move(server.error()).within(is_address ? "--callback.ip" : "--callback.port");
    }
    server_ = std::move(*server);
    ASSIGN_OR_RETURN(url_, callback_url(options_, server_->port()));
    return {};
  }

  void begin() {
    server_thread_ = std::jthread([this] {
      end_with(with_context(server_->run(stop_.get_token()), "the server of callbacks"));
    });
    sender_ = std::jthread([this] {
      sender_sign_.add_work(1);
      end_with(send_batches(stop_.get_token()));
      sender_sign_.add_work(-1);
    });
    if (images_) {
      checker_ = std::jthread([this] {
        checker_sign_.add_work(1);
        end_with(check_images(stop_.get_token()));
        checker_sign_.add_work(-1);
      });
    }
  }

  // A thread has ended: by stop(), or by an error, which then ends all.
  void end_with(const Status& status) {
    if (status || stop_.stop_requested()) return;
    {
      const std::scoped_lock lock(mutex_);
      if (!failure_) failure_ = status.error();
    }
    log_error("the generation jobs have ended", {{"reason", status.error().message}});
    stop_.request_stop();
    desk_.stop();
  }

  Status send_batches(const std::stop_token& stop) {
    std::optional<std::chrono::nanoseconds> last;
    while (!stop.stop_requested()) {
      sender_sign_.give();
      const auto now = environment_.clock->monotonic();
      if (!last || now - *last >= options_.interval) {
        last = now;
        RETURN_IF_ERROR(send_batch(stop));
      }
      ASSIGN_OR_RETURN(const std::size_t num_late,
                       ledger_->give_up_late(environment_.clock->now()));
      if (num_late > 0)
        log_info("generation jobs without a callback in time: " + std::to_string(num_late));
      RETURN_IF_ERROR(ledger_->forget_before(environment_.clock->now() - options_.retention));
      const std::string clock = clock_warning_.due(desk_.clock_skew(), now);
      if (!clock.empty()) log_warning(clock);
      sending_.sleep(std::min(kTick, options_.interval), stop);
    }
    return {};
  }

  Status send_batch(const std::stop_token& stop) {
    const auto miners = environment_.choose_miners(options_.miners_per_batch);
    if (!miners) {
      log_warning("no generation jobs now", {{"reason", miners.error().message}});
      return {};
    }
    if (miners->empty()) return {};
    std::vector<OutgoingJob> outgoing;
    std::vector<JobSent> jobs;
    for (const JobMiner& miner : *miners) {
      jobs.push_back(new_job(miner));
      outgoing.push_back({.job = jobs.back(), .miner = miner});
    }
    // On disk before a miner can know of them.
    RETURN_IF_ERROR(ledger_->add_sent(jobs));
    std::size_t num_accepted = 0;
    const Status sent = send_jobs(
        outgoing, {.timeout = options_.answer_timeout, .callback_url = url_},
        {.pool = &pool_,
         .scheme = environment_.scheme,
         .signer = environment_.signer,
         .clock = environment_.clock,
         .random = environment_.random},
        [&](std::span<const JobAnswered> answers) {
          for (const auto& answer : answers) num_accepted += answer.kind == AnswerKind::kAccepted;
          return ledger_->add_answers(answers);
        },
        stop);
    if (stop.stop_requested()) return {};
    RETURN_IF_ERROR(sent);
    log_info(fmt::format("generation jobs: {} sent, {} accepted, {} open", outgoing.size(),
                         num_accepted, ledger_->num_open()));
    return {};
  }

  JobSent new_job(const JobMiner& miner) {
    Prompt prompt = environment_.prompts->next(*environment_.random);
    const Timestamp now = environment_.clock->now();
    return {.id = JobId::random(*environment_.random),
            .at = now,
            .deadline = now + options_.time_to_live,
            .uid = miner.uid,
            .miner = miner.hotkey,
            .validator = environment_.signer->hotkey(),
            .label = prompt.label,
            .prompt = std::move(prompt.text),
            .resolution = options_.resolution};
  }

  Status check_images(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      checker_sign_.give();
      for (const Job& job : ledger_->unchecked(kChecksAtOnce + tries_.size())) {
        if (stop.stop_requested()) return {};
        checker_sign_.give();
        ASSIGN_OR_RETURN(const StoreAnswer answer, check(job));
        // Then the others would wait in vain, one after the other.
        if (answer == StoreAnswer::kAway) break;
      }
      checking_.sleep(kTick, stop);
    }
    return {};
  }

  enum class StoreAnswer : std::uint8_t { kThere, kAway };

  Result<StoreAnswer> check(const Job& job) {
    const auto now = environment_.clock->monotonic();
    const auto tried = tries_.find(job.id);
    if (tried != tries_.end() && now < tried->second.next) return StoreAnswer::kThere;
    const CheckedImage checked = images_->check(job, environment_.clock->now());
    if (checked.check.verdict == ImageVerdict::kUnreachable) {
      Tries& tries = tries_[job.id];
      tries.next = now + pause_after(++tries.count);
      if (tries.count < options_.max_check_tries) return StoreAnswer::kAway;
    }
    tries_.erase(job.id);
    // Before the verdict: after a kill it is offered again rather than lost.
    if (checked.check.verdict == ImageVerdict::kSound && environment_.accepted != nullptr) {
      const Status taken = environment_.accepted->take(
          {.job = &job, .check = &checked.check, .bytes = checked.bytes});
      if (!taken) {
        log_warning("an accepted image was not taken in",
                    {{"job", job.id.to_text()}, {"reason", taken.error().message}});
      }
    }
    RETURN_IF_ERROR(ledger_->add_check(job.id, checked.check));
    return StoreAnswer::kThere;
  }

  struct Tries {
    int count = 0;
    std::chrono::nanoseconds next{};  // of the monotonic clock
  };

  const GenerationJobsOptions options_;
  const GenerationJobsEnvironment environment_;
  std::unique_ptr<JobLedger> ledger_;
  net::HttpPool pool_;  // of sender_
  Alarm sending_;
  Alarm checking_;
  CallbackDesk desk_;
  protocol::ClockWarning clock_warning_;  // of sender_
  LifeSign sender_sign_;
  LifeSign checker_sign_;
  LifeSign taker_sign_;
  std::unique_ptr<ImageChecker> images_;    // of checker_; null without a store
  std::unordered_map<JobId, Tries> tries_;  // of checker_
  std::unique_ptr<net::HttpServer> server_;
  std::string url_;
  std::stop_source stop_;
  mutable std::mutex mutex_;  // guards failure_
  std::optional<Error> failure_;
  std::mutex stop_mutex_;  // for stop() alone
  std::jthread server_thread_;
  std::jthread sender_;
  std::jthread checker_;
};

}  // namespace

Result<std::unique_ptr<GenerationJobs>> GenerationJobs::start(
    const GenerationJobsOptions& options, const GenerationJobsEnvironment& environment) {
  return Service::start(options, environment);
}

Result<JobCounter> read_job_counts(files::FileSystem& file_system,
                                   const std::filesystem::path& state_folder, Timestamp since) {
  JobCounter counter;
  ASSIGN_OR_RETURN([[maybe_unused]] const JobReading reading,
                   read_jobs(file_system, state_folder / kLedgerFolder, [&](const Job& job) {
                     if (job.sent >= since) counter.add(job);
                   }));
  return counter;
}

}  // namespace assay::jobs
