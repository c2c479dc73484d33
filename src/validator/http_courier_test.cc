#include "validator/http_courier.h"

#include "core/clock.h"
#include "core/random.h"
#include "protocol/image_messages.h"
#include "validator/ask.h"
#include "validator/testing/scripted_miner.h"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace assay::validator {
namespace {

using testing::prediction_reply;
using testing::ScriptedMiner;
using testing::test_keys;

Result<net::HttpResponse> answered(int status, std::string body) {
  return net::HttpResponse{.status = status, .body = std::move(body)};
}

ReplyKind judged(const Result<net::HttpResponse>& answer) { return read_reply(answer, {}).kind; }

TEST(ReadReply, TellsEachKindOfSilence) {
  EXPECT_EQ(judged(answered(200, R"({"prediction": 0.25})")), ReplyKind::kPrediction);
  EXPECT_EQ(judged(answered(200, R"({"prediction": -1.0})")), ReplyKind::kDeclined);
  EXPECT_EQ(judged(answered(200, R"({"prediction": 1.5})")), ReplyKind::kOutOfRange);
  EXPECT_EQ(judged(answered(200, R"({"prediction": NaN})")), ReplyKind::kNotFinite);
  EXPECT_EQ(judged(answered(200, R"({"prediction": "yes"})")), ReplyKind::kWrongType);
  EXPECT_EQ(judged(answered(200, "<html>")), ReplyKind::kUnreadable);
  EXPECT_EQ(judged(answered(503, R"({"prediction": 0.25})")), ReplyKind::kRefused);
  EXPECT_EQ(judged(timed_out("9 s")), ReplyKind::kTimeout);
  EXPECT_EQ(judged(unavailable("refused")), ReplyKind::kUnreachable);
  EXPECT_EQ(judged(exhausted("too long")), ReplyKind::kTooLarge);
  EXPECT_EQ(read_reply(answered(200, R"({"prediction": 7})"), {}).prediction, -1);
}

Ask ask_of(const ScriptedMiner& miner) {
  return {.miner = {.uid = 1, .hotkey = miner.hotkey(), .ip = "127.0.0.1", .port = miner.port()},
          .body = std::make_shared<const std::string>(
              protocol::write_image_request({}, std::chrono::seconds(2))),
          .timeout = std::chrono::seconds(2)};
}

TEST(MakeRequest, SpeaksEachProtocol) {
  const auto keys = test_keys(1);
  const CourierTools tools{.sender = keys, .clock = system_clock(), .random = system_random()};
  Ask ask{.miner = {.hotkey = test_keys(2).hotkey(), .ip = "2001:db8::1", .port = 8091},
          .body = std::make_shared<const std::string>("{}")};
  for (const auto& [protocol, header] :
       {std::pair{WireProtocol::kBtauth, "X-Bittensor-Signature"},
        std::pair{WireProtocol::kEpistula, "Epistula-Request-Signature"},
        std::pair{WireProtocol::kLegacy, "bt_header_dendrite_signature"}}) {
    EXPECT_EQ(parse_wire_protocol(to_string(protocol)).value(), protocol);
    const auto request = make_request(ask, *make_scheme(protocol), tools);
    ASSERT_TRUE(request) << request.error().message;
    EXPECT_EQ(request->url.text(), "http://[2001:db8::1]:8091/ImageSynapse");
    bool is_signed = false;
    for (const net::HttpHeader& one : request->headers.all()) is_signed |= one.name == header;
    EXPECT_TRUE(is_signed) << header;
  }
  ask.miner.ip = "no address";
  EXPECT_FALSE(make_request(ask, *make_scheme(WireProtocol::kBtauth), tools));
}

TEST(AskOnce, ShowsBothSides) {
  const auto keys = test_keys(1);
  const CourierTools tools{.sender = keys, .clock = system_clock(), .random = system_random()};
  ScriptedMiner miner(test_keys(2), keys.hotkey(), [](auto) { return prediction_reply(0.75); });
  Ask ask = ask_of(miner);
  const std::vector<std::byte> image(10, std::byte{7});
  ask.body = std::make_shared<const std::string>(
      protocol::write_image_request(image, std::chrono::seconds(2)));
  const auto transport = net::make_http_transport({});
  const auto exchange = ask_once(ask, *make_scheme(WireProtocol::kBtauth), tools, *transport, {});
  ASSERT_TRUE(exchange) << exchange.error().message;
  EXPECT_EQ(exchange->reply.prediction, 0.75);
  ASSERT_TRUE(exchange->response);
  EXPECT_TRUE(exchange->response->body.contains("0.75"));
  EXPECT_EQ(miner.num_refused(), 0);
}

TEST(HttpCourier, AnAddressThatIsNoneIsOneMinersAffair) {
  const auto keys = test_keys(1);
  SeededRandom random(1);
  ScriptedMiner miner(test_keys(2), keys.hotkey(), [](auto) { return prediction_reply(1); });
  auto courier =
      HttpCourier::create({.sender = keys, .clock = system_clock(), .random = random}).value();
  std::uint64_t next = 0;
  std::map<std::uint64_t, ReplyKind> kinds;
  const auto image = std::vector<std::byte>(4, std::byte{1});
  const auto ended = courier->run(
      [&] -> Result<NextAsk> {
        if (next == 6) return NextAsk(NothingMore{});
        Ask ask = ask_of(miner);
        ask.id = next++;
        ask.body = std::make_shared<const std::string>(
            protocol::write_image_request(image, std::chrono::seconds(2)));
        if (ask.id == 2) ask.miner.ip = "not an address";
        return NextAsk(std::move(ask));
      },
      [&](std::uint64_t id, const Reply& reply) {
        kinds[id] = reply.kind;
        return Status();
      });
  ASSERT_TRUE(ended) << ended.error().message;
  ASSERT_EQ(kinds.size(), 6U);
  for (const auto& [id, kind] : kinds) {
    EXPECT_EQ(kind, id == 2 ? ReplyKind::kUnreachable : ReplyKind::kPrediction) << id;
  }
}

}  // namespace
}  // namespace assay::validator
