#include "crypto/merlin.h"

#include "core/bytes.h"
#include "core/hex.h"

#include <gtest/gtest.h>

#include <string>

namespace assay::crypto {
namespace {

/// A source that is broken: it always gives the same.
class StuckRandom final : public RandomSource {
 public:
  std::uint64_t next() override { return 7; }
};

std::string witness_of(const Transcript& transcript, std::string_view secret,
                       RandomSource& random) {
  std::array<std::byte, 64> bytes;
  transcript.witness("signing", as_bytes(secret), random, bytes);
  return to_hex(bytes);
}

TEST(Merlin, AgreesWithThePublishedTranscripts) {
  Transcript simple("test protocol");
  simple.append("some label", "some data");
  std::array<std::byte, 32> challenge;
  simple.challenge("challenge", challenge);
  EXPECT_EQ(to_hex(challenge), "d5a21972d0d5fe320c0d263fac7fffb8145aa640af6e9bca177c03c7efcf0615");

  Transcript complex("test protocol");
  complex.append("step1", "some data");
  for (int i = 0; i < 32; ++i) {
    complex.challenge("challenge", challenge);
    complex.append("bigdata", std::string(1024, '\x63'));
    complex.append("challengedata", challenge);
  }
  EXPECT_EQ(to_hex(challenge), "a8c933f54fae76e3f9bea93648c1308e7dfa2152dd51674ff3ca438351cf003c");
}

TEST(Merlin, AWitnessDiffersByTranscriptSecretAndRandomness) {
  StuckRandom stuck;
  Transcript one("p");
  one.append("message", "one");
  Transcript two("p");
  two.append("message", "two");
  const std::string first = witness_of(one, "secret", stuck);
  EXPECT_EQ(first, witness_of(one, "secret", stuck));
  EXPECT_NE(first, witness_of(two, "secret", stuck));
  EXPECT_NE(first, witness_of(one, "another", stuck));
  SeededRandom random(1);
  EXPECT_NE(first, witness_of(one, "secret", random));
}

}  // namespace
}  // namespace assay::crypto
