#include "protocol/gate.h"

#include "protocol/btauth.h"
#include "protocol/epistula.h"
#include "protocol/legacy.h"
#include "protocol/testing/known_keys.h"
#include "protocol/testing/scheme_checks.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace assay::protocol {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::alice;
using testing::bob;
using testing::eve;

constexpr Instant kGateNow{seconds(1'752'076'800)};
constexpr std::string_view kGateTarget = "/ImageSynapse";

Gate gate_of_bob(ReplayLimits limits = {}) {
  std::vector<std::unique_ptr<Scheme>> schemes;
  schemes.push_back(std::make_unique<Btauth>());
  schemes.push_back(std::make_unique<Epistula>());
  schemes.push_back(std::make_unique<Legacy>());
  return {bob().hotkey(), std::move(schemes),
          [](const keys::Hotkey& sender) -> std::optional<std::string> {
            if (sender == alice().hotkey()) return std::nullopt;
            return "the sender is not registered on this subnet";
          },
          limits};
}

std::vector<net::HttpHeader> headers_of(const Scheme& scheme, const keys::KeyPair& sender,
                                        Instant at, std::uint64_t seed = 1) {
  SeededRandom random(seed);
  return scheme.sign({.target = kGateTarget, .receiver = bob().hotkey()}, sender, at, random)
      .value();
}

int gate_status(Gate& gate, const std::vector<net::HttpHeader>& headers, Instant now = kGateNow) {
  return testing::status_of(
      gate.check({.method = "POST", .target = kGateTarget, .headers = headers, .body = ""}, now));
}

TEST(Gate, LetsARequestInOnceWhateverItsScheme) {
  Gate gate = gate_of_bob();
  const Btauth btauth;
  const Epistula epistula;
  const Legacy legacy;
  for (const Scheme* scheme :
       {static_cast<const Scheme*>(&btauth), static_cast<const Scheme*>(&epistula),
        static_cast<const Scheme*>(&legacy)}) {
    const auto headers = headers_of(*scheme, alice(), kGateNow);
    EXPECT_EQ(gate_status(gate, headers), 200) << scheme->name();
    EXPECT_EQ(gate_status(gate, headers), 401) << scheme->name();
    EXPECT_EQ(gate_status(gate, headers, kGateNow + seconds(9)), 401) << scheme->name();
    EXPECT_EQ(gate_status(gate, headers, kGateNow + seconds(60)), 401) << scheme->name();
  }
}

TEST(Gate, AnOldNonceUnderANewUuidIsARepetition) {
  Gate gate = gate_of_bob();
  EXPECT_EQ(gate_status(gate, headers_of(Legacy(), alice(), kGateNow, 1)), 200);
  EXPECT_EQ(gate_status(gate, headers_of(Legacy(), alice(), kGateNow, 2)), 401);
  EXPECT_EQ(gate_status(gate, headers_of(Legacy(), alice(), kGateNow + milliseconds(1), 3)), 200);
}

TEST(Gate, AnOlderNonceOfTheSameUuidIsRefused) {
  Gate gate = gate_of_bob();
  EXPECT_EQ(gate_status(gate, headers_of(Legacy(), alice(), kGateNow, 1)), 200);
  EXPECT_EQ(gate_status(gate, headers_of(Legacy(), alice(), kGateNow - milliseconds(1), 1)), 401);
}

TEST(Gate, StrangersAreForbiddenAndTakeNoRoom) {
  Gate gate = gate_of_bob({.max_marks = 2, .max_marks_per_sender = 2});
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(gate_status(gate, headers_of(Btauth(), eve(), kGateNow + milliseconds(i))), 403);
  }
  EXPECT_EQ(gate_status(gate, headers_of(Btauth(), alice(), kGateNow)), 200);
}

TEST(Gate, AForgeryTakesNoRoomAndBlocksNobody) {
  Gate gate = gate_of_bob();
  auto headers = headers_of(Btauth(), alice(), kGateNow);
  auto forged = headers;
  forged.back().value[10] = forged.back().value[10] == '0' ? '1' : '0';
  EXPECT_EQ(gate_status(gate, forged), 401);
  EXPECT_EQ(gate_status(gate, headers), 200);
}

TEST(Gate, ABadStrongSignatureDoesNotFallBackToAWeakOne) {
  Gate gate = gate_of_bob();
  auto headers = headers_of(Legacy(), alice(), kGateNow);
  headers.push_back({"X-Bittensor-Version", "1"});
  EXPECT_EQ(gate_status(gate, headers), 401);
}

TEST(Gate, UnsignedRequestsAreUnauthorized) {
  Gate gate = gate_of_bob();
  EXPECT_EQ(gate_status(gate, {}), 401);
  EXPECT_EQ(gate_status(gate, {{"Content-Type", "application/json"}}), 401);
}

TEST(Gate, TooManyOfOneSenderAreToldSo) {
  Gate gate = gate_of_bob({.max_marks = 3, .max_marks_per_sender = 2});
  EXPECT_EQ(gate_status(gate, headers_of(Btauth(), alice(), kGateNow)), 200);
  EXPECT_EQ(gate_status(gate, headers_of(Btauth(), alice(), kGateNow + milliseconds(1))), 200);
  EXPECT_EQ(gate_status(gate, headers_of(Btauth(), alice(), kGateNow + milliseconds(2))), 429);
}

TEST(Gate, ReportsTheAgesOfRequests) {
  Gate gate = gate_of_bob();
  EXPECT_EQ(gate_status(gate, headers_of(Btauth(), alice(), kGateNow - seconds(3))), 200);
  EXPECT_EQ(gate_status(gate, headers_of(Btauth(), alice(), kGateNow - seconds(30))), 401);
  EXPECT_EQ(gate.clock_skew().median_age, seconds(3));
  EXPECT_EQ(gate.clock_skew().num_stale, 1U);
}

}  // namespace
}  // namespace assay::protocol
