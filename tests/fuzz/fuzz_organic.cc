/// \file
/// Fuzzes what strangers send to a validator's proxy: requests, tokens, and credentials.

#include "core/bytes.h"
#include "core/check.h"
#include "crypto/digest.h"
#include "fuzz_target.h"
#include "organic/access_token.h"
#include "organic/caller_check.h"
#include "organic/organic_image.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

FUZZ_TARGET(organic) {
  using namespace assay;
  constexpr ByteCount kMaxImage(64U << 10);
  constexpr Timestamp kNow{std::chrono::seconds(1'761'523'200)};
  const std::string_view text = as_text(std::as_bytes(std::span(data, size)));
  const organic::ImageLimits limits{.max_image = kMaxImage, .max_pixels = 10'000};
  if (const auto request = organic::parse_organic_request(text, limits)) {
    CHECK(request->image.size() <= kMaxImage.count(), "an image within the limit");
    CHECK(crypto::sha256(request->image) == request->content, "known by its bytes");
    const auto prepared = organic::prepare_image(request->image, limits);
    CHECK(!prepared || !prepared->empty(), "a JPEG, or a reason");
  }
  const auto validator = keys::Hotkey::parse("5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY");
  CHECK(validator.has_value(), "a hotkey that everybody has");
  if (const auto grant = organic::read_access_token(text, *validator, kNow)) {
    CHECK(grant->expires > kNow && grant->expires - grant->issued <= organic::kMaxTokenTime,
          "good now, and not for long");
    CHECK(!grant->client.empty() && grant->client.size() <= organic::kMaxClientName, "a name");
  }
  if (const auto credentials = organic::parse_old_credentials(text)) {
    CHECK(credentials->signature.size() == 64, "a whole signature");
  }
  return 0;
}
