#include "core/suggest.h"
#include "history/analyze.h"

#include <fmt/format.h>

#include <array>

namespace assay::history {
namespace {

constexpr std::string_view kConfigPrefix = "config.";

}  // namespace

Result<GroupKey> GroupKey::parse(std::string_view text) {
  if (text == "miner_version") return GroupKey{.kind = Kind::kMinerVersion, .config_key = {}};
  if (text == "validator") return GroupKey{.kind = Kind::kValidator, .config_key = {}};
  if (text == "task_type") return GroupKey{.kind = Kind::kTaskType, .config_key = {}};
  if (text.starts_with(kConfigPrefix) && text.size() > kConfigPrefix.size()) {
    return GroupKey{.kind = Kind::kConfig,
                    .config_key = std::string(text.substr(kConfigPrefix.size()))};
  }
  constexpr std::array<std::string_view, 4> kKnown = {"miner_version", "validator", "task_type",
                                                      "config.KEY"};
  return invalid_input(
      fmt::format("'{}' is no group: expected miner_version, validator, task_type or config.KEY{}",
                  text, suggestion(text, kKnown)));
}

std::string GroupKey::text() const {
  switch (kind) {
    case Kind::kMinerVersion:
      return "miner_version";
    case Kind::kValidator:
      return "validator";
    case Kind::kTaskType:
      return "task_type";
    case Kind::kConfig:
      return std::string(kConfigPrefix) + config_key;
  }
  return {};
}

}  // namespace assay::history
