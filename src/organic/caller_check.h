/// \file
/// Who sends a request to the proxy: by a signature, by a token, or, where that is switched on, as
/// clients of the old proxy did.

#pragma once

#include "core/clock.h"
#include "keys/ss58.h"
#include "net/http_server.h"
#include "protocol/gate.h"

#include <cstddef>
#include <mutex>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace assay::organic {

/// What clients of the old proxy were vouched for by: their public key verifies it.
struct OldCredentials {
  std::string message;
  std::vector<std::byte> signature;
};

/// Read `{"message": ..., "signature": base64}`. Errors: kCorrupt, kInvalidInput.
Result<OldCredentials> parse_old_credentials(std::string_view json);

struct CallerOptions {
  /// Hotkeys that may ask by btauth/1; the validator's own always may.
  std::vector<keys::Hotkey> allowed = {};
  /// Whether a public key in base64 is taken as `Authorization`. It can be read on its way and sent
  /// again by anybody.
  enum class OldBearer : std::uint8_t { kRefused, kTaken } old_bearer = OldBearer::kRefused;
};

struct Caller {
  /// For the log and the limits of one client; holds no secret.
  std::string name;
};

struct CallerRefusal {
  int status = 401;
  /// For the client: shows nothing of what it sent.
  std::string message = {};
};

/// btauth/1 judges a request that uses it alone; who has its headers cannot fall back to a token.
/// Threads: all calls are safe from any thread.
class CallerCheck {
 public:
  /// Lifetime: the clock outlives it.
  CallerCheck(const keys::Hotkey& self, CallerOptions options, const Clock& clock);

  std::variant<Caller, CallerRefusal> judge(const net::ServedRequest& request);

  /// Until the first, no old bearer is taken.
  void trust(OldCredentials credentials);

 private:
  using Verdict = std::variant<Caller, CallerRefusal>;
  Verdict judge_signature(const net::ServedRequest& request);
  Verdict judge_bearer(std::string_view authorization) const;
  Verdict judge_old_bearer(std::string_view public_key) const;

  keys::Hotkey self_;
  CallerOptions options_;
  const Clock* clock_;
  protocol::Gate gate_;
  mutable std::mutex mutex_;  // guards credentials_
  std::optional<OldCredentials> credentials_;
};

}  // namespace assay::organic
