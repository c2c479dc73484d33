/// \file
/// One round of a validator to 256 miners on this machine, each of which answers after 20 ms.
///
///     bench_round ROUNDS
///
/// Prints one JSON object: medians of a round's milliseconds, by the clock and of the validator's
/// CPU. The miners are another process, which no more than reads and answers.

#include "core/check.h"
#include "core/clock.h"
#include "core/random.h"
#include "images/encode.h"
#include "images/image.h"
#include "keys/sr25519.h"
#include "protocol/image_messages.h"
#include "validator/http_courier.h"

#include <fmt/format.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace {

namespace keys = assay::keys;
namespace validator = assay::validator;
using Clock = std::chrono::steady_clock;

constexpr std::size_t kNumMiners = 256;
constexpr std::chrono::milliseconds kDelay{20};

keys::KeyPair key_of(std::uint16_t number) {
  keys::Seed seed;
  seed.fill()[0] = static_cast<std::byte>(number & 0xff);
  seed.fill()[1] = static_cast<std::byte>(number >> 8U);
  return keys::KeyPair::from_seed(seed);
}

int listen_anywhere(std::uint16_t& port) {
  const int listener = socket(AF_INET, SOCK_STREAM, 0);
  CHECK(listener >= 0, "a socket");
  sockaddr_in address{
      .sin_family = AF_INET, .sin_port = 0, .sin_addr = {htonl(INADDR_LOOPBACK)}, .sin_zero = {}};
  socklen_t size = sizeof address;
  auto* any = reinterpret_cast<sockaddr*>(&address);
  CHECK(bind(listener, any, size) == 0 && listen(listener, 512) == 0, "a port of this machine");
  CHECK(getsockname(listener, any, &size) == 0, "a port of this machine");
  port = ntohs(address.sin_port);
  return listener;
}

/// A connection of a miner.
struct Line {
  int socket = -1;
  std::string received = {};
  Clock::time_point due = Clock::time_point::max();
};

/// Whether the request is here as a whole.
bool is_whole(std::string_view text) {
  constexpr std::string_view kLength = "ontent-Length: ";
  const std::size_t end = text.find("\r\n\r\n");
  const std::size_t begin = text.find(kLength);
  if (end == std::string_view::npos || begin == std::string_view::npos) return false;
  std::size_t length = 0;
  const char* const first = text.data() + begin + kLength.size();
  std::from_chars(first, text.data() + end, length);
  return text.size() >= end + 4 + length;
}

void read_some(Line& line) {
  std::array<char, 65'536> buffer{};
  const ssize_t size = recv(line.socket, buffer.data(), buffer.size(), MSG_DONTWAIT);
  if (size <= 0) {
    close(line.socket);
    line.socket = -1;
    return;
  }
  line.received.append(buffer.data(), static_cast<std::size_t>(size));
  if (is_whole(line.received)) line.due = Clock::now() + kDelay;
}

void answer(Line& line, std::string_view reply) {
  CHECK(send(line.socket, reply.data(), reply.size(), MSG_NOSIGNAL) ==
            static_cast<ssize_t>(reply.size()),
        "an answer is small");
  line.received.clear();
  line.due = Clock::time_point::max();
}

/// All miners, on one thread, until it is killed.
[[noreturn]] void be_miners(const std::vector<int>& listeners) {
  const std::string body = assay::protocol::write_image_answer(0.5);
  const std::string reply = fmt::format(
      "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{}",
      body.size(), body);
  std::vector<Line> lines;
  while (true) {
    std::vector<pollfd> watched;
    auto next = Clock::now() + std::chrono::seconds(1);
    for (const int listener : listeners)
      watched.push_back({.fd = listener, .events = POLLIN, .revents = 0});
    for (const Line& line : lines) {
      watched.push_back({.fd = line.socket, .events = POLLIN, .revents = 0});
      next = std::min(next, line.due);
    }
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(next - Clock::now());
    poll(watched.data(), watched.size(), std::max(0, static_cast<int>(left.count())));
    const std::size_t num_lines = lines.size();
    for (std::size_t i = 0; i < listeners.size(); ++i) {
      if ((watched[i].revents & POLLIN) != 0)
        lines.push_back({.socket = accept(listeners[i], nullptr, nullptr)});
    }
    for (std::size_t i = 0; i < num_lines; ++i) {
      if (watched[listeners.size() + i].revents != 0) read_some(lines[i]);
      if (lines[i].socket >= 0 && lines[i].due <= Clock::now()) answer(lines[i], reply);
    }
    std::erase_if(lines, [](const Line& line) { return line.socket < 0; });
  }
}

double cpu_ms() {
  timespec time{};
  CHECK(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time) == 0, "the process has a clock");
  return static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_nsec) / 1e6;
}

double median_of(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

/// Ask each miner once, all at once.
void run_round(validator::Courier& courier, const std::vector<validator::MinerAddress>& miners,
               const std::shared_ptr<const std::string>& body) {
  std::size_t num_sent = 0;
  std::size_t num_answered = 0;
  const auto source = [&] -> assay::Result<validator::NextAsk> {
    if (num_sent == miners.size()) return validator::NextAsk(validator::NothingMore{});
    const std::size_t place = num_sent++;
    return validator::NextAsk(validator::Ask{.id = place, .miner = miners[place], .body = body});
  };
  const auto sink = [&](std::uint64_t, const validator::Reply& reply) {
    num_answered += reply.kind == validator::ReplyKind::kPrediction ? 1 : 0;
    return assay::Status();
  };
  CHECK(courier.run(source, sink).has_value(), "the courier works");
  CHECK(num_answered == miners.size(), "a miner did not answer");
}

}  // namespace

int main(int argc, char** argv) {
  const int num_rounds = argc > 1 ? std::atoi(argv[1]) : 0;
  if (num_rounds < 1) {
    fmt::print(stderr, "usage: bench_round ROUNDS\n");
    return 2;
  }
  std::vector<int> listeners;
  std::vector<validator::MinerAddress> miners;
  for (std::uint16_t uid = 0; uid < kNumMiners; ++uid) {
    miners.push_back({.uid = uid, .hotkey = key_of(uid + 1).hotkey(), .ip = "127.0.0.1"});
    listeners.push_back(listen_anywhere(miners.back().port));
  }
  const pid_t child = fork();
  CHECK(child >= 0, "another process");
  if (child == 0) be_miners(listeners);
  for (const int listener : listeners) close(listener);

  const keys::KeyPair self = key_of(0);
  const auto courier =
      validator::HttpCourier::create(
          {.sender = self, .clock = assay::system_clock(), .random = assay::system_random()}, {})
          .value();
  const auto image = assay::images::Image::with_size({.width = 224, .height = 224});
  const auto body = std::make_shared<const std::string>(assay::protocol::write_image_request(
      assay::images::encode_jpeg(image).value(), std::chrono::seconds(9)));
  std::vector<double> walls;
  std::vector<double> costs;
  run_round(*courier, miners, body);  // connections are kept from then on
  for (int i = 0; i < num_rounds; ++i) {
    const auto begun = Clock::now();
    const double before = cpu_ms();
    run_round(*courier, miners, body);
    costs.push_back(cpu_ms() - before);
    walls.push_back(std::chrono::duration<double, std::milli>(Clock::now() - begun).count());
  }
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  fmt::print("{{\"wall_ms\": {:.1f}, \"cpu_ms\": {:.1f}}}\n", median_of(walls), median_of(costs));
}
