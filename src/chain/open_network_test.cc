#include "chain/open_network.h"

#include "chain/local_network.h"
#include "chain/sidecar_program_internal.h"
#include "core/testing/fake_clock.h"
#include "files/testing/temporary_folder.h"
#include "keys/keyfile.h"

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

namespace assay::chain {
namespace {

using files::testing::TemporaryFolder;

NetworkAddress address_of(const std::string& text) { return parse_network_address(text).value(); }

TEST(OpenNetwork, OpensAFileByItsAddress) {
  const TemporaryFolder folder;
  const assay::testing::FakeClock clock;
  const auto path = folder.path() / "network.sqlite";
  ASSERT_TRUE(create_local_network(path, {}, clock));
  const auto address = address_of("local:" + path.native());
  const auto network = open_network(address, std::nullopt, clock);
  ASSERT_TRUE(network) << network.error().message;
  EXPECT_EQ((*network)->name(), address.text);
  EXPECT_EQ((*network)->current_block({}).value(), 1U);
}

TEST(OpenNetwork, ARealChainNeedsAPythonAndSaysSo) {
  const auto network = open_network(address_of("finney"), std::nullopt, system_clock());
  ASSERT_FALSE(network);
  EXPECT_EQ(network.error().code, ErrorCode::kMissing);
  EXPECT_TRUE(network.error().message.contains("chain.python")) << network.error().message;
}

TEST(OpenNetwork, ThePythonProgramIsWithinOurs) {
  const std::string program(sidecar_program());
  EXPECT_TRUE(program.starts_with("#!/usr/bin/env python3\n"));
  EXPECT_TRUE(program.ends_with("sys.exit(main())\n"));
  EXPECT_TRUE(program.contains("PROTOCOL = 1\n"));
}

TEST(OpenNetwork, TheRealSidecarGreetsAndSignsForTheHotkeyOfTheFile) {
  const char* const other = std::getenv("ASSAY_TEST_CHAIN_PYTHON");
  const std::filesystem::path python = other != nullptr ? other : ASSAY_CHAIN_VENV_PYTHON;
  if (!std::filesystem::exists(python)) GTEST_SKIP() << "the SDK of Bittensor is not installed";
  const TemporaryFolder folder;
  const auto file = folder.path() / "hotkey";
  std::array<std::byte, 32> bytes{};
  bytes.fill(std::byte{0x11});
  const keys::Seed seed{bytes};
  std::ofstream(file) << keys::make_keyfile(seed).reveal();
  const keys::Hotkey self = keys::KeyPair::from_seed(seed).hotkey();
  const CallOptions patient{.deadline = std::chrono::seconds(60)};
  // Nobody listens on the discard port: greeted, asked, and told so.
  const auto network = open_network(address_of("ws://127.0.0.1:9"), self, system_clock(),
                                    {.python = python, .hotkey_file = file});
  ASSERT_TRUE(network) << network.error().message;
  const auto block = (*network)->current_block(patient);
  ASSERT_FALSE(block);
  EXPECT_TRUE(is_retryable(block.error().code)) << block.error().message;
  EXPECT_TRUE(block.error().message.contains("connection")) << block.error().message;
  // Another hotkey than that of the file is not what was asked for.
  const auto wrong = open_network(address_of("ws://127.0.0.1:9"), keys::Hotkey(keys::AccountId{}),
                                  system_clock(), {.python = python, .hotkey_file = file});
  ASSERT_TRUE(wrong) << wrong.error().message;
  EXPECT_EQ((*wrong)->current_block(patient).error().code, ErrorCode::kMissing);
}

}  // namespace
}  // namespace assay::chain
