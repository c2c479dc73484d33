#include "keys/wallet.h"

#include "core/shown_text.h"
#include "files/new_file.h"
#include "keys/keyfile.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace assay::keys {
namespace {

Status check_name(std::string_view what, std::string_view name) {
  const bool has_control =
      std::ranges::any_of(name, [](char c) { return static_cast<unsigned char>(c) < 0x20; });
  if (name.empty() || name == "." || name == ".." || name.contains('/') || has_control) {
    return invalid_input(
        fmt::format("{} is no name of a {}: give one without slashes", shown_text(name), what));
  }
  return {};
}

Seed random_seed(RandomSource& random) {
  Seed seed;
  for (std::size_t i = 0; i < Seed::kSize; i += sizeof(std::uint64_t)) {
    std::uint64_t bits = random.next();
    std::memcpy(seed.fill().data() + i, &bits, sizeof bits);
    crypto::wipe(std::as_writable_bytes(std::span(&bits, 1)));
  }
  return seed;
}

}  // namespace

Result<std::filesystem::path> hotkey_path(const HotkeyName& name) {
  RETURN_IF_ERROR(check_name("wallet", name.wallet));
  RETURN_IF_ERROR(check_name("hotkey", name.hotkey));
  return name.folder / name.wallet / "hotkeys" / name.hotkey;
}

Result<Hotkey> make_hotkey(files::FileSystem& file_system, const HotkeyName& name,
                           RandomSource& random) {
  ASSIGN_OR_RETURN(const auto path, hotkey_path(name));
  const Seed seed = random_seed(random);
  const Hotkey hotkey = KeyPair::from_seed(seed).hotkey();
  const crypto::Secret content = make_keyfile(seed);
  RETURN_IF_ERROR(files::create_file(file_system, path, content.reveal(),
                                     files::FileReaders::kOwnerOnly, random));
  std::filesystem::path public_path = path;
  public_path += "pub.txt";
  RETURN_IF_ERROR(with_context(
      files::create_file(file_system, public_path, make_public_keyfile(hotkey),
                         files::FileReaders::kAll, random),
      fmt::format("the hotkey {} was made, but not the file of its public half", path.native())));
  return hotkey;
}

}  // namespace assay::keys
