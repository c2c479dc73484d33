#include "crypto/rs256.h"

#include "core/bytes.h"
#include "crypto/testing/rsa_key_pair.h"

#include <gtest/gtest.h>

#include <string>

namespace assay::crypto {
namespace {

using testing::RsaKeyPair;
using testing::shared_rsa_key_pair;

std::string refusal_of(const std::string& pem) {
  const auto key = RsaPrivateKey::parse_pem(pem);
  if (key) return "taken";
  EXPECT_EQ(key.error().code, ErrorCode::kInvalidInput);
  return key.error().message;
}

TEST(Rs256, ThePublicHalfAcceptsTheSignature) {
  const auto key = RsaPrivateKey::parse_pem(shared_rsa_key_pair().private_pem());
  ASSERT_TRUE(key);
  const auto signature = key->sign_rs256(as_bytes("header.claims"));
  ASSERT_TRUE(signature);
  EXPECT_EQ(signature->size(), 256U);
  EXPECT_TRUE(shared_rsa_key_pair().accepts(as_bytes("header.claims"), *signature));
  EXPECT_FALSE(shared_rsa_key_pair().accepts(as_bytes("header.other"), *signature));
}

TEST(Rs256, RefusesWhatIsNotAnOpenRsaKey) {
  EXPECT_NE(refusal_of("").find("PEM"), std::string::npos);
  EXPECT_NE(refusal_of("nonsense").find("PEM"), std::string::npos);
  EXPECT_NE(refusal_of(shared_rsa_key_pair().encrypted_pem()).find("encrypted"), std::string::npos);
  EXPECT_EQ(refusal_of(testing::elliptic_curve_pem()), "the private key is not an RSA key");
  EXPECT_NE(refusal_of(RsaKeyPair(512).private_pem()).find("512 bits"), std::string::npos);
}

TEST(Rs256, ErrorsShowNothingOfABrokenKey) {
  std::string pem = shared_rsa_key_pair().private_pem();
  const std::string piece = pem.substr(100, 12);
  pem[200] = '!';
  EXPECT_EQ(refusal_of(pem).find(piece), std::string::npos);
}

}  // namespace
}  // namespace assay::crypto
