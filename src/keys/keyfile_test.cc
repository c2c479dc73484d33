#include "keys/keyfile.h"

#include "core/bytes.h"
#include "crypto/base64.h"
#include "files/atomic_file.h"
#include "files/testing/simulated_file_system.h"
#include "files/testing/temporary_folder.h"

#include <gtest/gtest.h>

#include <string>

namespace assay::keys {
namespace {

using crypto::Secret;

// What bittensor-core 0.1.5 writes for //Alice.
constexpr std::string_view kAliceFile =
    R"({"ss58Address":"5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY","cryptoType":1,"publicKey":)"
    R"("0xd43593c715fdd31c61141abd04a99fd6822c8558854ccde39a5684e7a56da27d","accountId":"0xd43593c715)"
    R"(fdd31c61141abd04a99fd6822c8558854ccde39a5684e7a56da27d","privateKey":"0x33a6f3093f158a7109f679)"
    R"(410bef1a0c54168145e0cecb4df006c1c2fffb1f09925a225d97aa00682d6a59b95b18780c10d7032336e88f3442b4)"
    R"(2361f4a66011"})";
constexpr std::string_view kAliceAddress = "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY";
// What it writes for the published test phrase, "bottom drive obey lake ...".
constexpr std::string_view kPhraseFile =
    R"({"privateKey":"0x05d65584630d16cd4af6d0bec10f34bb504a5dcb62dba2122d49f5a663763d0afd190cce74df356)"
    R"(432b410bd64682309d6dedb27c76845daf388557cbac3ca34","secretPhrase":"bottom drive obey lake curta)"
    R"(in smoke basket hold race lonely fit walk","ss58Address":"5DfhGyQdFobKM8NsWvEeAKk5EQQgYe9AydgJ7)"
    R"(rMB6E1EqRzV","cryptoType":1,"accountId":"0x46ebddef8cd9bb167dc30878d7113b7e168e6f0646beffd77d69)"
    R"(d39bad76b47a","publicKey":"0x46ebddef8cd9bb167dc30878d7113b7e168e6f0646beffd77d69d39bad76b47a",")"
    R"(secretSeed":"0xfac7959dbfe72f052e5a0c3c8d6530f202b02fd8f9f5ca3580ec8deb7797479e"})";
constexpr std::string_view kPhraseAddress = "5DfhGyQdFobKM8NsWvEeAKk5EQQgYe9AydgJ7rMB6E1EqRzV";
// The same, locked by it with the password "correct horse".
constexpr std::string_view kLocked =
    "JE5BQ0x/cnUm5pzPyiGR8Y71M7NsUvLJurouSigkeMoFspwhMU+orz00XeQkzDGj7zYhcUdrhgqujxVsvPtR"
    "yNbnORP77NZ92I/bOxCd7Je44sAfp87jq7EzL9TREJG5G+zsHSj2PAyQDkmQ2NgkkMMw/ugJSwaAjVMdt4WT"
    "3BRiFUvMxnVaf4Q7pZu6BWlXL0ezSDEGjt0PckftWoqHSEA9BifuOg3GcKAi6nVVvp7QdXefRWT8j7uxNlsy"
    "SNpcmSbgSsnO7y5XtRm1733sbBf5F5ycBi0iHlBJJCcYfuMsDOnZynxxFfOpWl0vP4FTjMGlvGHxJJDqqjtu"
    "Cvas5bx5npFA9H88n00uXsMtZT/ld6oElnQwXip2Sk6Jw+N9RiGxqd/zrfL64nBk6TbQRDDYowYadv5bK7u6"
    "LPpfgk2XUNuJ2EdOXjPgE7+Ha1WhUrBSwfp6wXzCiss9yotbkgJxNn/njqVkZ1WmLE5MDh/sfOxpi0yUk9so"
    "hWQSZ+xgS4bDt5cTcfh+fAOjGKCVA0v4I9azgk5og7XnVu+TTJb16N+DZHVaJYYeZ8nkiZSdRlM8kP8/rVTo"
    "OOqnpHTg7UCzgJl6upoLBAUe06xCGEh1KkqIYLFsWRfjuIq/Px0bgl1jOrMqwxI+C7aVYdehBswFEJEaKTOh"
    "igwbYdIsCeL1DdWe+XFeESeKpByIH6s02f/ZXgZ85ZzLhxUwxbl5gwYnS27X6uJdj8W23p9zKdfoLs+CJCWQ"
    "oD2MuKP15c67H8YNZs7G/XdV0TOooYzx37oduxW0qREw6P33";

std::string replaced(std::string_view text, std::string_view from, std::string_view to) {
  std::string changed(text);
  const std::size_t at = changed.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return changed.replace(at, from.size(), to);
}

std::string address_of(std::string_view content) {
  const auto pair = parse_keyfile(Secret(content));
  return pair ? pair->hotkey().to_ss58() : pair.error().message;
}

bool refuses(std::string_view content, ErrorCode code, std::string_view part) {
  const auto pair = parse_keyfile(Secret(content));
  if (pair) return false;
  EXPECT_EQ(pair.error().code, code) << pair.error().message;
  EXPECT_NE(pair.error().message.find(part), std::string::npos) << pair.error().message;
  for (const std::string_view secret : {"33a6f3093f", "fac7959dbf", "bottom drive"}) {
    EXPECT_EQ(pair.error().message.find(secret), std::string::npos) << pair.error().message;
  }
  return true;
}

TEST(Keyfile, ReadsWhatTheSdkWrites) {
  EXPECT_EQ(address_of(kAliceFile), kAliceAddress);
  EXPECT_EQ(address_of(kPhraseFile), kPhraseAddress);
}

TEST(Keyfile, ReadsOldAndNewForms) {
  EXPECT_EQ(address_of(replaced(kAliceFile, "\"ss58Address\"", "\" ss58Address\"")), kAliceAddress);
  EXPECT_EQ(address_of(replaced(kAliceFile, "\"cryptoType\":1", "\"cryptoType\":\"1\"")),
            kAliceAddress);
  EXPECT_EQ(address_of(replaced(kAliceFile, "\"cryptoType\":1,", "")), kAliceAddress);
  EXPECT_EQ(address_of(
                replaced(kAliceFile, "\"cryptoType\":1", "\"accountType\":null,\"x\":\"\\u00e9\"")),
            kAliceAddress);
}

TEST(Keyfile, TheAddressMustBeThatOfTheSecret) {
  EXPECT_TRUE(refuses(replaced(kAliceFile, kAliceAddress, kPhraseAddress), ErrorCode::kInvalidInput,
                      "one of them was changed"));
  EXPECT_TRUE(refuses(replaced(kPhraseFile, "fac7959d", "fac7959e"), ErrorCode::kInvalidInput,
                      "one of them was changed"));
  EXPECT_TRUE(refuses(replaced(kAliceFile, "\"publicKey\":\"0xd4", "\"publicKey\":\"0xd5"),
                      ErrorCode::kInvalidInput, "publicKey"));
  EXPECT_TRUE(refuses(replaced(kAliceFile, "\"ss58Address\"", "\"address\""), ErrorCode::kCorrupt,
                      "names no ss58Address"));
}

// Secrets that were pasted into the wrong field.
TEST(Keyfile, DoesNotRepeatALongScheme) {
  EXPECT_TRUE(refuses(replaced(kAliceFile, "\"cryptoType\":1", "\"cryptoType\":\"ed25519\""),
                      ErrorCode::kInvalidInput, "cryptoType \"ed25519\";"));
  EXPECT_TRUE(refuses(replaced(kAliceFile, "\"cryptoType\":1",
                               "\"cryptoType\":\"0x33a6f3093f158a7109f679410bef1a0c\""),
                      ErrorCode::kInvalidInput, "cryptoType (a long text);"));
}

TEST(Keyfile, DoesNotRepeatAnAddressThatIsNone) {
  for (const std::string_view address : {"5Grwva", "0x33a6f3093f158a7109f679410bef1a0c"}) {
    const auto pair = parse_keyfile(Secret(replaced(kAliceFile, kAliceAddress, address)));
    ASSERT_FALSE(pair);
    EXPECT_EQ(pair.error().code, ErrorCode::kCorrupt);
    EXPECT_EQ(pair.error().message,
              "ss58Address of the key file is mistyped or damaged, and its secret is that of " +
                  std::string(kAliceAddress) +
                  ": where this is the address of the hotkey, write it there");
  }
}

TEST(Keyfile, NamesTheWayOutOfWhatItDoesNotRead) {
  EXPECT_TRUE(refuses(replaced(kAliceFile, "\"cryptoType\":1", "\"cryptoType\":0"),
                      ErrorCode::kInvalidInput, "only sr25519"));
  EXPECT_TRUE(
      refuses(replaced(kPhraseFile, "\"secretSeed\"", "\"other\"").replace(2, 10, "ignoredKey"),
              ErrorCode::kInvalidInput, "regen-hotkey"));
  EXPECT_TRUE(refuses(R"({"accountId": "0x12", "publicKey": "0x12", "ss58Address": "5"})",
                      ErrorCode::kInvalidInput, "pub.txt"));
  EXPECT_TRUE(refuses("$ANSIBLE_VAULT;1.1;AES256\n3332", ErrorCode::kInvalidInput, "convert"));
  EXPECT_TRUE(refuses("gAAAAABkxyz", ErrorCode::kInvalidInput, "convert"));
  EXPECT_TRUE(refuses("$NACLxyz", ErrorCode::kInvalidInput, "locked"));
}

TEST(Keyfile, DamagedSecretsAreCorrupt) {
  EXPECT_TRUE(
      refuses(replaced(kPhraseFile, "fac7959d", "fac7959g"), ErrorCode::kCorrupt, "secretSeed"));
  EXPECT_TRUE(
      refuses(replaced(kPhraseFile, "0xfac7959d", "0xfac7959"), ErrorCode::kCorrupt, "secretSeed"));
  EXPECT_TRUE(refuses(replaced(kAliceFile, "0x33a6", "33a6"), ErrorCode::kCorrupt, "privateKey"));
  EXPECT_TRUE(refuses("{}", ErrorCode::kCorrupt, "neither"));
  EXPECT_TRUE(refuses("", ErrorCode::kCorrupt, "byte 0"));
}

TEST(Keyfile, OpensWhatTheSdkLocked) {
  const auto bytes = crypto::base64_decode(kLocked);
  ASSERT_TRUE(bytes);
  const std::string_view content = as_text(*bytes);
  EXPECT_EQ(lock_of(content), KeyfileLock::kNacl);
  const auto opened = unlock_keyfile(content, Secret(std::string_view("correct horse")));
  ASSERT_TRUE(opened) << opened.error().message;
  EXPECT_EQ(address_of(opened->reveal()), kPhraseAddress);
}

TEST(Keyfile, ALockWithoutItsPasswordStaysShut) {
  EXPECT_EQ(unlock_keyfile("$NACL123", Secret()).error().code, ErrorCode::kCorrupt);
  EXPECT_EQ(unlock_keyfile("{}", Secret()).error().code, ErrorCode::kInvalidInput);
  files::testing::SimulatedFileSystem disk;
  ASSERT_TRUE(files::write_file(disk, "hotkeys/a", "$NACL123"));
  const auto locked = load_hotkey(disk, "hotkeys/a", nullptr);
  ASSERT_FALSE(locked);
  EXPECT_EQ(locked.error().code, ErrorCode::kMissing);
  EXPECT_NE(locked.error().message.find("--password-file"), std::string::npos);
}

TEST(Keyfile, ReadsBackWhatItMakes) {
  Seed seed;
  for (std::size_t i = 0; i < Seed::kSize; ++i) seed.fill()[i] = static_cast<std::byte>(i * 9);
  const Secret content = make_keyfile(seed);
  EXPECT_EQ(address_of(content.reveal()), KeyPair::from_seed(seed).hotkey().to_ss58());
  // Its private key alone leads to the same pair.
  EXPECT_EQ(address_of(replaced(content.reveal(), "secretSeed", "another")),
            KeyPair::from_seed(seed).hotkey().to_ss58());
  EXPECT_TRUE(refuses(make_public_keyfile(KeyPair::from_seed(seed).hotkey()),
                      ErrorCode::kInvalidInput, "public half"));
}

TEST(Keyfile, NeverOpensAColdkey) {
  const files::testing::TemporaryFolder folder;
  auto& disk = files::posix_file_system();
  ASSERT_TRUE(files::write_file(disk, folder.path() / "coldkey", kAliceFile));
  ASSERT_TRUE(files::write_file(disk, folder.path() / "hotkey", kAliceFile));
  std::filesystem::create_symlink("coldkey", folder.path() / "link");
  for (const std::string_view name : {"coldkey", "link"}) {
    const auto refused = load_hotkey(disk, folder.path() / name, nullptr);
    ASSERT_FALSE(refused) << name;
    EXPECT_EQ(refused.error().code, ErrorCode::kDenied);
  }
  EXPECT_TRUE(load_hotkey(disk, folder.path() / "hotkey", nullptr));
}

}  // namespace
}  // namespace assay::keys
