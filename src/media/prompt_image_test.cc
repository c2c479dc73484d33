#include "media/prompt_image.h"

#include "core/bytes.h"
#include "crypto/base64.h"
#include "crypto/digest.h"
#include "media/testing/sample_images.h"

#include <gtest/gtest.h>

#include <string>

namespace assay::media {
namespace {

std::string encoded(std::string_view bytes) { return crypto::base64_encode(as_bytes(bytes)); }

std::string extension_of_image(std::string_view prompt) {
  const auto read = read_prompt(prompt);
  return read.image ? read.image->extension : "text";
}

TEST(PromptImage, IsBase64OfAnyKnownFormat) {
  for (const auto& sample : testing::sample_images()) {
    const std::string prompt = encoded(sample.bytes);
    const auto read = read_prompt(prompt);
    ASSERT_TRUE(read.image) << sample.extension;
    const std::string hex = crypto::sha256(sample.bytes).to_hex();
    EXPECT_EQ(as_text(read.image->bytes), sample.bytes);
    EXPECT_EQ(read.image->hash_text(), "sha256:" + hex);
    EXPECT_EQ(read.image->file_path(), "images/" + hex.substr(0, 16) + "." + sample.extension);
    EXPECT_EQ(read.text, "[BASE64_IMAGE_HASH:sha256:" + hex + "]");
    EXPECT_EQ(read.num_code_points, prompt.size());
  }
}

TEST(PromptImage, TakesEveryWayOfWritingBase64) {
  const std::string png = testing::sample_images().front().bytes;
  const std::string text = encoded(png);
  ASSERT_TRUE(text.ends_with('='));
  EXPECT_EQ(extension_of_image(" " + text + "\n"), "png");
  EXPECT_EQ(extension_of_image(text.substr(0, text.find('='))), "png");
  EXPECT_EQ(extension_of_image(text.substr(0, 40) + "\r\n" + text.substr(40)), "png");
  const std::string jpeg = "\xFF\xD8\xFF\xFB" + std::string(80, '\xFB');
  const std::string url_safe =
      crypto::base64_encode(as_bytes(jpeg), crypto::Base64Alphabet::kUrlSafe);
  ASSERT_TRUE(url_safe.starts_with("_9j_-"));
  EXPECT_EQ(extension_of_image(url_safe), "jpeg");
}

TEST(PromptImage, IsADataUrlOfAnImage) {
  const std::string png = testing::sample_images().front().bytes;
  const std::string text = encoded(png);
  EXPECT_EQ(extension_of_image("data:image/png;base64," + text), "png");
  EXPECT_EQ(extension_of_image("DATA:;BASE64," + text), "png");
  EXPECT_EQ(extension_of_image("data:image/jpeg;charset=x;base64," + text), "png");
  EXPECT_EQ(extension_of_image("data:image/png;base64,%0A" + text), "png");
  EXPECT_EQ(extension_of_image("data:image/svg+xml,%3Csvg/%3E"), "svg");
  EXPECT_EQ(as_text(read_prompt("data:image/svg+xml,%3Csvg/%3E").image->bytes), "<svg/>");
  EXPECT_EQ(extension_of_image("data:image/x-new;base64,AAAA"), "bin");
}

TEST(PromptImage, IsNothingElse) {
  for (const std::string_view prompt :
       {"", " ", "a red chair", "data:text/plain,hello", "data:image/png;base64,", "data:image/png",
        "data:image/png;base64,a red chair", "data: a chart of sales", "QUJD", "iVBORw0KGgo="}) {
    const auto read = read_prompt(prompt);
    EXPECT_FALSE(read.image) << prompt;
    EXPECT_EQ(read.text, prompt);
  }
  const std::string png = testing::sample_images().front().bytes;
  EXPECT_EQ(extension_of_image("draw this: " + encoded(png)), "text");
  EXPECT_EQ(extension_of_image(encoded(png) + " as a chair"), "text");
  const std::string long_text(100'000, 'A');
  EXPECT_EQ(read_prompt(long_text).text, long_text);
}

TEST(PromptImage, CountsCodePointsOfThePromptAsItCame) {
  EXPECT_EQ(read_prompt("h\u00e9\u4e16\U0001F600").num_code_points, 4);
  EXPECT_EQ(read_prompt("").num_code_points, 0);
}

}  // namespace
}  // namespace assay::media
