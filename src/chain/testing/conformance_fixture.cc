#include "chain/testing/conformance_fixture.h"

namespace assay::chain::testing {

std::shared_ptr<ScriptedChain> conformance_chain() {
  auto chain = std::make_shared<ScriptedChain>(ScriptedChainOptions{
      .netuid = kConformanceNetuid,
      .block = 5000,
      .rules = kConformanceRules,
      .min_stake_rao = kConformanceMinStakeRao,
  });
  for (std::uint8_t uid = 0; uid < 4; ++uid) {
    chain->add({.hotkey = made_up_hotkey(static_cast<std::uint8_t>(uid + 1)),
                .coldkey = "coldkey",
                .total_stake_rao = uid == 0 ? kConformanceStakeRao : 0,
                .has_validator_permit = uid == 0,
                .last_update = 1000,
                .registered_at = 1000});
  }
  return chain;
}

}  // namespace assay::chain::testing
