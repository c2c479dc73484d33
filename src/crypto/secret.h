/// \file
/// Text that must not be printed and does not outlive its use in memory.

#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace assay::crypto {

/// Overwrite memory in a way that the compiler cannot leave out.
void wipe(std::span<char> memory);

/// A key, password or token. Nothing prints or compares it; the bytes are wiped when it goes.
class Secret {
 public:
  Secret() = default;
  /// Copies `text`; the caller's own copy is the caller's to wipe.
  explicit Secret(std::string_view text);
  /// Takes `text` over and wipes it.
  explicit Secret(std::string&& text);

  Secret(Secret&& other) noexcept;
  Secret& operator=(Secret&& other) noexcept;
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;
  ~Secret();

  /// A second one; spelled out, because each copy is one more to lose.
  Secret copy() const { return Secret(reveal()); }

  bool empty() const { return bytes_.empty(); }
  /// Lifetime: valid as long as this object.
  std::string_view reveal() const { return {bytes_.data(), bytes_.size()}; }

 private:
  std::vector<char> bytes_;  // never grows: that would leave a copy behind
};

}  // namespace assay::crypto
