/// \file
/// Tokens that let a client ask for a while: signed by the validator's hotkey, so that the
/// validator needs no list of them. Format: docs/formats/access-token.md.

#pragma once

#include "core/random.h"
#include "core/result.h"
#include "core/timestamp.h"
#include "keys/sr25519.h"

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

namespace assay::organic {

/// Nobody can take a token back, so none is good for longer.
inline constexpr std::chrono::hours kMaxTokenTime{24 * 7};
inline constexpr std::size_t kMaxClientName = 64;

struct AccessGrant {
  /// Whose requests these are: in the log, and for the limits of one client. Letters, digits, `-`
  /// and `_`.
  std::string client;
  /// To the second.
  Timestamp issued = {};
  Timestamp expires = {};
};

/// Errors: kInvalidInput (a name that is none; no time, or over kMaxTokenTime).
Result<std::string> make_access_token(const AccessGrant& grant, const keys::KeyPair& validator,
                                      RandomSource& random);

/// Read a token of this validator. Shape and times stand before the signature, which costs more.
/// Errors: kDenied (not a token, of another validator, changed, expired or not yet good; the
///         message shows nothing of it).
Result<AccessGrant> read_access_token(std::string_view token, const keys::Hotkey& validator,
                                      Timestamp now);

}  // namespace assay::organic
