#include "app/miner_daemon.h"

#include "app/heartbeat.h"
#include "app/runtime.h"
#include "chain/local_network.h"
#include "core/random.h"
#include "files/testing/temporary_folder.h"
#include "images/encode.h"
#include "images/scene.h"
#include "net/http_server.h"
#include "protocol/btauth.h"
#include "protocol/generation_messages.h"
#include "protocol/image_messages.h"
#include "protocol/testing/known_keys.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

namespace assay::app {
namespace {

using namespace std::chrono_literals;
using files::testing::TemporaryFolder;
using protocol::testing::alice;

keys::KeyPair miner_key() {
  return keys::KeyPair::from_seed(keys::Seed(keys::AccountId{std::byte{7}}));
}

/// What the validator alice asks; the process ends when it is not answered so.
void ask(const std::string& miner, std::string_view target, std::string body, int status) {
  net::HttpRequest request{.method = net::HttpMethod::kPost,
                           .url = net::Url::parse(miner + std::string(target)).value(),
                           .body = std::move(body)};
  auto headers = protocol::Btauth()
                     .sign({.target = request.url.target(),
                            .body = request.body,
                            .receiver = miner_key().hotkey()},
                           alice(), system_clock().now(), system_random())
                     .value();
  headers.push_back({std::string(protocol::kWebhookHeader), "http://127.0.0.1:9/callback"});
  request.headers = net::HttpHeaders::create(std::move(headers)).value();
  const auto answer = net::make_http_transport({})->send(request, {});
  if (!answer || answer->status != status) std::_Exit(99);
}

void order_an_image(const std::string& miner) {
  ask(miner, protocol::kGenerationTarget, protocol::write_generation_request({.prompt = "a road"}),
      protocol::kJobAccepted);
}

void send_a_challenge(const std::string& miner) {
  const auto scene = images::plan_scene(1, images::SceneLabel::kNone);
  const auto png = images::encode_png(images::draw_scene(scene, {.width = 64, .height = 64}));
  ask(miner, "/ImageSynapse", protocol::write_image_request(*png, 9s), 200);
}

/// A miner whose images are made by a service that takes every connection and never answers, and
/// judged by a program that waits for the end of all questions. Both have deadlines of their own,
/// which are longer here than what the watch allows.
void run_miner_that_hangs(const std::filesystem::path& folder, const miner::WorkLimits& limits,
                          void (*use)(const std::string& miner)) {
  const auto silent = net::HttpServer::listen({}, {}).value();
  const auto path = folder / "net.db";
  if (!chain::create_local_network(path, {}, system_clock())) std::_Exit(98);
  for (const keys::Hotkey& hotkey : {alice().hotkey(), miner_key().hotkey()}) {
    if (!chain::register_neuron(path, {.hotkey = hotkey}, system_clock())) std::_Exit(97);
  }
  MinerDaemonOptions options{.network = {.text = "local", .path = path}, .pair = miner_key()};
  options.state = folder / "state";
  std::filesystem::create_directories(options.state);
  options.store = folder / "store";
  options.data = folder / "history";
  options.generator.provider = ImageProvider::kHttp;
  options.generator.service.endpoint = "http://127.0.0.1:" + std::to_string(silent->port());
  options.generator.size = {.width = 64, .height = 64};
  options.detector = {.kind = miner::DetectorKind::kCommand, .target = "sort"};
  options.detector_timeout = 60s;
  options.limits_of_work = limits;
  std::stop_source stop;
  std::jthread asker;
  const Status ended = run_miner(
      options,
      [&](const MinerReady& ready) {
        asker = std::jthread([use, &stop, address = ready.address] {
          use(address);
          // Without a watch it would go on for ever.
          std::this_thread::sleep_for(20s);
          stop.request_stop();
        });
        return Status();
      },
      stop.get_token());
  std::fputs(ended ? "ended well\n" : ended.error().message.c_str(), stderr);
}

TEST(MinerDaemonDeathTest, AMakerOfImagesThatHangsEndsTheProcessWithTheReason) {
  const TemporaryFolder folder;
  EXPECT_EXIT(run_miner_that_hangs(folder.path(), {.job_step = 100ms}, order_an_image),
              ::testing::ExitedWithCode(1),
              "does not go on.*the making of an image has not gone on for");
}

TEST(MinerDaemonDeathTest, ADetectorThatHangsEndsTheProcessWithTheReason) {
  const TemporaryFolder folder;
  EXPECT_EXIT(run_miner_that_hangs(folder.path(), {.answer = 100ms}, send_a_challenge),
              ::testing::ExitedWithCode(1),
              "does not go on.*the judgement of an image has not gone on for");
}

TEST(EndingIfStuckDeathTest, EndsOnlyForAReason) {
  const TemporaryFolder folder;
  const auto is_well = ending_if_stuck([] { return std::string(); });
  EXPECT_TRUE(is_well());
  EXPECT_EXIT(
      {
        int num_asked = 0;
        const Heartbeat heartbeat(
            {.file = folder.path() / "heartbeat", .interval = 1ms}, ending_if_stuck([&] {
              return std::string(++num_asked < 3 ? "" : "the detector has not gone on for 2m");
            }));
        std::this_thread::sleep_for(20s);  // the heartbeat ends the process long before
      },
      ::testing::ExitedWithCode(1), "reason=.the detector has not gone on for 2m");
  EXPECT_TRUE(std::filesystem::exists(folder.path() / "heartbeat")) << "it beat while all was well";
}

}  // namespace
}  // namespace assay::app
