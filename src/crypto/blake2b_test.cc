#include "crypto/blake2b.h"

#include "core/bytes.h"
#include "core/hex.h"

#include <gtest/gtest.h>

namespace assay::crypto {
namespace {

TEST(Blake2b, AgreesWithRfc7693) {
  EXPECT_EQ(to_hex(blake2b_512(as_bytes("abc"))),
            "ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d1"
            "7d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923");
}

TEST(Blake2b, TheShortOneIsNotACutOfTheLongOne) {
  EXPECT_EQ(to_hex(blake2b_256(as_bytes(""))),
            "0e5751c026e543b2e8ab2eb06099daa1d1e5df47778f7787faab45cdf12fe3a8");
}

}  // namespace
}  // namespace assay::crypto
