/// \file
/// What it costs a miner's axon to answer, beside a server that answers without a look: challenges
/// from one process to another, with a detector that does nothing.
///
///     bench_axon bare|axon REQUESTS SIDE      as fast as it goes
///     bench_axon parts REQUESTS SIDE          what is done for one, part by part, without a server
///     bench_axon hold SECONDS RATE            so many a second, for so long
///
/// Prints one JSON object: microseconds of CPU time a request, of the server alone; or its memory.

#include "miner/axon.h"

#include "core/bytes.h"
#include "core/check.h"
#include "core/clock.h"
#include "core/log.h"
#include "core/random.h"
#include "crypto/digest.h"
#include "images/decode.h"
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
#include <variant>
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

/// An axon and what it borrows.
class Miner {
 public:
  Miner() {
    directory_.replace({{key_of(1).hotkey(), {.uid = 0, .has_permit = true, .stake = 50'000}}});
  }
  std::vector<net::HttpRoute> routes() { return axon_.routes({}); }
  std::size_t num_handlers() const { return axon_.num_handlers(); }
  miner::ImageDesk& images() { return images_; }

 private:
  NoDetector detector_;
  miner::SenderDirectory directory_;
  miner::ImageDesk images_{detector_, assay::system_random(), {}};
  miner::Axon axon_{{.self = key_of(2).hotkey(),
                     .directory = directory_,
                     .images = images_,
                     .clock = assay::system_clock()},
                    {}};
};

/// Listens, tells its port, and serves until it is killed.
[[noreturn]] void serve(bool is_axon, int told) {
  Miner miner;
  std::vector<net::HttpRoute> routes;
  if (is_axon) {
    routes = miner.routes();
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
  options.num_handler_threads = is_axon ? miner.num_handlers() : options.num_handler_threads;
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

std::string challenge_body(std::uint32_t side) {
  const auto image = assay::images::Image::with_size({.width = side, .height = side});
  const auto encoded = assay::images::encode_jpeg(image).value();
  return protocol::write_image_request(encoded, std::chrono::seconds(9));
}

class Driver {
 public:
  Driver(const Server& server, std::uint32_t side)
      : url_(net::Url::parse(fmt::format("http://127.0.0.1:{}{}", server.port(), kTarget)).value()),
        pool_(
            net::HttpPool::create({.max_in_flight = kInFlight, .max_per_host = kInFlight}).value()),
        body_(challenge_body(side)) {}

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

/// Microseconds of this thread for each of `number` calls, which get their number.
template <typename Call>
double us_a_call(std::uint64_t number, const Call& call) {
  const auto cpu_us = [] {
    timespec time{};
    CHECK(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time) == 0, "the thread has a clock");
    return static_cast<double>(time.tv_sec) * 1e6 + static_cast<double>(time.tv_nsec) / 1e3;
  };
  const double begun = cpu_us();
  for (std::uint64_t i = 0; i < number; ++i) CHECK(call(i), "a call of the benchmark failed");
  return (cpu_us() - begun) / static_cast<double>(number);
}

/// One thread calls what the server would: the whole handler, then what it is made of.
void measure_parts(std::uint64_t number, std::uint32_t side) {
  Miner miner;
  const auto handler = miner.routes().front().handler;
  const std::string body = challenge_body(side);
  const protocol::Btauth scheme;
  std::vector<net::ServedRequest> requests;
  for (std::uint64_t i = 0; i < number; ++i) {
    net::ServedRequest& request = requests.emplace_back();
    request.method = net::HttpMethod::kPost;
    request.headers = scheme
                          .sign({.target = kTarget, .body = body, .receiver = key_of(2).hotkey()},
                                key_of(1), assay::system_clock().now(), assay::system_random())
                          .value();
    // What any client sends too.
    request.headers.push_back({.name = "Host", .value = "127.0.0.1:8091"});
    request.headers.push_back({.name = "Content-Type", .value = "application/json"});
    request.headers.push_back({.name = "Content-Length", .value = std::to_string(body.size())});
    request.body = body;
    request.raw_target = kTarget;
  }
  const double whole =
      us_a_call(number, [&](auto i) { return handler(requests[i]).status == 200; });

  const std::string message(260, 'x');  // as long as what btauth/1 signs
  const auto signature = key_of(1).sign(assay::as_bytes(message), assay::system_random());
  const keys::Hotkey signer = key_of(1).hotkey();
  const keys::Hotkey receiver = key_of(2).hotkey();
  const double verify = us_a_call(
      number, [&](auto) { return keys::verify(signer, assay::as_bytes(message), signature); });
  const double hash =
      us_a_call(number, [&](auto) { return !assay::crypto::sha256(body).to_hex().empty(); });
  const double check = us_a_call(number, [&](auto i) {
    const auto verdict = scheme.verify({.method = "POST",
                                        .target = kTarget,
                                        .headers = requests[i].headers,
                                        .body = requests[i].body},
                                       receiver, assay::system_clock().now());
    return std::holds_alternative<protocol::Authentic>(verdict);
  });
  const double image =
      us_a_call(number, [&](auto) { return miner.images().answer(body, {}).status == 200; });
  const double json =
      us_a_call(number, [&](auto) { return protocol::parse_image_request(body, {}).has_value(); });
  const auto encoded = protocol::parse_image_request(body, {}).value().image;
  const double decode = us_a_call(
      number, [&](auto) { return assay::images::Decoder().decode(encoded, {}).has_value(); });
  fmt::print(
      "{{\"handler\": {:.2f}, \"verify\": {:.2f}, \"check\": {:.2f}, \"hash\": {:.2f}, "
      "\"gate\": {:.2f}, \"json\": {:.2f}, \"decode\": {:.2f}, \"answer\": {:.2f}}}\n",
      whole, verify, check, hash, whole - check - image, json, decode, image - json - decode);
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
  } else if (what == "parts") {
    measure_parts(number(2), static_cast<std::uint32_t>(number(3)));
  } else if (what == "hold") {
    measure_memory(number(2), number(3));
  } else {
    fmt::print(stderr, "usage: bench_axon bare|axon|parts REQUESTS SIDE | hold SECONDS RATE\n");
    return 2;
  }
}
