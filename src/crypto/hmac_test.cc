#include "crypto/hmac.h"

#include "core/hex.h"

#include <gtest/gtest.h>

#include <string>

namespace assay::crypto {
namespace {

std::string code_of(const std::string& key, const std::string& message) {
  return hmac_sha256(as_bytes(key), message).to_hex();
}

TEST(HmacSha256, AgreesWithRfc4231) {
  EXPECT_EQ(code_of(std::string(20, '\x0b'), "Hi There"),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  EXPECT_EQ(code_of("Jefe", "what do ya want for nothing?"),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(code_of(std::string(20, '\xaa'), std::string(50, '\xdd')),
            "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe");
  EXPECT_EQ(
      code_of(std::string(131, '\xaa'), "Test Using Larger Than Block-Size Key - Hash Key First"),
      "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

TEST(HmacSha256, TakesAnEmptyKeyAndMessage) {
  EXPECT_EQ(code_of("", ""), "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

TEST(HmacSha256, AKeyServesManyMessages) {
  HmacSha256 hmac("Jefe");
  const std::string first = hmac.code("what do ya want for nothing?").to_hex();
  EXPECT_NE(hmac.code("another").to_hex(), first);
  EXPECT_EQ(hmac.code("what do ya want for nothing?").to_hex(), first);
}

}  // namespace
}  // namespace assay::crypto
