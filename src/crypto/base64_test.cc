#include "crypto/base64.h"

#include "core/bytes.h"
#include "core/random.h"

#include <gtest/gtest.h>

#include <string>

namespace assay::crypto {
namespace {

std::string decoded(std::string_view text) {
  const auto bytes = base64_decode(text);
  return bytes ? std::string(as_text(*bytes)) : "refused";
}

TEST(Base64, AgreesWithRfc4648) {
  const std::pair<std::string_view, std::string_view> examples[] = {{"", ""},
                                                                    {"f", "Zg=="},
                                                                    {"fo", "Zm8="},
                                                                    {"foo", "Zm9v"},
                                                                    {"foob", "Zm9vYg=="},
                                                                    {"fooba", "Zm9vYmE="},
                                                                    {"foobar", "Zm9vYmFy"}};
  for (const auto& [plain, text] : examples) {
    EXPECT_EQ(base64_encode(as_bytes(plain)), text);
    EXPECT_EQ(decoded(text), plain);
  }
}

TEST(Base64, UrlSafeAlphabetWithoutPadding) {
  const std::string bytes = "\xfb\xff\xbf\x01";
  EXPECT_EQ(base64_encode(as_bytes(bytes)), "+/+/AQ==");
  EXPECT_EQ(base64_encode(as_bytes(bytes), Base64Alphabet::kUrlSafe, Base64Padding::kUnpadded),
            "-_-_AQ");
  EXPECT_TRUE(base64_decode("-_-_AQ", Base64Alphabet::kUrlSafe, Base64Padding::kUnpadded));
}

TEST(Base64, RefusesWhatItWouldNotWrite) {
  for (const std::string_view text : {"Zg", "Zg=", "Zg===", "Z===", "====", "Zh==", "Zm9=",
                                      "Zm9v\n", " Zm9", "Zm9-", "Z=g=", "Zg==Zg=="}) {
    EXPECT_EQ(decoded(text), "refused") << text;
  }
  EXPECT_FALSE(base64_decode("Zg==", Base64Alphabet::kStandard, Base64Padding::kUnpadded));
  EXPECT_FALSE(base64_decode("Z", Base64Alphabet::kStandard, Base64Padding::kUnpadded));
}

TEST(Base64, ReadsBackWhateverItWrites) {
  SeededRandom random(1);
  for (int i = 0; i < 500; ++i) {
    std::string bytes(random.below(70), ' ');
    for (char& byte : bytes) byte = static_cast<char>(random.below(256));
    EXPECT_EQ(decoded(base64_encode(as_bytes(bytes))), bytes);
  }
}

TEST(Base64, TheErrorDoesNotShowTheText) {
  EXPECT_EQ(base64_decode("secret!!").error().message.find("secret"), std::string::npos);
}

}  // namespace
}  // namespace assay::crypto
