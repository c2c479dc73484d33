#include "protocol/legacy.h"

#include "json/value.h"
#include "protocol/image_messages.h"
#include "protocol/testing/known_keys.h"
#include "protocol/testing/recorded_file.h"
#include "protocol/testing/scheme_checks.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace assay::protocol {
namespace {

using std::chrono::nanoseconds;
using std::chrono::seconds;
using testing::alice;
using testing::bob;
using testing::status_of;
using testing::told;

/// What a real dendrite sent.
const json::Value& recorded() {
  static const json::Value value = testing::recorded_file("legacy_request.json");
  return value;
}

struct LegacyRequest : testing::RequestHeaders {
  std::string method = "POST";
  std::string target = "/ImageSynapse";
  std::string body;
  Instant now;
  LegacyOptions options;

  /// The recorded one.
  LegacyRequest()
      : body(testing::text_of(recorded(), "body")),
        now(nanoseconds(testing::integer_of(recorded(), "now_ns"))) {
    for (const auto& [name, value] : testing::object_of(recorded(), "headers")) {
      headers.push_back({name, testing::text_of(value)});
    }
  }
  LegacyRequest& set(std::string_view name, std::string_view value) {
    header(name) = value;
    return *this;
  }
  LegacyRequest& drop(std::string_view name) {
    std::erase_if(headers, [&](const net::HttpHeader& header) { return header.name == name; });
    return *this;
  }
  /// Signed anew by Alice at this time, as a forger with a key of her own would.
  LegacyRequest& sign_at(Instant signed_at) {
    SeededRandom random(1);
    headers = Legacy()
                  .sign({.target = target, .body = body, .receiver = bob().hotkey()}, alice(),
                        signed_at, random)
                  .value();
    return *this;
  }
  Verdict verdict() const {
    return Legacy(options).verify(
        {.method = method, .target = target, .headers = headers, .body = body}, bob().hotkey(),
        now);
  }
};

TEST(Legacy, TakesWhatARealDendriteSends) {
  const Verdict verdict = LegacyRequest().verdict();
  ASSERT_EQ(told(verdict), "accept");
  EXPECT_EQ(std::get<Authentic>(verdict).sender, alice().hotkey());
  EXPECT_TRUE(parse_image_request(LegacyRequest().body));
}

TEST(Legacy, RefusesEveryRecordedForgery) {
  for (const json::Value& forgery : testing::list_of(recorded(), "must_reject")) {
    LegacyRequest request;
    request.set(testing::text_of(forgery, "header"), testing::text_of(forgery, "value"));
    EXPECT_NE(told(request.verdict()), "accept") << testing::text_of(forgery, "why");
  }
}

TEST(Legacy, AnEmptyOrAbsentSignatureIsNone) {
  EXPECT_EQ(status_of(LegacyRequest().set("bt_header_dendrite_signature", "").verdict()), 401);
  EXPECT_EQ(status_of(LegacyRequest().drop("bt_header_dendrite_signature").verdict()), 401);
  EXPECT_EQ(status_of(LegacyRequest().set("bt_header_dendrite_signature", "0x").verdict()), 401);
}

TEST(Legacy, TheUnsignedTimeoutWidensTheWindowWithinReason) {
  const Instant now = LegacyRequest().now;
  EXPECT_EQ(told(LegacyRequest().sign_at(now - seconds(13)).set("timeout", "9.0").verdict()),
            "accept");
  EXPECT_EQ(told(LegacyRequest().sign_at(now - seconds(14)).set("timeout", "9.0").verdict()),
            "stale");
  EXPECT_EQ(told(LegacyRequest().sign_at(now - seconds(3600)).set("timeout", "4000").verdict()),
            "stale");
  EXPECT_EQ(told(LegacyRequest().sign_at(now - seconds(5)).set("timeout", "-9").verdict()),
            "stale");
  EXPECT_EQ(told(LegacyRequest().sign_at(now - seconds(16)).set("timeout", "1e300").verdict()),
            "accept");
}

TEST(Legacy, ANonceAheadIsRefused) {
  const Instant now = LegacyRequest().now;
  EXPECT_EQ(told(LegacyRequest().sign_at(now + seconds(2)).verdict()), "accept");
  EXPECT_EQ(told(LegacyRequest().sign_at(now + seconds(3600)).verdict()), "from the future");
}

TEST(Legacy, OnlyPostAndOnlyTheNameOfThePath) {
  LegacyRequest get;
  get.method = "GET";
  EXPECT_EQ(status_of(get.verdict()), 405);
  EXPECT_EQ(status_of(LegacyRequest().set("name", "OtherSynapse").verdict()), 400);
  LegacyRequest other;
  other.target = "/OtherSynapse";
  EXPECT_EQ(status_of(other.verdict()), 400);
}

TEST(Legacy, WhatIsMalformedIsTheSendersFault) {
  EXPECT_EQ(status_of(LegacyRequest().set("bt_header_dendrite_nonce", "soon").verdict()), 400);
  EXPECT_EQ(
      status_of(LegacyRequest().set("bt_header_dendrite_nonce", "+1795219613875978714").verdict()),
      400);
  EXPECT_EQ(status_of(LegacyRequest().set("computed_body_hash", "").verdict()), 400);
  EXPECT_EQ(status_of(LegacyRequest().set("computed_body_hash", "b7ff").verdict()), 400);
  EXPECT_EQ(status_of(LegacyRequest().set("bt_header_dendrite_hotkey", "").verdict()), 400);
  EXPECT_EQ(status_of(LegacyRequest().set("bt_header_dendrite_uuid", "a.b").verdict()), 400);
  EXPECT_EQ(status_of(LegacyRequest().set("timeout", "nan").verdict()), 400);
  LegacyRequest twice;
  twice.headers.push_back({"Bt_Header_Axon_Hotkey", bob().hotkey().to_ss58()});
  EXPECT_EQ(status_of(twice.verdict()), 400);
}

TEST(Legacy, OnlyTheFourHeadersThatAreSignedAreNeeded) {
  LegacyRequest request;
  for (const std::string_view name :
       {"name", "timeout", "bt_header_axon_ip", "bt_header_axon_port", "bt_header_axon_hotkey",
        "bt_header_dendrite_ip", "bt_header_dendrite_version", "header_size", "total_size"}) {
    request.drop(name);
  }
  EXPECT_EQ(told(request.verdict()), "accept");
}

TEST(Legacy, ABodyHashOfFieldsIsChecked) {
  EXPECT_EQ(legacy_body_hash({}),
            "a7ffc6f8bf1ed76651c14756a061d662f580ff4de43b49fa82d80a4b80f8434a");
  LegacyRequest request;
  request.options.body_hash = legacy_body_hash(std::vector<std::string>{"a", "1"});
  EXPECT_EQ(status_of(request.verdict()), 400);
}

TEST(Legacy, ARequestTellsWhatADendriteTells) {
  SeededRandom random(1);
  const auto headers = Legacy()
                           .sign({.target = "/ImageSynapse",
                                  .body = "{}",
                                  .receiver = bob().hotkey(),
                                  .receiver_ip = "127.0.0.1",
                                  .receiver_port = 18'621,
                                  .sender_ip = "203.0.113.5"},
                                 alice(), LegacyRequest().now, random)
                           .value();
  const LegacyRequest sent;
  for (const net::HttpHeader& header : sent.headers) {
    if (header.name == "Content-Type") continue;  // of the body, not of the scheme
    EXPECT_TRUE(std::ranges::any_of(headers, [&](const auto& ours) {
      return ours.name == header.name && ours.value.size() > 0;
    })) << header.name;
  }
  EXPECT_EQ(headers[0].value, "ImageSynapse");
  EXPECT_EQ(headers[1].value, "9.0");
}

TEST(Legacy, AnswersHaveTheHeadersThatADendriteReads) {
  const auto headers = legacy_answer_headers({.synapse = "ImageSynapse"});
  EXPECT_EQ(headers[2].name, "bt_header_axon_status_code");
  EXPECT_EQ(headers[2].value, "200");
}

}  // namespace
}  // namespace assay::protocol
