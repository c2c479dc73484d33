#include "keys/wallet.h"

#include "files/atomic_file.h"
#include "files/testing/simulated_file_system.h"
#include "files/testing/temporary_folder.h"
#include "keys/keyfile.h"

#include <gtest/gtest.h>

#include <sys/stat.h>

#include <string>

namespace assay::keys {
namespace {

TEST(Wallet, MakesAHotkeyThatLoadsAndThatOthersCannotRead) {
  const files::testing::TemporaryFolder folder;
  auto& disk = files::posix_file_system();
  SeededRandom random(1);
  const HotkeyName name{.folder = folder.path(), .wallet = "w", .hotkey = "h"};
  const auto made = make_hotkey(disk, name, random);
  ASSERT_TRUE(made) << made.error().message;
  const auto path = folder.path() / "w/hotkeys/h";
  const auto pair = load_hotkey(disk, path, nullptr);
  ASSERT_TRUE(pair) << pair.error().message;
  EXPECT_EQ(pair->hotkey(), *made);
  struct stat status{};
  ASSERT_EQ(stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
  const auto public_half =
      files::read_file(disk, folder.path() / "w/hotkeys/hpub.txt", ByteCount(4096));
  ASSERT_TRUE(public_half);
  EXPECT_NE(public_half->find(made->to_ss58()), std::string::npos);
  EXPECT_EQ(public_half->find("secret"), std::string::npos);
}

TEST(Wallet, NeverOverwritesAHotkey) {
  files::testing::SimulatedFileSystem disk;
  SeededRandom random(1);
  const HotkeyName name{.folder = "wallets"};
  ASSERT_TRUE(make_hotkey(disk, name, random));
  const auto before = disk.content("wallets/default/hotkeys/default");
  const auto again = make_hotkey(disk, name, random);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, ErrorCode::kInvalidInput);
  EXPECT_EQ(disk.content("wallets/default/hotkeys/default"), before);
}

TEST(Wallet, NamesStayWithinTheirFolder) {
  for (const std::string bad : {"", ".", "..", "../coldkey", "a/b", "/etc/passwd", "a\nb"}) {
    EXPECT_FALSE(hotkey_path({.folder = "w", .hotkey = bad})) << bad;
    EXPECT_FALSE(hotkey_path({.folder = "w", .wallet = bad})) << bad;
  }
  EXPECT_EQ(hotkey_path({.folder = "w", .wallet = "my wallet", .hotkey = "h.1"}).value(),
            "w/my wallet/hotkeys/h.1");
}

}  // namespace
}  // namespace assay::keys
