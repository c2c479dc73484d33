#include "crypto/digest.h"

#include "core/hex.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

namespace assay::crypto {
namespace {

// FIPS 180-4 examples of NIST.
constexpr std::string_view kAbc =
    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
constexpr std::string_view kEmpty =
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
constexpr std::string_view kTwoBlocks =
    "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1";
constexpr std::string_view kMillionAs =
    "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0";

TEST(Sha256Digest, AgreesWithThePublishedExamples) {
  EXPECT_EQ(sha256("abc").to_hex(), kAbc);
  EXPECT_EQ(sha256("").to_hex(), kEmpty);
  EXPECT_EQ(sha256("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq").to_hex(),
            kTwoBlocks);
  EXPECT_EQ(sha256(std::string(1'000'000, 'a')).to_hex(), kMillionAs);
}

TEST(Sha256Digest, PiecesGiveTheSameAsTheWhole) {
  Sha256Hasher hasher;
  for (int i = 0; i < 1000; ++i) hasher.update(std::string(1000, 'a'));
  EXPECT_EQ(hasher.finish().to_hex(), kMillionAs);
}

TEST(Sha256Digest, AFinishedHasherBeginsTheNextMessage) {
  Sha256Hasher hasher;
  hasher.update("ab");
  hasher.update("c");
  EXPECT_EQ(hasher.finish().to_hex(), kAbc);
  EXPECT_EQ(hasher.finish().to_hex(), kEmpty);
  hasher.update("abc");
  EXPECT_EQ(hasher.finish().to_hex(), kAbc);
}

TEST(Sha256Digest, ThreadsDoNotDisturbEachOther) {
  std::vector<std::jthread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([] {
      for (int i = 0; i < 2000; ++i) EXPECT_EQ(sha256("abc").to_hex(), kAbc);
    });
  }
}

TEST(Sha3Digest, AgreesWithThePublishedExamples) {
  EXPECT_EQ(to_hex(sha3_256(as_bytes(""))),
            "a7ffc6f8bf1ed76651c14756a061d662f580ff4de43b49fa82d80a4b80f8434a");
  EXPECT_EQ(to_hex(sha3_256(as_bytes("abc"))),
            "3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532");
}

TEST(Sha1Digest, AgreesWithRfc3174) {
  EXPECT_EQ(to_hex(sha1(as_bytes(""))), "da39a3ee5e6b4b0d3255bfef95601890afd80709");
  EXPECT_EQ(to_hex(sha1(as_bytes("abc"))), "a9993e364706816aba3e25717850c26c9cd0d89d");
}

TEST(Md5Digest, AgreesWithRfc1321) {
  EXPECT_EQ(to_hex(md5(as_bytes(""))), "d41d8cd98f00b204e9800998ecf8427e");
  EXPECT_EQ(to_hex(md5(as_bytes("abc"))), "900150983cd24fb0d6963f7d28e17f72");
  EXPECT_EQ(to_hex(md5(as_bytes("message digest"))), "f96b697d7cb7938d525a2f31aaf161d0");
}

}  // namespace
}  // namespace assay::crypto
