/// \file
/// What it costs a miner's axon to answer, beside a server that answers without a look: challenges
/// from one process to another, with a detector that does nothing.
///
///     bench_axon bare|axon REQUESTS SIDE      as fast as it goes
///     bench_axon hold SECONDS RATE            so many a second, for so long
///
/// Prints one JSON object: microseconds of CPU time a request, of the server alone; or its memory.

#include "miner/axon.h"

#include "core/bytes.h"
#include "core/check.h"
#include "core/clock.h"
#include "core/log.h"
#include "core/random.h"
#include "images/encode.h"
#include "images/image.h"
#include "keys/sr25519.h"
#include "net/http_pool.h"
#include "net/http_server.h"
#include "protocol/btauth.h"
#include "protocol/image_messages.h"

#include <fmt/format.h>

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace {

namespace keys = assay::keys;
namespace miner = assay::miner;
namespace net = assay::net;
namespace protocol = assay::protocol;
using Clock = std::chrono::steady_clock;

constexpr std::string_view kTarget = "/ImageSynapse";
/// As many as a validator with overlapping rounds has out to one miner.
constexpr std::size_t kInFlight = 8;

keys::KeyPair key_of(std::uint8_t number) {
  keys::Seed seed;
  seed.fill()[0] = std::byte{number};
  return keys::KeyPair::from_seed(seed);
}

class NoDetector final : public miner::Detector {
 public:
  std::string name() const override { return "none"; }
  assay::Result<double> judge(const miner::DetectorInput&, std::stop_token) override { return 0.5; }
};

/// Listens, tells its port, and serves until it is killed.
[[noreturn]] void serve(bool is_axon, int told) {
  NoDetector detector;
  miner::SenderDirectory directory;
  directory.replace({{key_of(1).hotkey(), {.uid = 0, .has_permit = true, .stake = 50'000}}});
  miner::ImageDesk desk(detector, assay::system_random(), {});
  miner::Axon axon({.self = key_of(2).hotkey(),
                    .directory = directory,
                    .images = desk,
                    .clock = assay::system_clock()},
                   {});
  std::vector<net::HttpRoute> routes;
  if (is_axon) {
    routes = axon.routes({});
  } else {
    routes.push_back({.method = net::HttpMethod::kPost,
                      .pattern = std::string(kTarget),
                      .handler =
                          [](const net::ServedRequest&) {
                            return net::ServedResponse{.body = protocol::write_image_answer(0.5)};
                          },
                      .max_body = assay::ByteCount(16U << 20)});
  }
  net::HttpServerOptions options;
  options.num_handler_threads = is_axon ? axon.num_handlers() : options.num_handler_threads;
  auto server = net::HttpServer::listen(std::move(routes), options);
  CHECK(server.has_value(), "the server cannot listen");
  const std::uint16_t port = (*server)->port();
  CHECK(write(told, &port, sizeof port) == sizeof port, "the port cannot be told");
  CHECK((*server)->run({}).has_value(), "the server has ended");
  std::exit(0);
}

/// Another process that serves.
class Server {
 public:
  explicit Server(bool is_axon) {
    std::array<int, 2> ends{};
    CHECK(pipe(ends.data()) == 0, "a pipe");
    process_ = fork();
    CHECK(process_ >= 0, "another process");
    if (process_ == 0) serve(is_axon, ends[1]);
    CHECK(read(ends[0], &port_, sizeof port_) == sizeof port_, "a port");
  }
  ~Server() {
    kill(process_, SIGKILL);
    waitpid(process_, nullptr, 0);
  }
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  std::uint16_t port() const { return port_; }

  double cpu_us() const {
    clockid_t clock{};
    timespec time{};
    CHECK(clock_getcpuclockid(process_, &clock) == 0, "the process has a clock");
    CHECK(clock_gettime(clock, &time) == 0, "the process has a clock");
    return static_cast<double>(time.tv_sec) * 1e6 + static_cast<double>(time.tv_nsec) / 1e3;
  }
  double memory_mb() const {
    std::ifstream file(fmt::format("/proc/{}/statm", process_));
    long total = 0;
    long resident = 0;
    file >> total >> resident;
    return static_cast<double>(resident * sysconf(_SC_PAGESIZE)) / 1e6;
  }

 private:
  pid_t process_ = 0;
  std::uint16_t port_ = 0;
};

class Driver {
 public:
  Driver(const Server& server, std::uint32_t side)
      : url_(net::Url::parse(fmt::format("http://127.0.0.1:{}{}", server.port(), kTarget)).value()),
        pool_(net::HttpPool::create({.max_in_flight = kInFlight, .max_per_host = kInFlight})
                  .value()) {
    const auto image = assay::images::Image::with_size({.width = side, .height = side});
    const auto encoded = assay::images::encode_jpeg(image).value();
    body_ = protocol::write_image_request(encoded, std::chrono::seconds(9));
  }

  /// Send `number` signed requests, each in its time.
  void send(std::uint64_t number, std::chrono::nanoseconds interval) {
    const auto begun = Clock::now();
    std::uint64_t num_sent = 0;
    const auto source = [&] -> assay::Result<net::NextRequest> {
      if (num_sent == number) return net::NextRequest(net::NoMoreRequests{});
      const auto due = begun + interval * static_cast<std::int64_t>(num_sent);
      if (Clock::now() < due) return net::NextRequest(net::AskAgain{.at = due});
      auto headers = scheme_
                         .sign({.target = kTarget, .body = body_, .receiver = key_of(2).hotkey()},
                               sender_, assay::system_clock().now(), assay::system_random())
                         .value();
      return net::NextRequest(net::PooledRequest{
          .id = num_sent++,
          .request = {.method = net::HttpMethod::kPost,
                      .url = url_,
                      .headers = net::HttpHeaders::create(std::move(headers)).value(),
                      .body = body_,
                      .timeout = std::chrono::seconds(60)}});
    };
    const auto sink = [](std::uint64_t, const assay::Result<net::HttpResponse>& response) {
      CHECK(response.has_value() && response->status == 200, "a request was not answered");
      return assay::Status();
    };
    CHECK(pool_.run(source, sink, {}).has_value(), "requests cannot be sent");
  }

 private:
  net::Url url_;
  net::HttpPool pool_;
  std::string body_;
  keys::KeyPair sender_ = key_of(1);
  protocol::Btauth scheme_;
};

void measure_cost(bool is_axon, std::uint64_t number, std::uint32_t side) {
  const Server server(is_axon);
  Driver driver(server, side);
  driver.send(number / 10, {});
  const double before = server.cpu_us();
  driver.send(number, {});
  fmt::print("{{\"us\": {:.2f}}}\n", (server.cpu_us() - before) / static_cast<double>(number));
}

/// The memory after a sixth of the time, when what is bounded by time is full, and at the end.
void measure_memory(std::uint64_t seconds, std::uint64_t rate) {
  const Server server(true);
  Driver driver(server, 16);
  const auto interval = std::chrono::nanoseconds(1'000'000'000 / rate);
  const auto begun = Clock::now();
  driver.send(seconds * rate / 6, interval);
  const double before = server.memory_mb();
  driver.send(seconds * rate - seconds * rate / 6, interval);
  const double took = std::chrono::duration<double>(Clock::now() - begun).count();
  fmt::print("{{\"before_mb\": {:.2f}, \"after_mb\": {:.2f}, \"rate\": {:.1f}}}\n", before,
             server.memory_mb(), static_cast<double>(seconds * rate) / took);
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view what = argc == 4 ? argv[1] : "";
  const auto number = [&](int index) { return std::strtoull(argv[index], nullptr, 10); };
  if (what == "bare" || what == "axon") {
    measure_cost(what == "axon", number(2), static_cast<std::uint32_t>(number(3)));
  } else if (what == "hold") {
    measure_memory(number(2), number(3));
  } else {
    fmt::print(stderr, "usage: bench_axon bare|axon REQUESTS SIDE | hold SECONDS RATE\n");
    return 2;
  }
}
