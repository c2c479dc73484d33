#include "app/miner_daemon.h"

#include "app/heartbeat.h"
#include "app/ip_address_internal.h"
#include "app/job_image_maker.h"
#include "app/runtime.h"
#include "app/stop_deadline.h"
#include "chain/open_network.h"
#include "chain/watched_network.h"
#include "core/clock.h"
#include "core/heap.h"
#include "core/log.h"
#include "core/random.h"
#include "files/file_system.h"
#include "miner/axon_metrics.h"
#include "miner/callback_sender.h"
#include "miner/image_store.h"
#include "miner/job_desk.h"
#include "miner/network_seat.h"
#include "net/http_client.h"
#include "net/http_server.h"
#include "storage/credentials.h"

#include <fmt/format.h>

#include <memory>
#include <mutex>
#include <thread>
#include <utility>

namespace assay::app {
namespace {

using miner::Character;

/// For what was ordered, after a stop.
constexpr std::chrono::seconds kDrain{5};
constexpr std::string_view kReplayFile = "replays";
constexpr std::chrono::seconds kLocalRefresh{5};
constexpr std::chrono::minutes kRemoteRefresh{5};

std::string url_of(std::string_view ip, std::uint16_t port) {
  return ip.contains(':') ? fmt::format("http://[{}]:{}", ip, port)
                          : fmt::format("http://{}:{}", ip, port);
}

/// What only a miner with a store has.
struct Jobs {
  std::unique_ptr<recorder::Recorder> recorder;
  std::unique_ptr<miner::ImageStore> store;
  std::unique_ptr<miner::ImageMaker> maker;
  std::unique_ptr<miner::CallbackSender> callbacks;
  std::unique_ptr<miner::JobDesk> desk;
};

Result<Jobs> open_jobs(const MinerDaemonOptions& options, net::HttpTransport& transport,
                       const std::stop_token& stop) {
  Jobs jobs;
  if (options.store.empty()) return jobs;
  files::FileSystem& file_system = files::posix_file_system();
  ASSIGN_OR_RETURN(
      miner::ImageStore store,
      with_context(miner::ImageStore::open(file_system, options.store,
                                           storage::resolve_credentials(
                                               file_system, storage::process_environment(), {})),
                   "--store"));
  jobs.store = std::make_unique<miner::ImageStore>(std::move(store));
  ASSIGN_OR_RETURN(jobs.maker,
                   with_context(open_image_maker(options.generator, stop), "the generator"));
  ASSIGN_OR_RETURN(jobs.recorder,
                   recorder::Recorder::open(file_system, system_clock(), system_random(),
                                            options.data, options.recorder));
  if (const std::string recovered = jobs.recorder->recovery().to_text(); !recovered.empty()) {
    log_info("the history was opened", {{"recovered", recovered}});
  }
  jobs.callbacks = std::make_unique<miner::CallbackSender>(transport, options.pair, system_clock(),
                                                           system_random());
  jobs.desk = std::make_unique<miner::JobDesk>(
      miner::JobDesk::Parts{.recorder = *jobs.recorder,
                            .maker = *jobs.maker,
                            .store = *jobs.store,
                            .callbacks = *jobs.callbacks,
                            .clock = system_clock(),
                            .random = system_random(),
                            .hotkey = options.pair.hotkey().to_ss58()},
      options.axon.character, miner::JobDeskOptions{.size = options.generator.size});
  return jobs;
}

Status close_jobs(Jobs& jobs) {
  if (jobs.desk == nullptr) return {};
  jobs.desk->drain(kDrain);
  const miner::JobCounts counts = jobs.desk->counts();
  log_info("generation jobs", {{"taken", std::to_string(counts.num_taken)},
                               {"made", std::to_string(counts.num_made)},
                               {"failed", std::to_string(counts.num_failed)},
                               {"claimed_falsely", std::to_string(counts.num_claimed_falsely)},
                               {"callbacks_not_taken", std::to_string(counts.num_untold)}});
  return jobs.recorder->close();
}

void log_counts(const miner::Axon& axon) {
  std::string text;
  for (const auto& [status, count] : axon.counts()) {
    text += fmt::format("{}{}: {}", text.empty() ? "" : ", ", status, count);
  }
  log_info("requests by status", {{"counts", text.empty() ? "none" : text}});
  if (const std::string warning = axon.clock_warning(); !warning.empty()) log_warning(warning);
}

void wait_for_stop(const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any stopped;
  std::unique_lock lock(mutex);
  stopped.wait(lock, stop, [] { return false; });
}

chain::Axon axon_of(const MinerDaemonOptions& options, std::uint16_t bound_port) {
  return {.ip = options.external_ip.empty() ? options.ip : options.external_ip,
          .port = options.external_port == 0 ? bound_port : options.external_port};
}

/// The same of every start, and shared by those who collude.
std::string eye_of(const MinerDaemonOptions& options) {
  const miner::CharacterOptions& character = options.axon.character;
  return character.character == Character::kColluding ? character.collusion_key
                                                      : options.pair.hotkey().to_ss58();
}

std::filesystem::path state_of(const MinerDaemonOptions& options) {
  if (!options.state.empty()) return options.state;
  return state_folder() / ("miner-" + options.pair.hotkey().to_ss58());
}

/// Beats as long as all parts go on, tells when the clock is wrong, and ends the process when one
/// does not: a supervisor would notice the missing beat, but a miner that runs alone has none.
std::unique_ptr<Heartbeat> watch(const MinerDaemonOptions& options,
                                 const miner::WatchedParts& parts) {
  return std::make_unique<Heartbeat>(HeartbeatOptions{.file = state_of(options) / kHeartbeatFile},
                                     ending_if_stuck([parts, limits = options.limits_of_work,
                                                      clock = protocol::ClockWarning()] mutable {
                                       if (parts.axon != nullptr) {
                                         const std::string warning = clock.due(
                                             parts.axon->clock_skew(), system_clock().monotonic());
                                         if (!warning.empty()) log_warning(warning);
                                       }
                                       return miner::describe_stuck(parts, limits);
                                     }));
}

/// One who is registered, and not there.
Status stay_away(const MinerDaemonOptions& options, const chain::WatchedNetwork& network,
                 miner::NetworkSeat& seat, MinerReady ready,
                 const std::function<Status(const MinerReady&)>& on_ready,
                 const std::stop_token& stop) {
  const chain::Axon axon = axon_of(options, options.port);
  ready.address = url_of(axon.ip, axon.port);
  RETURN_IF_ERROR(seat.serve(axon, stop));
  RETURN_IF_ERROR(on_ready(ready));
  const auto watched = watch(options, {.seat = &seat, .network = &network});
  wait_for_stop(stop);
  return {};
}

Status answer_requests(const MinerDaemonOptions& options, const chain::WatchedNetwork& network,
                       miner::NetworkSeat& seat, miner::Axon& axon, const miner::JobDesk* jobs,
                       MinerReady ready, const std::function<Status(const MinerReady&)>& on_ready,
                       const std::stop_token& stop) {
  net::HttpServerOptions server_options;
  server_options.address = options.ip;
  server_options.port = options.port;
  // Whoever reaches it is asked for a signature; a page in a browser has none.
  const bool is_local = is_loopback(options.ip) && options.external_ip.empty();
  server_options.exposure = is_local ? net::Exposure::kLoopback : net::Exposure::kAnyAddress;
  server_options.num_handler_threads = axon.num_handlers();
  server_options.max_bodies = ByteCount(256U << 20);
  ASSIGN_OR_RETURN(const std::unique_ptr<net::HttpServer> server,
                   net::HttpServer::listen(axon.routes(stop), server_options));
  const chain::Axon told = axon_of(options, server->port());
  ready.address = url_of(options.ip, server->port());
  RETURN_IF_ERROR(seat.serve(told, stop));
  RETURN_IF_ERROR(on_ready(ready));
  std::unique_ptr<metrics::MetricServer> metrics;
  if (options.metrics) {
    ASSIGN_OR_RETURN(
        metrics, metrics::MetricServer::start(
                     *options.metrics,
                     [&axon, jobs] { return Result<std::string>(miner::metrics_of(axon, jobs)); },
                     end_stuck_process));
    log_info("metrics are served", {{"port", std::to_string(metrics->port())}});
  }
  const auto watched = watch(
      options,
      {.axon = &axon, .jobs = jobs, .seat = &seat, .network = &network, .server = server.get()});
  Status served = server->run(stop);
  log_counts(axon);
  return served;
}

}  // namespace

Status run_miner(const MinerDaemonOptions& options,
                 const std::function<Status(const MinerReady&)>& on_ready,
                 const std::stop_token& stop) {
  keep_heap_small();
  const StopDeadline deadline(stop);
  const keys::Hotkey hotkey = options.pair.hotkey();
  ASSIGN_OR_RETURN(std::unique_ptr<chain::Network> opened,
                   chain::open_network(options.network, hotkey, system_clock(), options.remote));
  // Whatever the chain's library does, its calls come back.
  chain::WatchedNetwork network(std::move(opened), {.netuid = options.netuid}, system_clock(),
                                system_random());
  miner::SenderDirectory directory;
  const bool is_local = options.network.kind == chain::NetworkKind::kLocal;
  miner::NetworkSeat seat(
      network, hotkey, directory, system_clock(),
      {.netuid = options.netuid,
       .refresh_interval = options.refresh_interval.value_or(
           is_local ? std::chrono::milliseconds(kLocalRefresh) : kRemoteRefresh)});
  ASSIGN_OR_RETURN(const chain::Uid uid, seat.take(stop));
  MinerReady ready{.uid = uid, .hotkey = hotkey.to_ss58(), .address = {}, .detector = {}};
  if (options.axon.character.character == Character::kOffline) {
    return stay_away(options, network, seat, std::move(ready), on_ready, stop);
  }
  const auto transport = net::make_http_transport(net::HttpOptions::from_environment());
  ASSIGN_OR_RETURN(const auto detector, miner::open_detector(options.detector, *transport,
                                                             {.eye = eye_of(options),
                                                              .timeout = options.detector_timeout,
                                                              .label = options.detector_label}));
  ready.detector = detector->name();
  miner::ImageDesk images(*detector, system_random(), options.axon.character, options.limits);
  ASSIGN_OR_RETURN(Jobs jobs, open_jobs(options, *transport, stop));
  if (jobs.maker != nullptr) ready.generator = jobs.maker->name();
  miner::Axon axon({.self = hotkey,
                    .directory = directory,
                    .images = images,
                    .jobs = jobs.desk.get(),
                    .clock = system_clock()},
                   options.axon);
  RETURN_IF_ERROR(with_context(
      axon.keep_replays_in(files::posix_file_system(), state_of(options) / kReplayFile),
      "what was taken before"));
  Status served = answer_requests(options, network, seat, axon, jobs.desk.get(), std::move(ready),
                                  on_ready, stop);
  // Whatever ended it: what was taken on belongs into the history.
  RETURN_IF_ERROR(close_jobs(jobs));
  return served;
}

}  // namespace assay::app
