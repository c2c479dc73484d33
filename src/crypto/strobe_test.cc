#include "crypto/strobe.h"

#include "core/bytes.h"
#include "core/hex.h"

#include <gtest/gtest.h>

#include <string>

namespace assay::crypto {
namespace {

// The conformance run that the authors of Merlin publish.
TEST(Strobe, AgreesWithThePublishedRun) {
  Strobe128 strobe("Conformance Test Protocol");
  strobe.meta_ad("ms", StrobePart::kFirst);
  strobe.meta_ad("g", StrobePart::kMore);
  strobe.ad(as_bytes(std::string(1024, '\x63')), StrobePart::kFirst);

  std::array<std::byte, 32> bytes;
  strobe.meta_ad("prf", StrobePart::kFirst);
  strobe.prf(bytes, StrobePart::kFirst);
  EXPECT_EQ(to_hex(bytes), "b48e645ca17c667fd5206ba57a6a228d72d8e1903814d3f17f622996d7cfefb0");

  strobe.meta_ad("key", StrobePart::kFirst);
  strobe.key(bytes, StrobePart::kFirst);
  strobe.meta_ad("prf", StrobePart::kFirst);
  strobe.prf(bytes, StrobePart::kFirst);
  EXPECT_EQ(to_hex(bytes), "07e45cce8078cee259e3e375bb85d75610e2d1e1201c5f645045a194edd49ff8");
}

TEST(Strobe, PartsGiveTheSameAsTheWhole) {
  const std::string data(700, 'x');
  std::array<std::byte, 400> whole;
  std::array<std::byte, 400> parts;
  Strobe128 one("p");
  one.ad(as_bytes(data), StrobePart::kFirst);
  one.prf(whole, StrobePart::kFirst);
  Strobe128 two("p");
  two.ad(as_bytes(data).first(333), StrobePart::kFirst);
  two.ad(as_bytes(data).subspan(333), StrobePart::kMore);
  two.prf(std::span(parts).first(167), StrobePart::kFirst);
  two.prf(std::span(parts).subspan(167), StrobePart::kMore);
  EXPECT_EQ(to_hex(whole), to_hex(parts));
}

}  // namespace
}  // namespace assay::crypto
