/// \file
/// The files that hotkeys lie in, as the wallets of Bittensor write them.

#pragma once

#include "core/result.h"
#include "crypto/secret.h"
#include "files/file_system.h"
#include "keys/sr25519.h"

#include <filesystem>
#include <string>
#include <string_view>

namespace assay::keys {

/// How the bytes of a key file are kept.
enum class KeyfileLock {
  kNone,          ///< JSON as it is: hotkeys, by design.
  kNacl,          ///< `$NACL`: a secretbox under a key from a password.
  kAnsibleVault,  ///< `$ANSIBLE_VAULT`, of wallets before 2023; not read.
  kFernet,        ///< `gAAAAA`, of the first wallets; not read.
};

KeyfileLock lock_of(std::string_view content);

/// Read the pair from a plain key file: from its seed if it has one, else from its private key. The
/// address that the file names must be that of the pair.
/// Errors: kInvalidInput (a lock: unlock it first; only a public half; only a phrase of words;
///         another scheme than sr25519; an address that is not of this key), kCorrupt (not a key
///         file). No message shows a value but addresses.
Result<KeyPair> parse_keyfile(const crypto::Secret& content);

/// Open the lock of a `$NACL` file. Takes about three seconds and half a gigabyte, by design.
/// Errors: kInvalidInput (another lock), kDenied (a wrong password), kCorrupt (cut short),
///         kExhausted (not that much memory).
Result<crypto::Secret> unlock_keyfile(std::string_view content, const crypto::Secret& password);

/// Read a hotkey's file; `password` may be null, and is asked for only by a locked one.
/// Errors: as parse_keyfile() and unlock_keyfile(); kMissing (no such file; a lock without a
///         password), kDenied (also: the file is a coldkey, which nothing here opens).
Result<KeyPair> load_hotkey(files::FileSystem& file_system, const std::filesystem::path& path,
                            const crypto::Secret* password);

/// The plain key file of the pair that `seed` makes, as the SDK of Bittensor reads it.
crypto::Secret make_keyfile(const Seed& seed);
/// The file of the public half that lies beside it.
std::string make_public_keyfile(const Hotkey& hotkey);

}  // namespace assay::keys
