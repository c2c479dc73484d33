#include "audit/verdicts.h"

#include <gtest/gtest.h>

namespace assay::audit {
namespace {

using storage::Doubt;
using storage::ExistenceVerdict;
using storage::Presence;

std::string four(const ExistenceVerdict& verdict) {
  const VerdictCells cells = verdict_cells(verdict, VerdictForm::kFour, "hash");
  return std::string(cells.exists) + "|" + cells.error;
}

std::string compat(const ExistenceVerdict& verdict) {
  const VerdictCells cells = verdict_cells(verdict, VerdictForm::kCompat, "hash");
  return std::string(cells.exists) + "|" + cells.error;
}

TEST(VerdictCells, SayFourThings) {
  EXPECT_EQ(four({.presence = Presence::kPresent, .status = 200, .tries = 1}), "True|");
  EXPECT_EQ(four({.presence = Presence::kAbsent, .status = 404, .tries = 1}), "False|");
  EXPECT_EQ(four({.presence = Presence::kDenied, .status = 403, .tries = 1}), "|denied (403)");
  EXPECT_EQ(four({.presence = Presence::kDenied}), "|denied");
}

TEST(VerdictCells, SayWhyAnObjectIsUnknown) {
  EXPECT_EQ(four({.doubt = Doubt::kStatus, .status = 503, .tries = 6}), "|unknown (503, 6 tries)");
  EXPECT_EQ(four({.doubt = Doubt::kStatus, .status = 400, .tries = 1}), "|unknown (400, 1 try)");
  EXPECT_EQ(four({.doubt = Doubt::kBrokenAnswer, .status = 200, .tries = 2}),
            "|unknown (broken answer, 2 tries)");
  EXPECT_EQ(four({.doubt = Doubt::kConnection, .tries = 6}), "|unknown (no connection, 6 tries)");
  EXPECT_EQ(four({.doubt = Doubt::kTimeout, .tries = 6}), "|unknown (timeout, 6 tries)");
  EXPECT_EQ(four({.doubt = Doubt::kBadAddress}), "|unknown (bad address)");
}

TEST(VerdictCells, OfTheOldFormHaveNoName) {
  const storage::ObjectAddress address{storage::AddressScheme::kGcs, "bu", "a/b c"};
  ExistenceVerdict verdict{.presence = Presence::kDenied, .status = 403, .tries = 1};
  verdict.message = without_names("no bu/a/b c, nor /b/bu/o/a%2Fb%20c, nor a/b c", address);
  EXPECT_EQ(verdict.message.find("a/b"), std::string::npos);
  EXPECT_EQ(compat(verdict),
            "False|GCS error: 403 GET uri:hash: no uri:hash, nor /b/uri:hash, nor uri:hash");
  EXPECT_EQ(compat({.presence = Presence::kPresent}), "True|");
  EXPECT_EQ(compat({.doubt = Doubt::kBrokenAnswer, .status = 200}),
            "False|Unexpected error: the answer is not JSON");
  EXPECT_EQ(compat({.doubt = Doubt::kTimeout}), "False|GCS error: timeout GET uri:hash");
}

TEST(VerdictCounts, AddUp) {
  VerdictCounts counts;
  for (const Presence presence : {Presence::kPresent, Presence::kAbsent, Presence::kAbsent,
                                  Presence::kDenied, Presence::kUnknown}) {
    counts.add(presence);
  }
  EXPECT_EQ(counts.absent, 2U);
  EXPECT_EQ(counts.total(), 5U);
}

}  // namespace
}  // namespace assay::audit
