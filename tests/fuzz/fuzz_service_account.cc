/// \file
/// Fuzzes key files of service accounts: whatever is wrong with one, no message repeats the key.

#include "core/check.h"
#include "fuzz_target.h"
#include "json/value.h"
#include "net/google_token.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace fuzz_service_account {
namespace {

// Shorter texts may be in a message by accident.
constexpr std::size_t kTellingSize = 32;

}  // namespace

FUZZ_TARGET(service_account) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto key = assay::net::ServiceAccountKey::parse(text);
  if (key) return 0;
  const std::string& message = key.error().message;
  CHECK(message.size() < 1000, "a message is for people");
  const auto value = assay::json::parse(text);
  if (!value) return 0;
  const assay::json::Value* field = value->find("private_key");
  const std::string* secret = field != nullptr ? field->text() : nullptr;
  CHECK(secret == nullptr || secret->size() < kTellingSize ||
            !message.contains(secret->substr(0, kTellingSize)),
        "no message repeats the key");
  return 0;
}

}  // namespace fuzz_service_account
