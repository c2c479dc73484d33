#include "audit/json_payload.h"

#include "json/value.h"

namespace assay::audit {

PayloadImage read_json_payload(std::string_view text) {
  PayloadImage image;
  const auto payload = json::parse(text);
  if (!payload) return image;
  if (const json::Value* metadata = payload->find("callback_metadata")) {
    if (const json::Value* claimed = metadata->find("has_image")) {
      image.has_image = claimed->boolean();
    }
  }
  if (const json::Value* uri = payload->find("image_uri"); uri != nullptr && uri->text()) {
    image.image_uri = *uri->text();
  }
  return image;
}

}  // namespace assay::audit
