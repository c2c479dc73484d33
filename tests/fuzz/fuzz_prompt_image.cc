/// \file
/// Fuzzes the reading of prompts: what is an image has bytes and a plain name, all else stays
/// itself.

#include "core/bytes.h"
#include "core/check.h"
#include "crypto/base64.h"
#include "fuzz_target.h"
#include "media/image_format.h"
#include "media/prompt_image.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace fuzz_prompt_image {
namespace {

void check(std::string_view prompt) {
  const auto read = assay::media::read_prompt(prompt);
  CHECK(read.num_code_points <= prompt.size(), "code points take a byte each at least");
  if (!read.image) {
    CHECK(read.text == prompt, "a text stays as it is");
    return;
  }
  CHECK(!read.image->bytes.empty(), "an image has bytes");
  CHECK(read.image->file_path().size() <= 32 && read.image->file_path().starts_with("images/"),
        "the name of the file is plain");
  CHECK(read.text == "[BASE64_IMAGE_HASH:" + read.image->hash_text() + "]",
        "the record holds the hash");
}

}  // namespace

FUZZ_TARGET(prompt_image) {
  const auto bytes = std::as_bytes(std::span(data, size));
  check(assay::as_text(bytes));
  // The same as the content of an image, so that the formats are reached.
  const std::string encoded = assay::crypto::base64_encode(bytes);
  check(encoded);
  const bool is_image = assay::media::find_image_format(bytes).has_value();
  CHECK(
      assay::media::read_prompt("data:image/png;base64," + encoded).image.has_value() == (size > 0),
      "a data URL of an image is one, whatever its bytes");
  CHECK(!is_image || assay::media::read_prompt(encoded).image.has_value(),
        "base64 of an image is one");
  return 0;
}

}  // namespace fuzz_prompt_image
