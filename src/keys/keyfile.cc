#include "keys/keyfile.h"

#include "core/bytes.h"
#include "core/hex.h"
#include "core/shown_text.h"
#include "crypto/secretbox.h"
#include "files/atomic_file.h"
#include "keys/key_fields_internal.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace assay::keys {
namespace {

using crypto::Secret;
using crypto::SecretBytes;

constexpr std::string_view kNaclMark = "$NACL";
constexpr ByteCount kMaxKeyfileSize{64U << 10};

// Fixed by the format, which has no room for a salt of its own.
constexpr std::array<unsigned char, crypto::kArgon2SaltSize> kSalt = {
    0x13, 0x71, 0x83, 0xdf, 0xf1, 0x5a, 0x09, 0xbc, 0x9c, 0x90, 0xb5, 0x51, 0x87, 0x39, 0xe9, 0xb1};

// Without branches or tables that depend on a digit: 0 to 15, or 255 for what is no digit.
unsigned secret_digit(char character) {
  const auto code = static_cast<unsigned>(static_cast<unsigned char>(character));
  const unsigned letter = (code | 0x20U) - 'a';  // of either case
  const unsigned decimal = code - '0';
  const unsigned is_letter = 0U - static_cast<unsigned>(letter < 6);
  const unsigned is_decimal = 0U - static_cast<unsigned>(decimal < 10);
  return (((letter + 10) & is_letter) | (decimal & is_decimal) |
          (255U & ~(is_letter | is_decimal)));
}

template <std::size_t Size>
std::optional<SecretBytes<Size>> read_secret_hex(std::string_view text) {
  if (text.size() != 2 + 2 * Size || !text.starts_with("0x")) return std::nullopt;
  SecretBytes<Size> bytes;
  unsigned all = 0;
  for (std::size_t i = 0; i < Size; ++i) {
    const unsigned high = secret_digit(text[2 + 2 * i]);
    const unsigned low = secret_digit(text[3 + 2 * i]);
    all |= high | low;
    bytes.fill()[i] = static_cast<std::byte>((high << 4) | (low & 15U));
  }
  if (all > 15) return std::nullopt;
  return bytes;
}

// Appends to memory that was reserved, so that no copy stays behind when it would grow.
void append_secret_hex(std::string& text, std::span<const std::byte> bytes) {
  for (const std::byte byte : bytes) {
    for (const unsigned shift : {4U, 0U}) {
      const unsigned digit = (std::to_integer<unsigned>(byte) >> shift) & 15U;
      const unsigned is_letter = 0U - static_cast<unsigned>(digit > 9);
      text += static_cast<char>(digit + '0' + (('a' - '0' - 10U) & is_letter));
    }
  }
}

std::optional<std::string_view> text_of(const std::vector<KeyField>& fields,
                                        std::string_view name) {
  const auto field = find_field(fields, name);
  if (!field || field->kind != FieldKind::kText || field->value.empty()) return std::nullopt;
  return field->value;
}

/// What a field says, unless it is so long that it may be a secret in the wrong place.
std::string shown_name(std::string_view value) {
  constexpr std::size_t kMaxNameSize = 16;
  return value.size() > kMaxNameSize ? "(a long text)" : shown_text(value);
}

Status check_scheme(const std::vector<KeyField>& fields) {
  for (const std::string_view name : {"cryptoType", "signingScheme"}) {
    const auto field = find_field(fields, name);
    if (!field || field->value == "1" || field->value == "sr25519") continue;
    return invalid_input(
        fmt::format("the key file says {} {}; only sr25519 (1) is supported: make a hotkey of that "
                    "kind with `assay wallet new` or `btcli wallet new-hotkey`",
                    name, shown_name(field->value)));
  }
  return {};
}

Result<KeyPair> read_pair(const std::vector<KeyField>& fields) {
  if (const auto seed_text = text_of(fields, "secretSeed")) {
    const auto seed = read_secret_hex<32>(*seed_text);
    if (!seed) return corrupt("secretSeed of the key file is not 0x and 64 hexadecimal digits");
    return KeyPair::from_seed(*seed);
  }
  if (const auto private_text = text_of(fields, "privateKey")) {
    const auto secret = read_secret_hex<64>(*private_text);
    if (!secret) return corrupt("privateKey of the key file is not 0x and 128 hexadecimal digits");
    return KeyPair::from_secret(*secret);
  }
  if (text_of(fields, "secretPhrase")) {
    return invalid_input(
        "the key file holds nothing but a phrase of words, which is not read here: write it anew "
        "with its seed by `btcli wallet regen-hotkey`");
  }
  if (text_of(fields, "publicKey") || text_of(fields, "accountId")) {
    return invalid_input(
        "the key file holds the public half only: give the hotkey's own file, without \"pub.txt\"");
  }
  return corrupt("the key file has neither secretSeed nor privateKey");
}

Status check_public_half(const std::vector<KeyField>& fields, const Hotkey& hotkey) {
  auto address = text_of(fields, "ss58Address");
  // Some old wallets wrote the name with a blank in front.
  if (!address) address = text_of(fields, " ss58Address");
  if (!address) {
    return corrupt(
        "the key file names no ss58Address, so nothing tells whether it was damaged; add that of "
        "the hotkey as the chain shows it");
  }
  const auto named = parse_ss58(*address);
  // What is no address may be anything, also a secret in the wrong place: it is not repeated.
  if (!named) {
    return corrupt(
        fmt::format("ss58Address of the key file is mistyped or damaged, and its secret is that of "
                    "{}: where this is the address of the hotkey, write it there",
                    hotkey.to_ss58()));
  }
  if (named->account != hotkey.account()) {
    return invalid_input(
        fmt::format("the key file says {}, but its secret is that of {}: one of them was changed",
                    *address, hotkey.to_ss58()));
  }
  const std::string public_hex = to_hex(hotkey.account());
  for (const std::string_view name : {"publicKey", "accountId"}) {
    const auto value = text_of(fields, name);
    if (value && *value != "0x" + public_hex) {
      return invalid_input(
          fmt::format("{} of the key file is not that of its secret, {}", name, hotkey.to_ss58()));
    }
  }
  return {};
}

Error legacy_lock(std::string_view lock) {
  return invalid_input(fmt::format(
      "the key file is locked by {}, as old wallets did: convert it with `btcli wallet "
      "update`, or write the hotkey anew with `btcli wallet regen-hotkey --no-use-password`",
      lock));
}

bool is_coldkey_name(std::string_view name) { return name.starts_with("coldkey"); }

}  // namespace

KeyfileLock lock_of(std::string_view content) {
  if (content.starts_with(kNaclMark)) return KeyfileLock::kNacl;
  if (content.starts_with("$ANSIBLE_VAULT")) return KeyfileLock::kAnsibleVault;
  if (content.starts_with("gAAAAA")) return KeyfileLock::kFernet;
  return KeyfileLock::kNone;
}

Result<KeyPair> parse_keyfile(const Secret& content) {
  switch (lock_of(content.reveal())) {
    case KeyfileLock::kNacl:
      return invalid_input("the key file is locked by a password");
    case KeyfileLock::kAnsibleVault:
      return legacy_lock("an Ansible vault");
    case KeyfileLock::kFernet:
      return legacy_lock("Fernet");
    case KeyfileLock::kNone:
      break;
  }
  ASSIGN_OR_RETURN(const auto fields, read_key_fields(content.reveal()));
  RETURN_IF_ERROR(check_scheme(fields));
  ASSIGN_OR_RETURN(KeyPair pair, read_pair(fields));
  RETURN_IF_ERROR(check_public_half(fields, pair.hotkey()));
  return pair;
}

Result<Secret> unlock_keyfile(std::string_view content, const Secret& password) {
  if (lock_of(content) != KeyfileLock::kNacl) {
    return invalid_input("the key file is not locked by $NACL");
  }
  const auto bytes = as_bytes(content).subspan(kNaclMark.size());
  if (bytes.size() < crypto::kSecretboxNonceSize) return corrupt("a locked key file cut short");
  const auto salt = std::as_bytes(std::span(kSalt));
  ASSIGN_OR_RETURN(const auto key, crypto::key_of_password(password, salt));
  return crypto::open_secretbox(bytes.subspan(crypto::kSecretboxNonceSize),
                                bytes.first<crypto::kSecretboxNonceSize>(), key);
}

Result<KeyPair> load_hotkey(files::FileSystem& file_system, const std::filesystem::path& path,
                            const Secret* password) {
  ASSIGN_OR_RETURN(const auto present, file_system.info(path));
  if (!present) {
    return missing(
        fmt::format("there is no hotkey at {}: make one with `assay wallet new`, or name "
                    "another by --wallet and --hotkey",
                    path.native()));
  }
  // A link among the hotkeys must not lead to it either.
  ASSIGN_OR_RETURN(const auto resolved, file_system.resolve(path));
  if (is_coldkey_name(path.filename().native()) || is_coldkey_name(resolved.filename().native())) {
    return denied(fmt::format(
        "{} is a coldkey: it is never opened; keep it on another machine and name a hotkey",
        path.native()));
  }
  ASSIGN_OR_RETURN(std::string text, files::read_file(file_system, path, kMaxKeyfileSize));
  Secret content(std::move(text));
  if (lock_of(content.reveal()) == KeyfileLock::kNacl) {
    if (password == nullptr) {
      return missing(
          fmt::format("{} is locked: give its password by --password-file", path.native()));
    }
    ASSIGN_OR_RETURN(content,
                     with_context(unlock_keyfile(content.reveal(), *password), path.native()));
  }
  return with_context(parse_keyfile(content), path.native());
}

Secret make_keyfile(const Seed& seed) {
  const KeyPair pair = KeyPair::from_seed(seed);
  const std::string public_hex = to_hex(pair.hotkey().account());
  std::string text;
  text.reserve(1024);
  text +=
      fmt::format(R"({{"accountId": "0x{0}", "publicKey": "0x{0}", "privateKey": "0x)", public_hex);
  append_secret_hex(text, pair.secret().reveal());
  text += R"(", "secretPhrase": null, "secretSeed": "0x)";
  append_secret_hex(text, seed.reveal());
  text += fmt::format(R"(", "ss58Address": "{}"}})", pair.hotkey().to_ss58());
  return Secret(std::move(text));
}

std::string make_public_keyfile(const Hotkey& hotkey) {
  return fmt::format(R"({{"accountId": "0x{0}", "publicKey": "0x{0}", "ss58Address": "{1}"}})",
                     to_hex(hotkey.account()), hotkey.to_ss58());
}

}  // namespace assay::keys
