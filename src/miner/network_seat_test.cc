#include "miner/network_seat.h"

#include "chain/local_network.h"
#include "core/clock.h"
#include "files/testing/temporary_folder.h"
#include "protocol/testing/known_keys.h"

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <thread>

namespace assay::miner {
namespace {

using namespace std::chrono_literals;
using protocol::testing::alice;
using protocol::testing::bob;

class NetworkSeatTest : public ::testing::Test {
 protected:
  NetworkSeatTest() {
    EXPECT_TRUE(chain::create_local_network(path_, {.block_time = 100ms}, system_clock()));
    register_neuron({.hotkey = alice().hotkey(),
                     .stake_rao = 5 * chain::kRaoPerTao,
                     .has_validator_permit = true});
  }
  void register_neuron(const chain::Registration& registration) {
    EXPECT_TRUE(chain::register_neuron(path_, registration, system_clock()));
  }
  std::unique_ptr<chain::LocalNetwork> open(const keys::Hotkey& self) {
    return std::move(chain::LocalNetwork::open(path_, self, system_clock()).value());
  }

  files::testing::TemporaryFolder folder_;
  std::filesystem::path path_ = folder_.path() / "net.db";
  SenderDirectory directory_;
};

TEST_F(NetworkSeatTest, OneWhoIsNotRegisteredHasNone) {
  const auto network = open(bob().hotkey());
  NetworkSeat seat(*network, bob().hotkey(), directory_, system_clock(),
                   {.netuid = chain::Netuid{1}});
  const auto uid = seat.take({});
  ASSERT_FALSE(uid);
  EXPECT_EQ(uid.error().code, ErrorCode::kDenied);
  EXPECT_TRUE(uid.error().message.contains(bob().hotkey().to_ss58()));
}

TEST_F(NetworkSeatTest, SaysWhereItListensAndKnowsTheOthers) {
  register_neuron({.hotkey = bob().hotkey()});
  const auto network = open(bob().hotkey());
  NetworkSeat seat(*network, bob().hotkey(), directory_, system_clock(),
                   {.netuid = chain::Netuid{1}, .refresh_interval = 20ms});
  EXPECT_EQ(seat.take({}).value(), 1);
  ASSERT_TRUE(seat.serve({.ip = "127.0.0.1", .port = 4321}, {}));
  const auto metagraph = network->metagraph(chain::Netuid{1}, {});
  ASSERT_TRUE(metagraph);
  EXPECT_EQ(metagraph->find(bob().hotkey())->axon->port, 4321);
  const auto standing = directory_.find(alice().hotkey());
  ASSERT_TRUE(standing);
  EXPECT_TRUE(standing->has_permit);
  EXPECT_EQ(standing->stake, 5);
  EXPECT_EQ(standing->uid, 0);
}

TEST_F(NetworkSeatTest, LearnsOfThoseWhoComeLater) {
  register_neuron({.hotkey = bob().hotkey()});
  const auto network = open(bob().hotkey());
  NetworkSeat seat(*network, bob().hotkey(), directory_, system_clock(),
                   {.netuid = chain::Netuid{1}, .refresh_interval = 20ms});
  ASSERT_TRUE(seat.take({}));
  ASSERT_TRUE(seat.serve({.ip = "127.0.0.1", .port = 4321}, {}));
  const keys::Hotkey eve = protocol::testing::eve().hotkey();
  EXPECT_FALSE(directory_.find(eve));
  register_neuron({.hotkey = eve});
  for (int i = 0; i < 500 && !directory_.find(eve); ++i) std::this_thread::sleep_for(10ms);
  EXPECT_TRUE(directory_.find(eve));
}

TEST_F(NetworkSeatTest, TheSameSeatIsTakenAgainAfterARestart) {
  register_neuron({.hotkey = bob().hotkey()});
  for (int i = 0; i < 3; ++i) {
    const auto network = open(bob().hotkey());
    NetworkSeat seat(*network, bob().hotkey(), directory_, system_clock(),
                     {.netuid = chain::Netuid{1}});
    ASSERT_TRUE(seat.take({}));
    EXPECT_TRUE(seat.serve({.ip = "127.0.0.1", .port = 4321}, {}));
  }
}

TEST_F(NetworkSeatTest, AnAddressThatTheChainRefusesIsAnError) {
  register_neuron({.hotkey = bob().hotkey()});
  const auto network = open(bob().hotkey());
  NetworkSeat seat(*network, bob().hotkey(), directory_, system_clock(),
                   {.netuid = chain::Netuid{1}});
  ASSERT_TRUE(seat.take({}));
  EXPECT_EQ(seat.serve({.ip = "0.0.0.0", .port = 4321}, {}).error().code, ErrorCode::kInvalidInput);
}

}  // namespace
}  // namespace assay::miner
