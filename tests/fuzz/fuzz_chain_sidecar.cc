/// \file
/// Fuzzes the lines of the chain sidecar: whatever it says is read, or refused, and an error never
/// counts as a write that was taken.

#include "chain/sidecar_messages_internal.h"
#include "core/check.h"
#include "fuzz_target.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace fuzz_chain_sidecar {
namespace {

namespace chain = assay::chain;

void read_error(const assay::json::Value& content) {
  const chain::SidecarError error = chain::read_sidecar_error(content);
  CHECK(!chain::error_of(error, "test").message.empty(), "an error has a message");
  for (const auto write : {chain::SidecarWrite::kWeights, chain::SidecarWrite::kAxon}) {
    const auto outcome = chain::outcome_of(error, write, "test");
    CHECK(!outcome || outcome->result != chain::WriteResult::kAccepted,
          "an error is no write that was taken");
  }
}

void read_result(const assay::json::Value& content) {
  static_cast<void>(chain::outcome_of(content));
  static_cast<void>(chain::read_block(content));
  static_cast<void>(chain::read_hyperparameters(content));
  static_cast<void>(chain::read_weights_state(content));
  const auto metagraph = chain::read_metagraph(content);
  if (!metagraph) return;
  for (std::size_t i = 0; i < metagraph->neurons.size(); ++i) {
    CHECK(metagraph->neurons[i].uid == i, "a uid is its place");
  }
}

}  // namespace

FUZZ_TARGET(chain_sidecar) {
  const auto line =
      chain::read_sidecar_line(std::string_view(reinterpret_cast<const char*>(data), size));
  if (!line) return 0;
  switch (line->kind) {
    case chain::SidecarLine::Kind::kReady:
      static_cast<void>(chain::check_greeting(line->content, std::nullopt));
      break;
    case chain::SidecarLine::Kind::kResult:
      read_result(line->content);
      break;
    case chain::SidecarLine::Kind::kFatal:
    case chain::SidecarLine::Kind::kError:
      read_error(line->content);
      break;
  }
  return 0;
}

}  // namespace fuzz_chain_sidecar
