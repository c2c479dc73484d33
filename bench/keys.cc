/// \file
/// What a signature and its check cost, alone and as part of a request's headers.
///
///     bench_keys CALLS
///
/// Prints one JSON object: microseconds of CPU time a call.

#include "core/bytes.h"
#include "core/check.h"
#include "core/random.h"
#include "keys/sr25519.h"
#include "protocol/btauth.h"

#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>
#include <variant>
#include <vector>

namespace {

namespace keys = assay::keys;
namespace protocol = assay::protocol;

// As long as what btauth/1 signs.
constexpr std::size_t kMessageSize = 260;

double cpu_us() {
  timespec time{};
  CHECK(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time) == 0, "the process has a clock");
  return static_cast<double>(time.tv_sec) * 1e6 + static_cast<double>(time.tv_nsec) / 1e3;
}

template <typename Call>
double us_a_call(int num_calls, const Call& call) {
  const double start = cpu_us();
  for (int i = 0; i < num_calls; ++i) CHECK(call(), "a call of the benchmark failed");
  return (cpu_us() - start) / num_calls;
}

}  // namespace

int main(int argc, char** argv) {
  const int num_calls = argc > 1 ? std::atoi(argv[1]) : 1000;
  keys::Seed seed;
  seed.fill()[0] = std::byte{7};
  const keys::KeyPair pair = keys::KeyPair::from_seed(seed);
  const std::string message(kMessageSize, 'x');
  auto& random = assay::system_random();
  const keys::Signature signature = pair.sign(assay::as_bytes(message), random);

  const double sign = us_a_call(num_calls, [&] {
    return pair.sign(assay::as_bytes(message), random).back() != std::byte{0};
  });
  const double verify = us_a_call(
      num_calls, [&] { return keys::verify(pair.hotkey(), assay::as_bytes(message), signature); });

  const protocol::Btauth scheme;
  const protocol::Instant now =
      std::chrono::time_point_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now());
  const std::string body(1'500, 'b');
  const protocol::OutgoingRequest request{
      .target = "/ImageSynapse", .body = body, .receiver = pair.hotkey()};
  std::vector<assay::net::HttpHeader> headers;
  const double sign_request = us_a_call(num_calls, [&] {
    headers = scheme.sign(request, pair, now, random).value();
    return !headers.empty();
  });
  const double verify_request = us_a_call(num_calls, [&] {
    const auto verdict = scheme.verify(
        {.method = "POST", .target = "/ImageSynapse", .headers = headers, .body = body},
        pair.hotkey(), now);
    return std::holds_alternative<protocol::Authentic>(verdict);
  });
  fmt::print(
      "{{\"sign_us\": {:.2f}, \"verify_us\": {:.2f}, \"sign_request_us\": {:.2f}, "
      "\"verify_request_us\": {:.2f}}}\n",
      sign, verify, sign_request, verify_request);
  return 0;
}
