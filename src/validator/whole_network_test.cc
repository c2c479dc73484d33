// All members of a network at once, over real HTTP.

#include "chain/testing/scripted_network.h"
#include "core/clock.h"
#include "core/random.h"
#include "files/testing/temporary_folder.h"
#include "net/testing/loopback_server.h"
#include "protocol/image_messages.h"
#include "validator/http_courier.h"
#include "validator/round_loop.h"
#include "validator/testing/memory_shelf.h"
#include "validator/testing/scripted_miner.h"

#include <gtest/gtest.h>

#include <chrono>
#include <ctime>
#include <map>
#include <string>

namespace assay::validator {
namespace {

using namespace std::chrono_literals;
using net::testing::http_reply;
using net::testing::LoopbackServer;

constexpr std::size_t kNumMiners = 256;

std::chrono::nanoseconds thread_time() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

TEST(WholeNetwork, IsAskedInOneRound) {
  // Each connection has a thread, so that all answer after 20 ms, and not one after the other.
  LoopbackServer server([](std::string_view) {
    return LoopbackServer::Reply{.bytes = http_reply(200, protocol::write_image_answer(0.75)),
                                 .delay = 20ms};
  });
  const keys::KeyPair keys = testing::test_keys(200);
  chain::Metagraph metagraph{.netuid = chain::Netuid{1}};
  metagraph.neurons.push_back({.uid = 0, .hotkey = keys.hotkey()});
  for (std::size_t uid = 1; uid <= kNumMiners; ++uid) {
    keys::AccountId account{};
    account[0] = static_cast<std::byte>(uid & 0xFFU);
    account[1] = static_cast<std::byte>(uid >> 8U);
    metagraph.neurons.push_back({.uid = static_cast<chain::Uid>(uid),
                                 .hotkey = keys::Hotkey(account),
                                 .axon = chain::Axon{.ip = "127.0.0.1", .port = server.port()}});
  }
  auto view = make_network_view(std::move(metagraph), {}, keys.hotkey(), Timestamp());

  const files::testing::TemporaryFolder folder;
  auto state = StateStore::open(files::posix_file_system(), folder.path(), {}).value();
  auto log = RoundLog::open(files::posix_file_system(), folder.path(), {}, [](const RoundRecord&) {
             }).value();
  testing::MemoryShelf shelf;
  auto courier =
      HttpCourier::create({.sender = keys, .clock = system_clock(), .random = system_random()})
          .value();
  constexpr std::uint64_t kNumRounds = 5;
  std::map<std::uint64_t, std::chrono::nanoseconds> ended;
  RoundLoop loop({.clock = system_clock(),
                  .random = system_random(),
                  .shelf = shelf,
                  .state = state,
                  .log = log},
                 {.sample_size = kNumMiners, .interval = 1s, .num_rounds = kNumRounds},
                 {.view = [&] { return view; },
                  .on_round =
                      [&](const RoundRecord& record, const RoundResult&) {
                        for (const AskedMiner& miner : record.miners) {
                          EXPECT_EQ(miner.reply.kind, ReplyKind::kPrediction) << miner.reply.detail;
                        }
                        ended[record.challenge] = system_clock().monotonic();
                        return Status();
                      }});
  const auto begun = system_clock().monotonic();
  const auto begun_cpu = thread_time();
  ASSERT_TRUE(loop.run(*courier, {}));
  EXPECT_EQ(loop.counts().num_answered, kNumRounds * kNumMiners);
  ASSERT_EQ(ended.size(), kNumRounds);
  const auto cpu = (thread_time() - begun_cpu) / kNumRounds;
  RecordProperty("cpu_us_a_round", std::to_string(cpu / 1us));
  // The last one, over connections that are there; rounds begin a second apart.
  const auto last = ended.at(kNumRounds) - begun - ((kNumRounds - 1) * 1s);
  RecordProperty("wall_us_of_the_last_round", std::to_string(last / 1us));
  EXPECT_LT(last, 9s);
}

}  // namespace
}  // namespace assay::validator
