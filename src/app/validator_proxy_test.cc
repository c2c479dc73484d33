#include "app/validator_proxy.h"

#include "net/testing/listening_socket.h"
#include "protocol/testing/known_keys.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <thread>

namespace assay::app {
namespace {

using namespace std::chrono_literals;

std::uint16_t port_of(const std::string& address) {
  return static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1)));
}

TEST(ValidatorProxy, ListensAgainWhenItsServerHasEnded) {
  const auto started = ValidatorProxy::start({}, protocol::testing::alice(), {});
  ASSERT_TRUE(started) << started.error().message;
  ValidatorProxy& proxy = **started;
  const std::string first = proxy.status().address;
  ASSERT_FALSE(first.empty());
  EXPECT_EQ(proxy.stuck(1h), "");
  net::testing::break_listening_socket(port_of(first));
  const auto end = std::chrono::steady_clock::now() + 30s;
  bool was_told = false;
  while (proxy.status().address.empty() || proxy.status().address == first) {
    was_told |= proxy.status().problem.contains("cannot accept connections");
    ASSERT_LT(std::chrono::steady_clock::now(), end) << "clients find nobody";
    std::this_thread::sleep_for(10ms);  // nothing tells of a change: status() is what others see
  }
  EXPECT_TRUE(was_told);
  EXPECT_EQ(proxy.status().problem, "");
}

}  // namespace
}  // namespace assay::app
