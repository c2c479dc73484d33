#include "miner/axon.h"

#include "miner/testing/axon_fixture.h"
#include "protocol/btauth.h"
#include "protocol/epistula.h"
#include "protocol/image_messages.h"
#include "protocol/legacy.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

namespace assay::miner {
namespace {

using namespace std::chrono_literals;
using protocol::testing::alice;
using protocol::testing::bob;
using protocol::testing::eve;
using AxonTest = testing::AxonFixture;

constexpr std::string_view kTarget = "/ImageSynapse";

protocol::OutgoingRequest to_bob(std::string_view body) {
  return {.target = kTarget, .body = body, .receiver = bob().hotkey()};
}

void replace(std::vector<net::HttpHeader>& headers, std::string_view name, std::string value) {
  for (net::HttpHeader& header : headers) {
    if (net::equal_ignoring_case(header.name, name)) header.value = std::move(value);
  }
}

TEST_F(AxonTest, AnswersAChallengeByEachProtocol) {
  start();
  const std::string body = challenge_body();
  const protocol::Btauth btauth;
  const protocol::Epistula epistula;
  const protocol::Legacy legacy;
  for (const protocol::Scheme* scheme : {static_cast<const protocol::Scheme*>(&btauth),
                                         static_cast<const protocol::Scheme*>(&epistula),
                                         static_cast<const protocol::Scheme*>(&legacy)}) {
    const auto response = post(kTarget, body, signed_headers(*scheme, to_bob(body), alice()));
    EXPECT_EQ(response.status, 200) << scheme->name() << response.body;
    EXPECT_EQ(protocol::read_image_answer(response.body).prediction, 0.75) << scheme->name();
    EXPECT_EQ(response.header("bt_header_axon_status_code").has_value(), scheme == &legacy);
  }
  EXPECT_EQ(detector_.num_calls(), 3);
}

TEST_F(AxonTest, RefusesWhoIsNotWelcomeBeforeAnyWork) {
  start();
  EXPECT_EQ(challenge(eve()).status, 403);
  directory_.replace({{eve().hotkey(), {.uid = 4, .has_permit = false, .stake = 10}}});
  EXPECT_EQ(challenge(eve()).status, 200);
  EXPECT_EQ(detector_.num_calls(), 1);
}

TEST_F(AxonTest, AsksForAPermitAndStakeWhenToldTo) {
  start({.policy = {.permit = SenderPolicy::Permit::kRequired, .min_stake = 1000}});
  EXPECT_EQ(challenge().status, 200);
  directory_.replace({{alice().hotkey(), {.has_permit = false, .stake = 5000}}});
  EXPECT_EQ(challenge().status, 403);
  directory_.replace({{alice().hotkey(), {.has_permit = true, .stake = 999}}});
  EXPECT_EQ(challenge().status, 403);
}

TEST_F(AxonTest, RefusesARepetition) {
  start();
  const std::string body = challenge_body();
  const auto headers = signed_headers(protocol::Btauth(), to_bob(body), alice());
  EXPECT_EQ(post(kTarget, body, headers).status, 200);
  EXPECT_EQ(post(kTarget, body, headers).status, 401);
  EXPECT_EQ(detector_.num_calls(), 1);
}

TEST_F(AxonTest, RefusesWhatIsNotSignedAsItStands) {
  start();
  const std::string body = challenge_body();
  const auto good = signed_headers(protocol::Btauth(), to_bob(body), alice());
  const auto status_with = [&](std::string_view name, std::string value) {
    auto headers = good;
    replace(headers, name, std::move(value));
    return post(kTarget, body, headers).status;
  };
  EXPECT_EQ(post(kTarget, body, {}).status, 401);
  EXPECT_EQ(status_with("X-Bittensor-Signature", ""), 401);
  EXPECT_EQ(status_with("X-Bittensor-Signature", "0x" + std::string(128, '0')), 401);
  EXPECT_EQ(status_with("X-Bittensor-Hotkey", eve().hotkey().to_ss58()), 401);
  EXPECT_EQ(status_with("X-Bittensor-Receiver", alice().hotkey().to_ss58()), 401);
  EXPECT_EQ(post(kTarget, body + " ", good).status, 401);
  EXPECT_EQ(post(std::string(kTarget) + "?x=1", body, good).status, 401);
  EXPECT_EQ(detector_.num_calls(), 0);
}

TEST_F(AxonTest, RefusesEmptySignaturesOfTheOldProtocols) {
  start();
  const std::string body = challenge_body();
  auto legacy = signed_headers(protocol::Legacy(), to_bob(body), alice());
  replace(legacy, "bt_header_dendrite_signature", "");
  EXPECT_EQ(post(kTarget, body, legacy).status, 401);
  auto epistula = signed_headers(protocol::Epistula(), to_bob(body), alice());
  replace(epistula, "Epistula-Request-Signature", "");
  EXPECT_EQ(post(kTarget, body, epistula).status, 400);
  EXPECT_EQ(detector_.num_calls(), 0);
}

TEST_F(AxonTest, RefusesOtherReceiversAndOtherTimes) {
  start();
  const std::string body = challenge_body();
  const protocol::Instant now = system_clock().now();
  const auto status_at = [&](std::chrono::seconds shift) {
    return post(kTarget, body,
                signed_headers(protocol::Btauth(), to_bob(body), alice(), now + shift))
        .status;
  };
  EXPECT_EQ(status_at(3600s), 401);
  EXPECT_EQ(status_at(30s), 401);
  EXPECT_EQ(status_at(-30s), 401);
  EXPECT_EQ(
      post(kTarget, body,
           signed_headers(protocol::Btauth(),
                          {.target = kTarget, .body = body, .receiver = eve().hotkey()}, alice()))
          .status,
      401);
  EXPECT_EQ(detector_.num_calls(), 0);
}

TEST_F(AxonTest, RefusesBodiesThatAreNoChallenge) {
  start();
  const auto status_of = [&](const std::string& body) {
    return post(kTarget, body, signed_headers(protocol::Btauth(), to_bob(body), alice())).status;
  };
  EXPECT_EQ(status_of("{"), 400);
  EXPECT_EQ(status_of(R"({"image": 7})"), 400);
  EXPECT_EQ(status_of(R"({"image": "!!!"})"), 400);
  EXPECT_EQ(status_of(R"({"image": "aGVsbG8=", "prediction": 0.9})"), 400);
  EXPECT_EQ(detector_.num_calls(), 0);
}

TEST_F(AxonTest, RefusesAnImageOfTooManyPixelsUndecoded) {
  start({}, {}, {.max_pixels = 10'000});
  const std::string body = protocol::write_image_request(testing::small_png(101), 9s);
  EXPECT_EQ(post(kTarget, body, signed_headers(protocol::Btauth(), to_bob(body), alice())).status,
            413);
  EXPECT_EQ(detector_.num_calls(), 0);
}

TEST_F(AxonTest, RefusesALargeBodyWithoutReadingIt) {
  start({}, {}, {.max_image = ByteCount(1000)});
  const std::string header = fmt::format(
      "POST {} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 999999999\r\n\r\n", kTarget);
  EXPECT_TRUE(send_raw(header).starts_with("HTTP/1.1 413 "));
  // Within the route's limit for text around the image, over that of the image.
  const std::string body = fmt::format(R"({{"image": "{}"}})", std::string(40'000, 'A'));
  EXPECT_EQ(post(kTarget, body, signed_headers(protocol::Btauth(), to_bob(body), alice())).status,
            413);
  EXPECT_EQ(detector_.num_calls(), 0);
}

TEST_F(AxonTest, GivesUpOnWhoSendsSlowlyOrNotAll) {
  start({}, {.read_timeout = 200ms});
  EXPECT_TRUE(send_raw("POST /ImageSynapse HTTP/1.1\r\nHost: loc").starts_with("HTTP/1.1 408 "));
  EXPECT_TRUE(send_raw("POST /ImageSynapse HTTP/1.1\r\nHost: localhost\r\n"
                       "Content-Length: 100\r\n\r\n{\"image\":")
                  .starts_with("HTTP/1.1 408 "));
  EXPECT_EQ(challenge().status, 200);
}

TEST_F(AxonTest, HasNoOtherAddressesAndMethods) {
  start();
  EXPECT_EQ(post("/Other", "{}", {}).status, 404);
  EXPECT_EQ(post("/gen_image", "{}", {}).status, 404);
  EXPECT_TRUE(send_raw("GET /ImageSynapse HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                  .starts_with("HTTP/1.1 405 "));
}

TEST_F(AxonTest, TellsThatTheDetectorDoesNotAnswer) {
  testing::CountingDetector broken([] { return Result<double>(unavailable("it is gone")); });
  ImageDesk desk(broken, random_, {});
  EXPECT_EQ(desk.answer(challenge_body(), {}).status, 503);
}

TEST_F(AxonTest, ASlowOneGivesItsTurnOnWhileItWaits) {
  start({.queue = {.max_running = 1}, .character = {.character = Character::kSlow, .delay = 60s}});
  std::atomic<int> num_answered = 0;
  std::vector<std::jthread> askers;
  for (int i = 0; i < 3; ++i) {
    askers.emplace_back([&] {
      EXPECT_EQ(challenge().status, 200);
      ++num_answered;
    });
  }
  // Whoever kept the turn would have answered before the next is judged.
  while (detector_.num_calls() < 3 && num_answered == 0) std::this_thread::sleep_for(1ms);
  EXPECT_EQ(num_answered, 0);
  stop();
}

TEST_F(AxonTest, LimitsTheRequestsOfOneSender) {
  start(
      {.queue = {.max_of_sender = 1}, .character = {.character = Character::kSlow, .delay = 60s}});
  std::jthread first([&] { EXPECT_EQ(challenge().status, 200); });
  wait_for_the_detector();
  const auto second = challenge();
  EXPECT_EQ(second.status, 429);
  EXPECT_TRUE(second.header("Retry-After"));
  stop();
}

TEST_F(AxonTest, FillsTheAnswersOfOneWhoFloods) {
  start({.character = {.character = Character::kFlooding, .flood_size = ByteCount(300'000)}});
  const auto response = challenge();
  EXPECT_EQ(response.body.size(), 300'000U);
  EXPECT_EQ(protocol::read_image_answer(response.body).prediction, 0.75);
}

TEST_F(AxonTest, StopsBeingLateWhenItIsStopped) {
  start({.character = {.character = Character::kSlow, .delay = 600s}});
  std::jthread asker([&] { EXPECT_EQ(challenge().status, 200); });
  wait_for_the_detector();
  const auto start = std::chrono::steady_clock::now();
  stop();
  asker.join();
  EXPECT_LT(std::chrono::steady_clock::now() - start, 600s);
}

}  // namespace
}  // namespace assay::miner
