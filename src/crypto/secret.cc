#include "crypto/secret.h"

#include <openssl/crypto.h>

#include <utility>

namespace assay::crypto {

void wipe(std::span<char> memory) {
  if (!memory.empty()) OPENSSL_cleanse(memory.data(), memory.size());
}

Secret::Secret(std::string_view text) : bytes_(text.begin(), text.end()) {}

// Copied and wiped, not moved: a short text stands within the string itself.
// NOLINTNEXTLINE(cppcoreguidelines-rvalue-reference-param-not-moved): see above.
Secret::Secret(std::string&& text) : Secret(std::string_view(text)) {
  wipe(text);
  text.clear();
}

Secret::Secret(Secret&& other) noexcept : bytes_(std::exchange(other.bytes_, {})) {}

Secret& Secret::operator=(Secret&& other) noexcept {
  if (this != &other) {
    wipe(bytes_);
    bytes_ = std::exchange(other.bytes_, {});
  }
  return *this;
}

Secret::~Secret() { wipe(bytes_); }

}  // namespace assay::crypto
