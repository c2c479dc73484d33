#include "crypto/secret_bytes.h"

#include "crypto/testing/printable.h"

#include <gtest/gtest.h>

#include <memory>
#include <type_traits>
#include <utility>

namespace assay::crypto {
namespace {

using testing::Printable;

TEST(SecretBytes, CannotBePrintedOrCopiedByAccident) {
  static_assert(!Printable<SecretBytes<32>>);
  static_assert(!std::is_copy_constructible_v<SecretBytes<32>>);
}

TEST(SecretBytes, MovesAndLeavesNothingBehind) {
  SecretBytes<4> first;
  first.fill()[2] = std::byte{9};
  SecretBytes<4> second(std::move(first));
  EXPECT_EQ(first.reveal()[2], std::byte{0});  // NOLINT(bugprone-use-after-move): that is the test.
  EXPECT_EQ(second.reveal()[2], std::byte{9});
  first = std::move(second);
  EXPECT_EQ(second.reveal()[2], std::byte{0});  // NOLINT(bugprone-use-after-move): as above.
  EXPECT_EQ(first.copy().reveal()[2], std::byte{9});
}

TEST(SecretBytes, WipesItselfWhenItGoes) {
  alignas(SecretBytes<16>) std::array<std::byte, sizeof(SecretBytes<16>)> memory{};
  auto* const secret = std::construct_at(reinterpret_cast<SecretBytes<16>*>(memory.data()));
  secret->fill()[3] = std::byte{9};
  std::destroy_at(secret);
  EXPECT_EQ(memory[3], std::byte{0});
}

}  // namespace
}  // namespace assay::crypto
