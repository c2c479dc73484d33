#include "chain/testing/sidecar_fixture.h"

#include "chain/local_network.h"
#include "core/check.h"

#include <chrono>
#include <fstream>
#include <string>

namespace assay::chain::testing {
namespace {

constexpr std::chrono::seconds kBlockTime{12};

}  // namespace

void make_conformance_network(const std::filesystem::path& path, const Clock& clock) {
  const auto made = create_local_network(path,
                                         {.netuid = kConformanceNetuid,
                                          .block_time = kBlockTime,
                                          .rules = kConformanceRules,
                                          .min_stake_to_set_weights_rao = kConformanceMinStakeRao},
                                         clock);
  CHECK(made.has_value(), "the conformance network is made");
  for (std::uint8_t uid = 0; uid < 4; ++uid) {
    const auto given =
        register_neuron(path,
                        {.hotkey = made_up_hotkey(static_cast<std::uint8_t>(uid + 1)),
                         .stake_rao = uid == 0 ? kConformanceStakeRao : 0,
                         .has_validator_permit = uid == 0},
                        clock);
    CHECK(given.has_value() && given->uid == uid, "hotkeys are registered in their order");
  }
}

SidecarFixture::SidecarFixture() {
  make_conformance_network(folder_.path() / "network.sqlite", clock_);
  pass_blocks(1000);
}

void SidecarFixture::pass_blocks(BlockCount count) {
  clock_.advance(kBlockTime * count);
  write_clock();
}

void SidecarFixture::write_clock() {
  // Renamed into place: the sidecar may read it at any moment.
  const auto path = folder_.path() / "clock";
  std::ofstream(folder_.path() / "clock.new") << clock_.now().time_since_epoch().count() << '\n';
  std::filesystem::rename(folder_.path() / "clock.new", path);
}

SidecarOptions SidecarFixture::options(const std::optional<keys::Hotkey>& self,
                                       std::string_view fault) {
  SidecarOptions options{.program = ASSAY_FAKE_SIDECAR,
                         .arguments = {folder_.path() / "clock", std::string(fault)},
                         .network = "local:" + (folder_.path() / "network.sqlite").native(),
                         .first_restart_wait = std::chrono::milliseconds(1)};
  if (self) {
    options.hotkey_file = folder_.path() / self->to_ss58();
    std::ofstream(options.hotkey_file) << self->to_ss58() << '\n';
  }
  return options;
}

std::unique_ptr<SidecarNetwork> SidecarFixture::open(const std::optional<keys::Hotkey>& self,
                                                     std::string_view fault) {
  return std::make_unique<SidecarNetwork>(options(self, fault), self, system_clock());
}

std::unique_ptr<Network> SidecarFixture::seen_by(const std::optional<keys::Hotkey>& self) {
  return open(self, "none");
}

}  // namespace assay::chain::testing
