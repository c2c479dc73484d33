/// \file
/// Where the wallets of Bittensor keep hotkeys: <folder>/<wallet>/hotkeys/<hotkey>.

#pragma once

#include "core/random.h"
#include "core/result.h"
#include "crypto/secret.h"
#include "files/file_system.h"
#include "keys/sr25519.h"

#include <filesystem>
#include <string>

namespace assay::keys {

/// Which hotkey of which wallet. The defaults are those of the SDK.
struct HotkeyName {
  std::filesystem::path folder;
  std::string wallet = "default";
  std::string hotkey = "default";
};

/// The path of the hotkey's file.
/// Errors: kInvalidInput (a name that leads out of its folder, or none).
Result<std::filesystem::path> hotkey_path(const HotkeyName& name);

/// Make a hotkey of fresh randomness: its file for the owner alone, and the public half beside it.
/// Nothing is overwritten. Errors: kInvalidInput (a name as above; the hotkey exists already), and
/// those of files::create_file().
Result<Hotkey> make_hotkey(files::FileSystem& file_system, const HotkeyName& name,
                           RandomSource& random);

}  // namespace assay::keys
