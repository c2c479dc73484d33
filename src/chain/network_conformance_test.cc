#include "chain/testing/network_conformance.h"

#include "chain/local_network.h"
#include "chain/testing/scripted_network.h"
#include "chain/testing/sidecar_fixture.h"
#include "chain/watched_network.h"
#include "core/testing/fake_clock.h"
#include "files/testing/temporary_folder.h"

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <utility>

namespace assay::chain::testing {
namespace {

using namespace std::chrono_literals;
using assay::testing::FakeClock;
using files::testing::TemporaryFolder;

class LocalFixture final : public NetworkFixture {
 public:
  LocalFixture() {
    make_conformance_network(path_, clock_);
    pass_blocks(1000);
  }

  std::unique_ptr<Network> seen_by(const std::optional<keys::Hotkey>& self) override {
    auto network = LocalNetwork::open(path_, self, clock_);
    EXPECT_TRUE(network) << network.error().message;
    return std::move(*network);
  }
  void pass_blocks(BlockCount count) override { clock_.advance(12s * count); }

 private:
  TemporaryFolder folder_;
  std::filesystem::path path_ = folder_.path() / "network.sqlite";
  FakeClock clock_;
};

class ScriptedFixture final : public NetworkFixture {
 public:
  std::unique_ptr<Network> seen_by(const std::optional<keys::Hotkey>& self) override {
    return std::make_unique<ScriptedNetwork>(chain_, self);
  }
  void pass_blocks(BlockCount count) override { chain_->pass_blocks(count); }

 private:
  std::shared_ptr<ScriptedChain> chain_ = conformance_chain();
};

/// What is watched behaves as what it watches.
template <typename Inner>
class WatchedFixture final : public NetworkFixture {
 public:
  std::unique_ptr<Network> seen_by(const std::optional<keys::Hotkey>& self) override {
    return std::make_unique<WatchedNetwork>(
        inner_.seen_by(self), WatchOptions{.netuid = kConformanceNetuid}, clock_, random_);
  }
  void pass_blocks(BlockCount count) override { inner_.pass_blocks(count); }

 private:
  Inner inner_;
  FakeClock clock_;
  SeededRandom random_{1};
};

template <typename Fixture>
NetworkMaker maker_of(const char* name) {
  return {.name = name, .make = [] { return std::make_unique<Fixture>(); }};
}

INSTANTIATE_TEST_SUITE_P(All, NetworkConformance,
                         ::testing::Values(maker_of<LocalFixture>("local"),
                                           maker_of<ScriptedFixture>("scripted"),
                                           maker_of<SidecarFixture>("sidecar"),
                                           maker_of<WatchedFixture<ScriptedFixture>>("watched")),
                         [](const auto& tested) { return tested.param.name; });

}  // namespace
}  // namespace assay::chain::testing
