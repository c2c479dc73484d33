#include "crypto/sha512.h"

#include "core/bytes.h"
#include "core/hex.h"

#include <gtest/gtest.h>

namespace assay::crypto {
namespace {

TEST(Sha512, AgreesWithThePublishedExample) {
  SecretBytes<64> digest;
  sha512(as_bytes("abc"), digest.fill());
  EXPECT_EQ(to_hex(digest.reveal()),
            "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
            "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f");
}

}  // namespace
}  // namespace assay::crypto
