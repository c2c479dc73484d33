// The servers that strangers reach, under requests for minutes over real connections: the memory of
// the process stays where it was once its tables are full, and every request gets its answer. What
// sends is in this process too, and may grow no more than they.
//
// ASSAY_LOAD_SHARE makes a run shorter, by hand: 0.1 is a tenth.

#include "core/clock.h"
#include "core/heap.h"
#include "core/parse_number.h"
#include "core/random.h"
#include "crypto/base64.h"
#include "images/encode.h"
#include "images/image.h"
#include "miner/axon.h"
#include "net/http_pool.h"
#include "net/http_server.h"
#include "organic/access_token.h"
#include "organic/proxy_desk.h"
#include "protocol/btauth.h"
#include "protocol/image_messages.h"
#include "protocol/testing/known_keys.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <thread>
#include <vector>

namespace {

using namespace std::chrono_literals;
namespace miner = assay::miner;
namespace net = assay::net;
namespace organic = assay::organic;
namespace protocol = assay::protocol;
using protocol::testing::alice;
using protocol::testing::bob;

/// Both servers have more places than this: nothing is refused because it came too fast.
constexpr std::size_t kInFlight = 8;

double share_of_run() {
  const char* const share = std::getenv("ASSAY_LOAD_SHARE");
  return share != nullptr ? assay::parse_real(share).value() : 1.0;
}

double memory_mb() {
  std::ifstream file("/proc/self/statm");
  long total = 0;
  long resident = 0;
  file >> total >> resident;
  return static_cast<double>(resident * sysconf(_SC_PAGESIZE)) / 1e6;
}

/// A server on a thread of its own, until its end.
class Running {
 public:
  Running(std::vector<net::HttpRoute> routes, std::size_t num_handlers)
      : server_(net::HttpServer::listen(std::move(routes), {.num_handler_threads = num_handlers})
                    .value()),
        thread_([this](std::stop_token stop) {
          EXPECT_TRUE(server_->run(std::move(stop)).has_value());
        }) {}
  net::Url url(std::string_view target) const {
    return net::Url::parse(fmt::format("http://127.0.0.1:{}{}", server_->port(), target)).value();
  }

 private:
  std::unique_ptr<net::HttpServer> server_;
  std::jthread thread_;  // last: it ends before its server
};

/// Makes the request of this number.
using Maker = std::function<net::HttpRequest(std::uint64_t number)>;

/// Sends requests over the same connections, and counts their answers.
class Sender {
 public:
  explicit Sender(Maker maker) : maker_(std::move(maker)) {}

  /// `number` more, none before its turn when they are to keep a pace.
  void send(std::uint64_t number, std::chrono::nanoseconds interval = 0ns) {
    const auto begun = std::chrono::steady_clock::now();
    const std::uint64_t end = num_sent_ + number;
    const auto source = [&] -> assay::Result<net::NextRequest> {
      if (num_sent_ == end) return net::NextRequest(net::NoMoreRequests{});
      const auto due = begun + interval * static_cast<std::int64_t>(number - (end - num_sent_));
      if (std::chrono::steady_clock::now() < due) return net::NextRequest(net::AskAgain{.at = due});
      const std::uint64_t id = num_sent_++;
      return net::NextRequest(net::PooledRequest{.id = id, .request = maker_(id)});
    };
    const auto sink = [&](std::uint64_t, const assay::Result<net::HttpResponse>& response) {
      ++counts_[response ? response->status : 0];
      if (!response) ADD_FAILURE() << response.error().message;
      return assay::Status();
    };
    ASSERT_TRUE(pool_.run(source, sink, {}).has_value());
  }

  std::uint64_t num_sent() const { return num_sent_; }
  /// By status; 0 is none at all.
  const std::map<int, std::uint64_t>& counts() const { return counts_; }

 private:
  Maker maker_;
  net::HttpPool pool_ =
      net::HttpPool::create({.max_in_flight = kInFlight, .max_per_host = kInFlight}).value();
  std::uint64_t num_sent_ = 0;
  std::map<int, std::uint64_t> counts_;
};

net::HttpHeaders headers_of(std::vector<net::HttpHeader> headers) {
  headers.push_back({.name = "Content-Type", .value = "application/json"});
  return net::HttpHeaders::create(std::move(headers)).value();
}

/// As the program itself runs them.
class Load : public ::testing::Test {
 protected:
  void SetUp() override { assay::keep_heap_small(); }
};

class NoDetector final : public miner::Detector {
 public:
  std::string name() const override { return "none"; }
  assay::Result<double> judge(const miner::DetectorInput&, std::stop_token) override { return 0.5; }
};

TEST_F(Load, AxonHoldsAThousandRequestsASecondForTwoMinutesInTheSameMemory) {
  constexpr std::uint64_t kRate = 1'000;
  constexpr double kSeconds = 120;
  constexpr double kMaxGrowthMb = 4;
  NoDetector detector;
  miner::SenderDirectory directory;
  directory.replace({{alice().hotkey(), {.uid = 0, .has_permit = true, .stake = 50'000}}});
  miner::ImageDesk images(detector, assay::system_random(), {});
  miner::Axon axon({.self = bob().hotkey(),
                    .directory = directory,
                    .images = images,
                    .clock = assay::system_clock()},
                   {});
  const Running server(axon.routes({}), axon.num_handlers());
  const auto picture = assay::images::Image::with_size({.width = 16, .height = 16});
  const std::string body =
      protocol::write_image_request(assay::images::encode_jpeg(picture).value(), 9s);
  const protocol::Btauth scheme;
  Sender sender([&](std::uint64_t) {
    auto headers =
        scheme.sign({.target = "/ImageSynapse", .body = body, .receiver = bob().hotkey()}, alice(),
                    assay::system_clock().now(), assay::system_random());
    return net::HttpRequest{.method = net::HttpMethod::kPost,
                            .url = server.url("/ImageSynapse"),
                            .headers = headers_of(std::move(*headers)),
                            .body = body,
                            .timeout = 60s};
  });

  const auto number = static_cast<std::uint64_t>(kSeconds * share_of_run()) * kRate;
  const std::chrono::nanoseconds interval = std::chrono::nanoseconds(1s) / kRate;
  const auto begun = std::chrono::steady_clock::now();
  // A third of it: what was taken is remembered for some seconds, and forgotten from then on.
  sender.send(number / 3, interval);
  const double before = memory_mb();
  sender.send(number - number / 3, interval);
  const double after = memory_mb();
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begun;
  fmt::print("{} requests in {:.0f} s: {:.1f} MB after a third, {:.1f} MB at the end\n",
             sender.num_sent(), took.count(), before, after);
  EXPECT_EQ(sender.counts(), (std::map<int, std::uint64_t>{{200, number}}));
  EXPECT_EQ(axon.counts(), (std::map<int, std::uint64_t>{{200, number}}));
  EXPECT_LE(after - before, kMaxGrowthMb);
}

/// Three miners who all say the same, and nothing is kept of what they were sent.
class SameAnswer final : public organic::MinerLine {
 public:
  std::vector<organic::Miner> available() const override {
    std::vector<organic::Miner> miners;
    for (std::uint16_t uid = 0; uid < 3; ++uid) {
      assay::keys::AccountId account{};
      account[0] = static_cast<std::byte>(uid + 1);
      miners.push_back({.uid = uid,
                        .hotkey = assay::keys::Hotkey(account),
                        .coldkey = "cold",
                        .ip = "127.0.0.1",
                        .port = 1});
    }
    return miners;
  }
  assay::Result<std::vector<organic::MinerAnswer>> ask(
      std::span<const organic::PlannedAsk> plan, std::shared_ptr<const std::string>) override {
    return std::vector<organic::MinerAnswer>(plan.size(), organic::MinerAnswer{.prediction = 0.75});
  }
};

/// An image of its own for each number.
std::string picture_body(std::uint64_t number) {
  auto picture = assay::images::Image::with_size({.width = 16, .height = 16});
  const auto pixels = picture.pixels();
  std::ranges::fill(pixels, std::uint8_t{0});
  for (std::size_t bit = 0; bit < 64; ++bit) pixels[bit] = (number >> bit & 1U) != 0 ? 255 : 0;
  const auto encoded = assay::images::encode_png(picture).value();
  return fmt::format(R"({{"image": "{}"}})", assay::crypto::base64_encode(encoded));
}

TEST_F(Load, ProxyAnswersAMillionRequestsInTheSameMemory) {
  constexpr std::uint64_t kNumber = 1'000'000;
  constexpr double kMaxGrowthMb = 2;  // for each 100,000
  SameAnswer line;
  organic::CallerCheck callers(alice().hotkey(), {}, assay::system_clock());
  organic::ProxyOptions options;
  // One client does the work of all; what one may do is not what is tried here.
  options.admission.rates = {.per_minute = 1e9, .burst = 1e6};
  organic::ProxyDesk desk({.callers = callers,
                           .line = line,
                           .clock = assay::system_clock(),
                           .random = assay::system_random()},
                          options);
  const Running server(desk.routes(), desk.num_handlers());
  const auto now = std::chrono::floor<std::chrono::seconds>(assay::system_clock().now());
  const std::string token =
      organic::make_access_token({.client = "shop", .issued = now, .expires = now + 24h}, alice(),
                                 assay::system_random())
          .value();
  Sender sender([&](std::uint64_t number) {
    return net::HttpRequest{
        .method = net::HttpMethod::kPost,
        .url = server.url("/validator_proxy"),
        .headers = headers_of({{.name = "Authorization", .value = "Bearer " + token}}),
        .body = picture_body(number),
        .timeout = 60s};
  });

  const auto number = static_cast<std::uint64_t>(kNumber * share_of_run());
  const std::uint64_t warm_up = number / 3;  // more than images are remembered
  sender.send(warm_up);
  const double before = memory_mb();
  sender.send(number - warm_up);
  const double after = memory_mb();
  const double growth = (after - before) / (static_cast<double>(number - warm_up) / 1e5);
  fmt::print("{} requests: {:.1f} MB after {}, {:.1f} MB at the end, {:.2f} MB for each 100,000\n",
             number, before, warm_up, after, growth);
  EXPECT_EQ(sender.counts(), (std::map<int, std::uint64_t>{{200, number}}));
  EXPECT_LE(growth, kMaxGrowthMb);
}

}  // namespace
