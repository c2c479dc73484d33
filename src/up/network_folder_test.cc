#include "up/network_folder.h"

#include "chain/local_network.h"
#include "files/testing/temporary_folder.h"
#include "net/http_server.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

namespace assay::up {
namespace {

class NetworkFolderTest : public ::testing::Test {
 protected:
  Result<OpenedNetwork> open(NetworkFolderOptions options = {}) {
    options.folder = temporary_.path() / "net";
    options.images_per_cell = 2;
    options.image_size = {.width = 160, .height = 96};
    return open_network_folder({.file_system = files::posix_file_system(),
                                .clock = system_clock(),
                                .random = system_random(),
                                .pool = pool_},
                               options, [&](std::string_view step) { steps_.emplace_back(step); },
                               {});
  }

  files::testing::TemporaryFolder temporary_;
  ThreadPool pool_;
  std::vector<std::string> steps_;
};

std::set<std::uint16_t> ports_of(const FleetPlan& plan) {
  std::set<std::uint16_t> ports = {plan.callback_port};
  for (const PlannedMiner& miner : plan.miners) ports.insert(miner.port);
  return ports;
}

TEST_F(NetworkFolderTest, IsMadeWholeFromNothing) {
  const auto opened = open();
  ASSERT_TRUE(opened) << opened.error().message;
  EXPECT_EQ(opened->plan.miners.size(), 8U);
  EXPECT_EQ(ports_of(opened->plan).size(), 9U) << "each has a port of its own";
  EXPECT_FALSE(ports_of(opened->plan).contains(0));
  EXPECT_EQ(steps_.size(), 2U);

  const auto network =
      chain::LocalNetwork::open(opened->folder.network(), std::nullopt, system_clock());
  ASSERT_TRUE(network) << network.error().message;
  const auto members = (*network)->metagraph(kLocalNetuid, {});
  ASSERT_TRUE(members) << members.error().message;
  ASSERT_EQ(members->neurons.size(), 9U);
  EXPECT_TRUE(members->neurons[0].has_validator_permit);
  for (std::size_t i = 0; i < 8; ++i) {
    EXPECT_EQ(members->neurons[i + 1].hotkey, opened->hotkeys[i]);
    EXPECT_FALSE(members->neurons[i + 1].has_validator_permit);
    ASSERT_TRUE(members->neurons[i + 1].axon);
    EXPECT_EQ(members->neurons[i + 1].axon->port, opened->plan.miners[i].port);
  }
  std::size_t num_images = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(opened->folder.cache())) {
    num_images += entry.path().extension() == ".png" ? 1 : 0;
  }
  EXPECT_EQ(num_images, 8U) << "2 of each label in each of two caches";
}

TEST_F(NetworkFolderTest, GoesOnWithWhatIsThere) {
  FleetPlan plan;
  std::vector<keys::Hotkey> hotkeys;
  {
    const auto first = open({.miners = "honest,slow", .seed = 3});
    ASSERT_TRUE(first) << first.error().message;
    plan = first->plan;
    hotkeys = first->hotkeys;
  }
  const auto second = open();
  ASSERT_TRUE(second) << second.error().message;
  EXPECT_EQ(second->plan, plan);
  EXPECT_EQ(second->hotkeys, hotkeys);
}

TEST_F(NetworkFolderTest, NobodyLosesStandingByAnotherStart) {
  std::vector<keys::Hotkey> hotkeys;
  const auto path = temporary_.path() / "net" / "network.db";
  {
    const auto first = open({.miners = "honest,slow"});
    ASSERT_TRUE(first) << first.error().message;
    hotkeys = first->hotkeys;
    ASSERT_EQ(first->folder.network(), path);
  }
  // A chain on which a miner has more than it would be given.
  std::filesystem::remove(path);
  ASSERT_TRUE(chain::create_local_network(path, {.netuid = kLocalNetuid}, system_clock()));
  ASSERT_TRUE(chain::register_neuron(path,
                                     {.hotkey = hotkeys[1],
                                      .coldkey = "its own",
                                      .stake_rao = 7000 * chain::kRaoPerTao,
                                      .has_validator_permit = true},
                                     system_clock()));
  ASSERT_TRUE(open());
  const auto network = chain::LocalNetwork::open(path, std::nullopt, system_clock());
  ASSERT_TRUE(network) << network.error().message;
  const auto members = (*network)->metagraph(kLocalNetuid, {});
  ASSERT_TRUE(members) << members.error().message;
  ASSERT_EQ(members->neurons.size(), 3U);
  EXPECT_EQ(members->neurons[0].hotkey, hotkeys[1]);
  EXPECT_EQ(members->neurons[0].coldkey, "its own");
  EXPECT_EQ(members->neurons[0].stake_tao(), 7000.0);
  EXPECT_TRUE(members->neurons[0].has_validator_permit);
}

TEST_F(NetworkFolderTest, RefusesToBecomeAnotherNetwork) {
  ASSERT_TRUE(open({.miners = "honest,slow", .seed = 3}));
  const auto other = open({.miners = "honest"});
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().code, ErrorCode::kInvalidInput);
  EXPECT_NE(other.error().message.find("honest,slow"), std::string::npos) << other.error().message;
  EXPECT_EQ(open({.seed = 4}).error().code, ErrorCode::kInvalidInput);
  EXPECT_TRUE(open({.miners = "honest,slow", .seed = 3}));
}

TEST_F(NetworkFolderTest, IsRunByOneAtATime) {
  const auto first = open({.miners = "honest"});
  ASSERT_TRUE(first) << first.error().message;
  const auto second = open();
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::kUnavailable);
  EXPECT_NE(second.error().message.find("another process"), std::string::npos);
}

TEST_F(NetworkFolderTest, ReplacesAPortThatSomebodyHasTaken) {
  std::uint16_t port = 0;
  {
    const auto first = open({.miners = "honest"});
    ASSERT_TRUE(first) << first.error().message;
    port = first->plan.miners[0].port;
  }
  const auto taken = net::HttpServer::listen({}, {.port = port});
  ASSERT_TRUE(taken) << taken.error().message;
  const auto second = open();
  ASSERT_TRUE(second) << second.error().message;
  EXPECT_NE(second->plan.miners[0].port, port);
}

}  // namespace
}  // namespace assay::up
