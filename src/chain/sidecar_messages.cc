#include "chain/chain_rules.h"
#include "chain/sidecar_messages_internal.h"
#include "core/parse_number.h"
#include "core/shown_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <functional>
#include <utility>
#include <vector>

namespace assay::chain {
namespace {

constexpr std::string_view kSdkMajor = "11.";
/// The chain has no larger network; more rows are no metagraph.
constexpr std::size_t kMaxRows = 65'536;

Error bad_field(std::string_view name) {
  return corrupt(fmt::format("the chain sidecar answered without a usable '{}'", name));
}

template <typename Number>
Result<Number> number_in(const json::Value* value, std::string_view name) {
  const auto integer = value == nullptr ? std::nullopt : value->integer();
  if (!integer || !std::in_range<Number>(*integer)) return bad_field(name);
  return static_cast<Number>(*integer);
}

Result<bool> truth_in(const json::Value* value, std::string_view name) {
  const auto boolean = value == nullptr ? std::nullopt : value->boolean();
  if (!boolean) return bad_field(name);
  return *boolean;
}

Result<std::string> text_in(const json::Value* value, std::string_view name) {
  const std::string* const text = value == nullptr ? nullptr : value->text();
  if (text == nullptr) return bad_field(name);
  return *text;
}

Result<keys::Hotkey> hotkey_in(const json::Value* value, std::string_view name) {
  ASSIGN_OR_RETURN(const std::string text, text_in(value, name));
  const auto hotkey = keys::Hotkey::parse(text);
  if (!hotkey) return bad_field(name);
  return *hotkey;
}

std::string text_or_nothing(const json::Value& object, std::string_view name) {
  const json::Value* const value = object.find(name);
  const std::string* const text = value == nullptr ? nullptr : value->text();
  return text == nullptr ? "" : *text;
}

Result<std::reference_wrapper<const json::Value::List>> list_in(const json::Value* value,
                                                                std::string_view name) {
  const json::Value::List* const list = value == nullptr ? nullptr : value->list();
  if (list == nullptr) return bad_field(name);
  return std::cref(*list);
}

/// `1.2.3.4:8091` or `[2001:db8::1]:8091`, also without the brackets.
Result<std::optional<Axon>> axon_in(const json::Value* value) {
  if (value == nullptr || value->is_null()) return std::optional<Axon>();
  ASSIGN_OR_RETURN(const std::string text, text_in(value, "axon"));
  const std::size_t colon = text.rfind(':');
  if (colon == std::string::npos) return bad_field("axon");
  std::string_view host = std::string_view(text).substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  const auto ip = canonical_ip(host);
  const auto port = parse_integer(std::string_view(text).substr(colon + 1));
  if (!ip || !port || !std::in_range<std::uint16_t>(*port)) return bad_field("axon");
  return std::optional(Axon{.ip = *ip, .port = static_cast<std::uint16_t>(*port)});
}

/// The rows of a table whose columns are named: their order is the sidecar's.
class Row {
 public:
  Row(const std::vector<std::string>& columns, const json::Value::List& cells)
      : columns_(columns), cells_(cells) {}
  const json::Value* operator[](std::string_view name) const {
    const auto found = std::ranges::find(columns_, name);
    if (found == columns_.end()) return nullptr;
    return &cells_[static_cast<std::size_t>(found - columns_.begin())];
  }

 private:
  const std::vector<std::string>& columns_;
  const json::Value::List& cells_;
};

/// Nothing when it is absent or null: not every SDK tells it.
Result<std::optional<double>> share_in(const json::Value* value, std::string_view name) {
  if (value == nullptr || value->is_null()) return std::optional<double>();
  const auto share = value->number();
  if (!share || !(*share >= 0) || *share > 1) return bad_field(name);
  return share;
}

Result<Pay> read_pay(const Row& row) {
  Pay pay;
  ASSIGN_OR_RETURN(pay.rank, share_in(row["rank"], "rank"));
  ASSIGN_OR_RETURN(pay.incentive, share_in(row["incentive"], "incentive"));
  if (const json::Value* const emission = row["emission_rao"]; emission && !emission->is_null()) {
    ASSIGN_OR_RETURN(pay.emission_rao, number_in<std::uint64_t>(emission, "emission_rao"));
  }
  return pay;
}

Result<Neuron> read_neuron(const Row& row) {
  ASSIGN_OR_RETURN(const Uid uid, number_in<Uid>(row["uid"], "uid"));
  ASSIGN_OR_RETURN(const keys::Hotkey hotkey, hotkey_in(row["hotkey"], "hotkey"));
  ASSIGN_OR_RETURN(std::string coldkey, text_in(row["coldkey"], "coldkey"));
  ASSIGN_OR_RETURN(auto axon, axon_in(row["axon"]));
  ASSIGN_OR_RETURN(const auto stake,
                   number_in<std::uint64_t>(row["total_stake_rao"], "total_stake_rao"));
  ASSIGN_OR_RETURN(const bool permit, truth_in(row["validator_permit"], "validator_permit"));
  ASSIGN_OR_RETURN(const bool active, truth_in(row["active"], "active"));
  ASSIGN_OR_RETURN(const auto update, number_in<BlockNumber>(row["last_update"], "last_update"));
  ASSIGN_OR_RETURN(const auto registered,
                   number_in<BlockNumber>(row["block_at_registration"], "block_at_registration"));
  ASSIGN_OR_RETURN(const Pay pay, read_pay(row));
  return Neuron{.uid = uid,
                .hotkey = hotkey,
                .coldkey = std::move(coldkey),
                .axon = std::move(axon),
                .total_stake_rao = stake,
                .has_validator_permit = permit,
                .is_active = active,
                .last_update = update,
                .registered_at = registered,
                .pay = pay};
}

Result<std::vector<Neuron>> read_neurons(const json::Value& result) {
  ASSIGN_OR_RETURN(const json::Value::List& names, list_in(result.find("columns"), "columns"));
  ASSIGN_OR_RETURN(const json::Value::List& rows, list_in(result.find("neurons"), "neurons"));
  std::vector<std::string> columns;
  for (const json::Value& name : names) {
    ASSIGN_OR_RETURN(columns.emplace_back(), text_in(&name, "columns"));
  }
  if (rows.size() > kMaxRows) return bad_field("neurons");
  std::vector<Neuron> neurons;
  for (const json::Value& row : rows) {
    ASSIGN_OR_RETURN(const json::Value::List& cells, list_in(&row, "neurons"));
    if (cells.size() != columns.size()) return bad_field("neurons");
    ASSIGN_OR_RETURN(Neuron neuron, read_neuron(Row(columns, cells)));
    if (neuron.uid != neurons.size()) return bad_field("uid");
    neurons.push_back(std::move(neuron));
  }
  return neurons;
}

}  // namespace

Result<SidecarLine> read_sidecar_line(std::string_view line) {
  auto parsed = json::parse(line);
  if (!parsed) return corrupt("the chain sidecar wrote a line that is no JSON");
  if (const json::Value* const event = parsed->find("event")) {
    const std::string* const name = event->text();
    if (name != nullptr && *name == "ready") {
      return SidecarLine{.kind = SidecarLine::Kind::kReady, .content = std::move(*parsed)};
    }
    if (name != nullptr && *name == "fatal") {
      return SidecarLine{.kind = SidecarLine::Kind::kFatal, .content = std::move(*parsed)};
    }
    return bad_field("event");
  }
  ASSIGN_OR_RETURN(const auto id, number_in<std::int64_t>(parsed->find("id"), "id"));
  ASSIGN_OR_RETURN(const bool is_ok, truth_in(parsed->find("ok"), "ok"));
  const json::Value* const content = parsed->find(is_ok ? "result" : "error");
  if (content == nullptr || content->object() == nullptr) {
    return bad_field(is_ok ? "result" : "error");
  }
  return SidecarLine{.kind = is_ok ? SidecarLine::Kind::kResult : SidecarLine::Kind::kError,
                     .id = id,
                     .content = *content};
}

Status check_greeting(const json::Value& ready, const std::optional<keys::Hotkey>& self) {
  const auto protocol = number_in<std::int64_t>(ready.find("protocol"), "protocol");
  if (!protocol || *protocol != kSidecarProtocol) {
    return missing(
        fmt::format("the chain sidecar speaks another protocol than {}; install the one that came "
                    "with this program",
                    kSidecarProtocol));
  }
  const std::string sdk = text_or_nothing(ready, "sdk");
  if (!sdk.starts_with(kSdkMajor)) {
    return missing(fmt::format(
        "the chain sidecar has version {} of the package bittensor; one of version 11 is required",
        shown_text(sdk)));
  }
  const std::string hotkey = text_or_nothing(ready, "hotkey");
  if (hotkey != (self ? self->to_ss58() : "")) {
    return missing(fmt::format("the chain sidecar signs for {}, and not for the hotkey asked for",
                               hotkey.empty() ? "nobody" : shown_text(hotkey)));
  }
  return {};
}

SidecarError read_sidecar_error(const json::Value& error) {
  return {.code = text_or_nothing(error, "code"),
          .name = text_or_nothing(error, "name"),
          .message = text_or_nothing(error, "message"),
          .hint = text_or_nothing(error, "hint")};
}

Error error_of(const SidecarError& error, std::string_view chain) {
  std::string message = fmt::format("{}: {}: {}", chain, error.code, shown_text(error.message));
  if (!error.hint.empty()) message += "; " + shown_text(error.hint);
  if (error.code == "not_found" ||
      (error.code == "bad_params" && error.message.contains("does not exist"))) {
    return not_found(std::move(message));
  }
  if (error.code == "timeout" || error.code == "outcome_unknown") {
    return timed_out(std::move(message));
  }
  if (error.code == "connection" || error.code == "rate_limited") {
    return unavailable(std::move(message));
  }
  if (error.code == "wallet") return missing(std::move(message));
  if (error.code == "runtime_mismatch") {
    return missing(std::move(message) +
                   "; the chain's runtime and the installed SDK do not fit: install a newer SDK");
  }
  return corrupt(std::move(message));
}

Result<WriteOutcome> outcome_of(const SidecarError& error, SidecarWrite write,
                                std::string_view chain) {
  // What the sidecar, and not the chain, has to say: nothing was sent.
  constexpr auto kOwnCodes =
      std::to_array<std::string_view>({"bad_params", "connection", "not_found", "not_sent",
                                       "runtime_mismatch", "timeout", "unknown_method", "wallet"});
  if (error.name.empty() && std::ranges::find(kOwnCodes, error.code) != kOwnCodes.end()) {
    return error_of(error, chain);
  }
  WriteOutcome outcome{.result = WriteResult::kRefused,
                       .error_name = error.name,
                       .message = shown_text(error.message)};
  const bool is_weights = write == SidecarWrite::kWeights;
  if (error.code == "rate_limited") {
    outcome.result = WriteResult::kRateLimited;
    if (outcome.error_name.empty()) {
      outcome.error_name = is_weights ? "SettingWeightsTooFast" : "ServingRateLimitExceeded";
    }
  } else if (error.name.empty() && error.code == "not_registered") {
    outcome.error_name =
        is_weights ? "HotKeyNotRegisteredInSubNet" : "HotKeyNotRegisteredInNetwork";
  } else if (error.name.empty() && (error.code == "outcome_unknown" || error.code == "internal" ||
                                    error.code == "bittensor" || error.code.empty())) {
    // Where it is not clear whether anything was sent, the chain is asked.
    outcome.result = WriteResult::kOutcomeUnknown;
  } else if (error.name.empty()) {
    outcome.error_name = error.code;
  }
  return outcome;
}

WriteOutcome outcome_of(const json::Value& result) {
  return {.block = number_in<BlockNumber>(result.find("block"), "block").value_or(0)};
}

Result<BlockNumber> read_block(const json::Value& result) {
  return number_in<BlockNumber>(result.find("block"), "block");
}

Result<Metagraph> read_metagraph(const json::Value& result) {
  Metagraph metagraph;
  ASSIGN_OR_RETURN(const auto netuid, number_in<std::uint16_t>(result.find("netuid"), "netuid"));
  metagraph.netuid = Netuid{netuid};
  ASSIGN_OR_RETURN(metagraph.block, read_block(result));
  ASSIGN_OR_RETURN(metagraph.tempo, number_in<BlockCount>(result.find("tempo"), "tempo"));
  ASSIGN_OR_RETURN(
      metagraph.blocks_since_last_step,
      number_in<BlockCount>(result.find("blocks_since_last_step"), "blocks_since_last_step"));
  ASSIGN_OR_RETURN(metagraph.max_neurons, number_in<std::uint32_t>(result.find("max_n"), "max_n"));
  const json::Value* const owner = result.find("owner_hotkey");
  if (owner != nullptr && !owner->is_null()) {
    ASSIGN_OR_RETURN(metagraph.owner, hotkey_in(owner, "owner_hotkey"));
  }
  ASSIGN_OR_RETURN(metagraph.neurons, read_neurons(result));
  return metagraph;
}

Result<Hyperparameters> read_hyperparameters(const json::Value& result) {
  const json::Value* const values = result.find("values");
  if (values == nullptr || values->object() == nullptr) return bad_field("values");
  const auto count = [&](std::string_view name) {
    return number_in<BlockCount>(values->find(name), name);
  };
  const auto small = [&](std::string_view name) {
    return number_in<std::uint16_t>(values->find(name), name);
  };
  Hyperparameters rules;
  ASSIGN_OR_RETURN(rules.tempo, count("Tempo"));
  ASSIGN_OR_RETURN(rules.min_allowed_weights, small("MinAllowedWeights"));
  ASSIGN_OR_RETURN(rules.max_weight_limit, small("MaxWeightsLimit"));
  ASSIGN_OR_RETURN(rules.weights_version_key, count("WeightsVersionKey"));
  ASSIGN_OR_RETURN(rules.weights_rate_limit, count("WeightsSetRateLimit"));
  ASSIGN_OR_RETURN(rules.activity_cutoff, count("ActivityCutoff"));
  ASSIGN_OR_RETURN(rules.serving_rate_limit, count("ServingRateLimit"));
  ASSIGN_OR_RETURN(rules.immunity_period, count("ImmunityPeriod"));
  ASSIGN_OR_RETURN(rules.has_commit_reveal, truth_in(values->find("CommitRevealWeightsEnabled"),
                                                     "CommitRevealWeightsEnabled"));
  ASSIGN_OR_RETURN(rules.reveal_period_epochs, count("RevealPeriodEpochs"));
  return rules;
}

Result<WeightsState> read_weights_state(const json::Value& result) {
  WeightsState state;
  ASSIGN_OR_RETURN(state.block, read_block(result));
  const json::Value* const uid = result.find("uid");
  if (uid == nullptr) return bad_field("uid");
  if (uid->is_null()) return state;
  ASSIGN_OR_RETURN(state.uid, number_in<Uid>(uid, "uid"));
  ASSIGN_OR_RETURN(state.last_update,
                   number_in<BlockNumber>(result.find("last_update"), "last_update"));
  ASSIGN_OR_RETURN(const json::Value::List& weights, list_in(result.find("weights"), "weights"));
  for (const json::Value& weight : weights) {
    ASSIGN_OR_RETURN(const json::Value::List& pair, list_in(&weight, "weights"));
    if (pair.size() != 2) return bad_field("weights");
    WeightEntry entry;
    ASSIGN_OR_RETURN(entry.uid, number_in<Uid>(&pair.front(), "weights"));
    ASSIGN_OR_RETURN(entry.weight, number_in<std::uint16_t>(&pair.back(), "weights"));
    state.weights.push_back(entry);
  }
  return state;
}

}  // namespace assay::chain
