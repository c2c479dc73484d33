/// \file
/// Fuzzes key files of hotkeys: whatever is wrong with one, no message repeats its secrets.

#include "core/check.h"
#include "crypto/secret.h"
#include "fuzz_target.h"
#include "keys/key_fields_internal.h"
#include "keys/keyfile.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace fuzz_keyfile {
namespace {

// Shorter texts may be in a message by accident.
constexpr std::size_t kTellingSize = 20;

/// Whether the message says so whatever the file holds in place of `words`.
bool are_own_words(std::string_view text, std::string_view words) {
  std::string other(text);
  for (std::size_t at = 0; (at = other.find(words, at)) != std::string::npos; at += words.size()) {
    other.replace(at, words.size(), words.size(), '0');  // in an escape too, a digit
  }
  const auto pair = assay::keys::parse_keyfile(assay::crypto::Secret(other));
  return !pair && pair.error().message.contains(words);
}

}  // namespace

FUZZ_TARGET(keyfile) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto pair = assay::keys::parse_keyfile(assay::crypto::Secret(text));
  if (pair) {
    const auto again = assay::keys::KeyPair::from_secret(pair->secret());
    CHECK(again && again->hotkey() == pair->hotkey(), "a pair is that of its secret");
    return 0;
  }
  const std::string& message = pair.error().message;
  CHECK(message.size() < 1000, "a message is for people");
  const auto fields = assay::keys::read_key_fields(text);
  if (!fields) return 0;
  for (const std::string_view name : {"secretSeed", "privateKey", "secretPhrase"}) {
    const auto field = assay::keys::find_field(*fields, name);
    if (!field || field->value.size() < kTellingSize) continue;
    const auto head = field->value.substr(0, kTellingSize);
    CHECK(!message.contains(head) || are_own_words(text, head), "no message repeats a secret");
  }
  return 0;
}

}  // namespace fuzz_keyfile
