/// \file
/// The conformance network behind a sidecar that is a fake.

#pragma once

#include "chain/sidecar_network.h"
#include "chain/testing/conformance_fixture.h"
#include "core/testing/fake_clock.h"
#include "files/testing/temporary_folder.h"

#include <filesystem>
#include <memory>
#include <optional>
#include <string_view>

namespace assay::chain::testing {

class SidecarFixture final : public NetworkFixture {
 public:
  SidecarFixture();

  std::unique_ptr<Network> seen_by(const std::optional<keys::Hotkey>& self) override;
  void pass_blocks(BlockCount count) override;

  /// `fault`: one that fake_sidecar.cc knows, or `none`.
  std::unique_ptr<SidecarNetwork> open(const std::optional<keys::Hotkey>& self,
                                       std::string_view fault);
  SidecarOptions options(const std::optional<keys::Hotkey>& self, std::string_view fault);

 private:
  void write_clock();

  files::testing::TemporaryFolder folder_;
  assay::testing::FakeClock clock_;
};

/// Put the conformance network into a new file.
void make_conformance_network(const std::filesystem::path& path, const Clock& clock);

}  // namespace assay::chain::testing
