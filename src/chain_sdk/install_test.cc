#include "chain_sdk/install.h"

#include "chain/sidecar_probe.h"
#include "chain_sdk/pinned_packages.h"
#include "chain_sdk/python_tool_internal.h"
#include "files/testing/temporary_folder.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

namespace assay::chain_sdk {
namespace {

using files::testing::TemporaryFolder;

// Environments are real, with a real pip; the package in them is a stand-in, and nothing is asked
// of a network. A minute is for machines far slower than any that this ran on.
class Install : public ::testing::Test {
 protected:
  void SetUp() override { std::filesystem::create_directory(wheels_); }

  /// A list with the hash of the wheel that it makes.
  std::string make_wheel(const std::string& version, const std::string& broken = "") {
    std::vector<std::string> arguments = {ASSAY_MAKE_WHEEL, wheels_.native(), version};
    if (!broken.empty()) arguments.push_back(broken);
    const auto run =
        run_python(ASSAY_PYTHON, arguments, std::chrono::minutes(1), system_clock(), {});
    EXPECT_TRUE(run && run->is_ok);
    return fmt::format("# A list.\nbittensor=={} --hash=sha256:{}\n", version, run->lines.at(0));
  }

  InstallOptions options(std::string_view packages) const {
    return {.python = ASSAY_PYTHON, .packages = packages, .wheels = wheels_};
  }

  Result<Environment> install(const InstallOptions& options) {
    return chain_sdk::install(disk_, system_clock(), folder_, options, {});
  }

  Environments there() { return read_environments(disk_, folder_).value(); }

  TemporaryFolder temporary_;
  std::filesystem::path wheels_ = temporary_.path() / "wheels";
  std::filesystem::path folder_ = temporary_.path() / "sdk";
  files::FileSystem& disk_ = files::posix_file_system();
};

// One story, for each environment takes seconds to make.
TEST_F(Install, ANewOneTakesThePlaceOfTheOldAndGoesBackToIt) {
  const std::string list = make_wheel("11.98.0");
  const auto first = install(options(list));
  ASSERT_TRUE(first) << first.error().message;
  EXPECT_EQ(first->sdk, "11.98.0");
  EXPECT_TRUE(first->is_pinned);
  EXPECT_EQ(there().current, *first);
  EXPECT_FALSE(there().previous);
  EXPECT_TRUE(holds(disk_, folder_, *first, list).value());
  EXPECT_FALSE(holds(disk_, folder_, *first, list + "more==1\n").value());

  // One that does not work is not used, and leaves nothing.
  const std::string broken_list = make_wheel("11.99.0", "no such symbol");
  const auto broken = install(options(broken_list));
  ASSERT_FALSE(broken);
  EXPECT_EQ(broken.error().code, ErrorCode::kMissing);
  EXPECT_TRUE(broken.error().message.contains("is not used")) << broken.error().message;
  EXPECT_TRUE(broken.error().message.contains("no such symbol")) << broken.error().message;
  EXPECT_EQ(there().current, *first);
  EXPECT_FALSE(std::filesystem::exists(folder_ / "env-2"));
  EXPECT_FALSE(roll_back(disk_, folder_, std::chrono::minutes(1), {}));

  make_wheel("11.99.1");
  InstallOptions wanted = options("");
  wanted.version = "11.99.1";
  const auto second = install(wanted);
  ASSERT_TRUE(second) << second.error().message;
  EXPECT_FALSE(second->is_pinned);
  EXPECT_FALSE(holds(disk_, folder_, *second, "bittensor==11.99.1\n").value());
  EXPECT_EQ(there().current, *second);
  EXPECT_EQ(there().previous, *first);

  const auto back = roll_back(disk_, folder_, std::chrono::minutes(1), {});
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ(*back, *first);
  EXPECT_EQ(there().previous, *second);
  const auto probe =
      chain::probe_sidecar(python_of(folder_, *there().current), std::chrono::minutes(1), {});
  ASSERT_TRUE(probe) << probe.error().message;
  EXPECT_EQ(probe->sdk, "11.98.0");
}

TEST_F(Install, AWheelOfAnotherHashIsRefusedWithTheWordsOfPip) {
  std::string list = make_wheel("11.98.0");
  list[list.size() - 2] = list[list.size() - 2] == '0' ? '1' : '0';
  const auto made = install(options(list));
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, ErrorCode::kUnavailable);
  EXPECT_TRUE(made.error().message.contains("HASHES")) << made.error().message;
  EXPECT_FALSE(there().current);
}

TEST_F(Install, WithoutThePackagesPipsWordsAndAWayOnAreTold) {
  // What one that was killed left behind.
  std::filesystem::create_directories(folder_ / "env-7" / "lib");
  InstallOptions wanted = options("");
  wanted.version = "11.97.0";
  const auto made = install(wanted);
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, ErrorCode::kUnavailable);
  EXPECT_TRUE(made.error().message.contains("bittensor==11.97.0")) << made.error().message;
  EXPECT_TRUE(made.error().message.contains("--print-packages")) << made.error().message;
  EXPECT_FALSE(there().current);
  EXPECT_FALSE(std::filesystem::exists(folder_ / "env-7"));
}

TEST_F(Install, AnotherPythonThanThatOfTheListIsRefusedAtOnce) {
  InstallOptions wanted = options("bittensor==11.98.0\n");
  wanted.packages_python = "2.7";
  const auto made = install(wanted);
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, ErrorCode::kMissing);
  EXPECT_TRUE(made.error().message.contains("2.7")) << made.error().message;
  wanted.python = "/nonexistent/python";
  EXPECT_EQ(install(wanted).error().code, ErrorCode::kMissing);
  wanted.version = "11 --index-url http://x";
  EXPECT_EQ(install(wanted).error().code, ErrorCode::kInvalidInput);
}

TEST_F(Install, TwoAtOnceAreNotPossible) {
  std::filesystem::create_directory(folder_);
  const auto lock = disk_.lock(folder_ / ".lock");
  ASSERT_TRUE(lock);
  const auto made = install(options("x"));
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, ErrorCode::kUnavailable);
}

TEST(PythonTool, KeepsWhatPipSaysOfAnError) {
  const PythonRun run{
      .end = "exit code 1",
      .lines = {"Collecting x", "WARNING: Retrying (4 left) after connection broken by 'refused'",
                "WARNING: Retrying (3 left) after connection broken by 'refused'",
                "ERROR: Could not find a version that satisfies x==1 (from versions: none)",
                "ERROR: No matching distribution\x1b[31m found for x==1", ""}};
  EXPECT_EQ(
      shown_problem(run),
      "exit code 1: WARNING: Retrying (4 left) after connection broken by 'refused': Could not "
      "find a version that satisfies x==1 (from versions: none): No matching distribution "
      "[31m found for x==1");
  EXPECT_EQ(shown_problem({.end = "exit code 2", .lines = {"a", "b", ""}}), "exit code 2: b");
}

TEST(PinnedPackages, NameTheSdkAndAHashForEach) {
  EXPECT_TRUE(version_in(pinned_packages(), "bittensor").starts_with("11."));
  EXPECT_EQ(version_in(pinned_packages(), "bittenso"), "");
  EXPECT_EQ(version_in(pinned_packages(), "none"), "");
}

TEST(SidecarProbe, TheRealSdkGreets) {
  const std::filesystem::path python = ASSAY_CHAIN_VENV_PYTHON;
  ASSERT_TRUE(std::filesystem::exists(python)) << "./dev setup installs it";
  const auto probe = chain::probe_sidecar(python, std::chrono::minutes(1), {});
  ASSERT_TRUE(probe) << probe.error().message;
  EXPECT_EQ(probe->sdk, version_in(pinned_packages(), "bittensor"));
}

}  // namespace
}  // namespace assay::chain_sdk
