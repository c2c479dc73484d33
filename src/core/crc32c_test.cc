#include "core/crc32c.h"

#include "core/bytes.h"
#include "core/crc32c_internal.h"
#include "core/random.h"

#include <gtest/gtest.h>

#include <vector>

namespace assay {
namespace {

std::vector<std::byte> filled(std::byte value) { return std::vector<std::byte>(32, value); }

TEST(Crc32c, EqualsTheVectorsOfRfc3720) {
  EXPECT_EQ(crc32c(filled(std::byte{0x00})), 0x8a9136aaU);
  EXPECT_EQ(crc32c(filled(std::byte{0xff})), 0x62a8ab43U);
  std::vector<std::byte> rising;
  for (int i = 0; i < 32; ++i) rising.push_back(static_cast<std::byte>(i));
  EXPECT_EQ(crc32c(rising), 0x46dd794eU);
  EXPECT_EQ(crc32c(std::vector<std::byte>(rising.rbegin(), rising.rend())), 0x113fdb5cU);
  EXPECT_EQ(crc32c(as_bytes("123456789")), 0xe3069283U);
  EXPECT_EQ(crc32c({}), 0U);
}

TEST(Crc32c, ContinuesFromTheCrcOfWhatCameBefore) {
  const auto all = as_bytes("the quick brown fox jumps over the lazy dog");
  for (std::size_t cut = 0; cut <= all.size(); ++cut) {
    EXPECT_EQ(crc32c(all.subspan(cut), crc32c(all.first(cut))), crc32c(all));
  }
}

TEST(Crc32c, TheInstructionAndTheTableAgree) {
  const Crc32cFunction by_instruction = crc32c_by_instruction();
  if (by_instruction == nullptr) GTEST_SKIP() << "this CPU has no CRC-32C instruction";
  SeededRandom random(7);
  std::vector<std::byte> bytes(300);
  for (auto& byte : bytes) byte = static_cast<std::byte>(random.below(256));
  for (std::size_t start = 0; start < 9; ++start) {
    for (std::size_t length = 0; start + length <= bytes.size(); ++length) {
      const auto part = std::span(bytes).subspan(start, length);
      const auto seed = static_cast<std::uint32_t>(random.next());
      ASSERT_EQ(by_instruction(part, seed), crc32c_by_table(part, seed)) << start << " " << length;
    }
  }
}

}  // namespace
}  // namespace assay
