#include "crypto/secret.h"

#include "crypto/testing/printable.h"

#include <gtest/gtest.h>

#include <span>
#include <string>
#include <utility>

namespace assay::crypto {
namespace {

using testing::Printable;

TEST(Secret, CannotBePrintedOrCopiedByAccident) {
  static_assert(!Printable<Secret>);
  static_assert(!std::is_copy_constructible_v<Secret>);
  static_assert(!std::is_convertible_v<Secret, std::string_view>);
}

TEST(Secret, MovesAndLeavesNothingBehind) {
  Secret first(std::string_view("token"));
  Secret second(std::move(first));
  EXPECT_TRUE(first.empty());
  EXPECT_EQ(second.reveal(), "token");
  Secret third;
  third = std::move(second);
  EXPECT_TRUE(second.empty());
  EXPECT_EQ(third.copy().reveal(), "token");
}

TEST(Secret, WipesTheTextItTakesOver) {
  std::string text = "short";  // within the string itself, so that its bytes can still be seen
  const char* const bytes = text.data();
  const Secret secret(std::move(text));
  EXPECT_EQ(secret.reveal(), "short");
  EXPECT_EQ(std::string(bytes + 1, 4), std::string(4, '\0'));
}

TEST(Wipe, OverwritesTheBytes) {
  std::string text = "0123456789";
  wipe(text);
  EXPECT_EQ(text, std::string(10, '\0'));
  wipe(std::span<char>());
}

}  // namespace
}  // namespace assay::crypto
