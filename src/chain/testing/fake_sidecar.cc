/// \file
/// A program that speaks as the chain sidecar does, on a local network in place of a real chain,
/// and goes wrong on command:
///
///   assay_chain_fake_sidecar CLOCK_FILE FAULT --network local:PATH [--hotkey FILE]
///
/// CLOCK_FILE holds the time in microseconds; the hotkey's file holds an address. Where a fault
/// happens once, a file beside the clock's says that it has.

#include "chain/local_network.h"
#include "chain/network_address.h"
#include "core/clock.h"
#include "core/parse_number.h"
#include "json/value.h"
#include "json/writer.h"

#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace assay::chain {
namespace {

std::string content_of(const std::filesystem::path& path) {
  std::string line;
  std::getline(std::ifstream(path), line);
  return line;
}

class FileClock final : public Clock {
 public:
  explicit FileClock(std::filesystem::path path) : path_(std::move(path)) {}
  Timestamp now() const override {
    return Timestamp(std::chrono::microseconds(parse_integer(content_of(path_)).value_or(0)));
  }
  std::chrono::nanoseconds monotonic() const override { return system_clock().monotonic(); }

 private:
  std::filesystem::path path_;
};

void say(std::string line) {
  line += '\n';
  std::cout << line << std::flush;
}

struct Request {
  std::int64_t id = 0;
  std::string method;
  json::Value params;
  CallOptions options;

  Netuid netuid() const {
    const auto number = params.require_integer("netuid");
    return Netuid{static_cast<std::uint16_t>(number.value_or(0))};
  }
};

class FakeSidecar {
 public:
  FakeSidecar(std::filesystem::path clock_file, std::string fault, std::string network,
              std::optional<keys::Hotkey> self)
      : clock_file_(std::move(clock_file)),
        fault_(std::move(fault)),
        network_name_(std::move(network)),
        self_(self),
        clock_(clock_file_) {}

  int run() {
    if (fault_ == "mute") return wait_for_the_end();
    if (fault_ == "dies") return 3;
    if (fault_ == "fatal") {
      say(R"({"event": "fatal", "message": "the package bittensor is not installed"})");
      return 1;
    }
    auto network =
        LocalNetwork::open(parse_network_address(network_name_).value().path, self_, clock_);
    if (!network) return 4;
    network_ = std::move(*network);
    greet();
    if (fault_ == "greets_twice") greet();
    std::string line;
    while (std::getline(std::cin, line)) {
      if (const int code = handle(line)) return code;
    }
    return 0;
  }

 private:
  static int wait_for_the_end() {
    std::string line;
    while (std::getline(std::cin, line)) {
    }
    return 0;
  }

  /// Whether it happens now: only the first time, over all lives.
  bool is_first_time() const {
    std::filesystem::path mark = clock_file_;
    mark += "." + fault_;
    if (std::filesystem::exists(mark)) return false;
    std::ofstream(mark) << "done\n";
    return true;
  }

  void greet() const {
    json::Writer writer;
    writer.begin_object().name("event").text("ready");
    writer.name("sdk").text(fault_ == "old_sdk" ? "10.5.0" : "11.3.0");
    writer.name("protocol").integer(fault_ == "other_protocol" ? 2 : 1);
    writer.name("hotkey").text(self_ && fault_ != "other_hotkey" ? self_->to_ss58() : "");
    say(writer.end_object().take());
  }

  int handle(const std::string& line) {
    const json::Value value = json::parse(line).value();
    const json::Value* const params = value.find("params");
    const double seconds = value.require_number("deadline_s").value();
    const Request request{
        .id = value.require_integer("id").value(),
        .method = value.require_text("method").value(),
        .params = *params,
        .options = {.deadline = std::chrono::milliseconds(static_cast<int>(seconds * 1000))}};
    if (fault_ == "stalls_once" && is_first_time()) return wait_for_the_end();
    if (fault_ == "babbles_once" && is_first_time()) say("this is not JSON");
    const std::string answer = answer_to(request);
    if (fault_ == "dies_after_write" && request.method == "set_weights" && is_first_time()) {
      return 5;
    }
    if (fault_ == "one_ahead") {
      // Each answer waits for the next question: they come out of order.
      if (held_.empty()) {
        held_ = answer;
        return 0;
      }
      say(answer);
      say(std::exchange(held_, ""));
      return 0;
    }
    if (fault_ == "answers_strangers") say(R"({"id": 987654, "ok": true, "result": {}, "ms": 1})");
    say(answer);
    return 0;
  }

  std::string answer_to(const Request& request) {
    json::Writer writer;
    writer.begin_object().name("id").integer(request.id);
    const Result<std::string> result = result_of(request);
    writer.name("ok").boolean(result.has_value()).name("ms").integer(1).end_object();
    std::string line = writer.take();
    line.pop_back();
    return line + (result ? ",\"result\":" + *result : ",\"error\":" + error_) + "}";
  }

  void set_error(std::string_view code, std::string_view name, std::string_view message) {
    json::Writer writer;
    writer.begin_object().name("code").text(code).name("name");
    if (name.empty()) {
      writer.null();
    } else {
      writer.text(name);
    }
    writer.name("message").text(message).name("retryable").boolean(false).name("hint").null();
    error_ = writer.end_object().take();
  }

  /// The result as JSON; when there is none, `error_` is set.
  Result<std::string> result_of(const Request& request) {
    using Handler = Result<std::string> (FakeSidecar::*)(const Request&);
    constexpr std::array<std::pair<std::string_view, Handler>, 7> kHandlers = {{
        {"hello", &FakeSidecar::hello},
        {"block", &FakeSidecar::block},
        {"metagraph", &FakeSidecar::metagraph},
        {"hyperparams", &FakeSidecar::hyperparams},
        {"weights_state", &FakeSidecar::weights_state},
        {"set_weights", &FakeSidecar::set_weights},
        {"serve_axon", &FakeSidecar::serve_axon},
    }};
    for (const auto& [name, handler] : kHandlers) {
      if (name != request.method) continue;
      Result<std::string> result = (this->*handler)(request);
      if (!result && result.error().message != kRefused) {
        set_error(result.error().code == ErrorCode::kNotFound ? "not_found" : "connection", "",
                  result.error().message);
      }
      return result;
    }
    set_error("unknown_method", "", request.method);
    return internal(std::string(kRefused));
  }

  Result<std::string> hello(const Request& /*request*/) {
    std::string names;
    for (char** variable = environ; *variable != nullptr; ++variable) {
      const std::string_view text(*variable);
      names += std::string(text.substr(0, text.find('='))) + " ";
    }
    json::Writer writer;
    writer.begin_object().name("sdk").text("11.3.0").name("spec_version").integer(459);
    writer.name("hotkey").text(self_ ? self_->to_ss58() : "");
    return writer.name("endpoint").text(names).end_object().take();
  }

  Result<std::string> block(const Request& request) {
    ASSIGN_OR_RETURN(const BlockNumber block, network_->current_block(request.options));
    json::Writer writer;
    return writer.begin_object().name("block").unsigned_integer(block).end_object().take();
  }

  Result<std::string> metagraph(const Request& request) {
    ASSIGN_OR_RETURN(const Metagraph metagraph,
                     network_->metagraph(request.netuid(), request.options));
    json::Writer writer;
    writer.begin_object().name("netuid").integer(std::to_underlying(metagraph.netuid));
    writer.name("block").unsigned_integer(metagraph.block);
    writer.name("tempo").unsigned_integer(metagraph.tempo);
    writer.name("blocks_since_last_step").unsigned_integer(metagraph.blocks_since_last_step);
    writer.name("max_n").unsigned_integer(metagraph.max_neurons);
    writer.name("owner_hotkey").null().name("columns").begin_list();
    for (const auto* column :
         {"axon", "uid", "hotkey", "coldkey", "active", "validator_permit", "last_update",
          "block_at_registration", "rank", "incentive", "emission_rao", "total_stake_rao"}) {
      writer.text(column);
    }
    writer.end_list().name("neurons").begin_list();
    for (const Neuron& neuron : metagraph.neurons) {
      writer.begin_list();
      if (neuron.axon) {
        writer.text(neuron.axon->ip + ":" + std::to_string(neuron.axon->port));
      } else {
        writer.null();
      }
      writer.integer(neuron.uid).text(neuron.hotkey.to_ss58()).text(neuron.coldkey);
      writer.boolean(neuron.is_active).boolean(neuron.has_validator_permit);
      writer.unsigned_integer(neuron.last_update).unsigned_integer(neuron.registered_at);
      writer.number(neuron.pay.rank.value_or(0)).number(neuron.pay.incentive.value_or(0));
      writer.unsigned_integer(neuron.pay.emission_rao.value_or(0));
      writer.unsigned_integer(neuron.total_stake_rao).end_list();
    }
    return writer.end_list().end_object().take();
  }

  Result<std::string> hyperparams(const Request& request) {
    ASSIGN_OR_RETURN(const Hyperparameters rules,
                     network_->hyperparameters(request.netuid(), request.options));
    json::Writer writer;
    writer.begin_object().name("block").integer(1).name("values").begin_object();
    writer.name("Tempo").unsigned_integer(rules.tempo);
    writer.name("MinAllowedWeights").integer(rules.min_allowed_weights);
    writer.name("MaxWeightsLimit").integer(rules.max_weight_limit);
    writer.name("WeightsVersionKey").unsigned_integer(rules.weights_version_key);
    writer.name("WeightsSetRateLimit").unsigned_integer(rules.weights_rate_limit);
    writer.name("ActivityCutoff").unsigned_integer(rules.activity_cutoff);
    writer.name("CommitRevealWeightsEnabled").boolean(rules.has_commit_reveal);
    writer.name("RevealPeriodEpochs").unsigned_integer(rules.reveal_period_epochs);
    writer.name("ServingRateLimit").unsigned_integer(rules.serving_rate_limit);
    writer.name("ImmunityPeriod").unsigned_integer(rules.immunity_period);
    return writer.end_object().end_object().take();
  }

  Result<std::string> weights_state(const Request& request) {
    ASSIGN_OR_RETURN(const WeightsState state,
                     network_->weights_state(request.netuid(), request.options));
    json::Writer writer;
    writer.begin_object().name("block").unsigned_integer(state.block).name("uid");
    if (state.uid) {
      writer.integer(*state.uid);
    } else {
      writer.null();
    }
    writer.name("last_update").unsigned_integer(state.last_update).name("weights").begin_list();
    for (const WeightEntry& entry : state.weights) {
      writer.begin_list().integer(entry.uid).integer(entry.weight).end_list();
    }
    return writer.end_list().end_object().take();
  }

  Result<std::string> set_weights(const Request& request) {
    std::vector<WeightEntry> weights;
    const json::Value* const pairs = request.params.find("weights");
    if (pairs == nullptr || pairs->list() == nullptr) return internal("no weights");
    for (const json::Value& pair : *pairs->list()) {
      const json::Value::List* const cells = pair.list();
      if (cells == nullptr || cells->size() != 2) return internal("no pair");
      weights.push_back({.uid = static_cast<Uid>((*cells)[0].integer().value_or(0)),
                         .weight = static_cast<std::uint16_t>((*cells)[1].number().value_or(0))});
    }
    const auto version_key =
        static_cast<std::uint64_t>(request.params.require_integer("version_key").value());
    ASSIGN_OR_RETURN(const WriteOutcome outcome, network_->set_weights({.netuid = request.netuid(),
                                                                        .weights = weights,
                                                                        .version_key = version_key},
                                                                       request.options));
    return written(outcome);
  }

  Result<std::string> serve_axon(const Request& request) {
    const Axon axon{
        .ip = request.params.require_text("ip").value(),
        .port = static_cast<std::uint16_t>(request.params.require_integer("port").value())};
    ASSIGN_OR_RETURN(const WriteOutcome outcome,
                     network_->serve_axon(request.netuid(), axon, request.options));
    return written(outcome);
  }

  Result<std::string> written(const WriteOutcome& outcome) {
    if (outcome.result == WriteResult::kAccepted) {
      json::Writer writer;
      return writer.begin_object()
          .name("block")
          .unsigned_integer(outcome.block)
          .end_object()
          .take();
    }
    // As the SDK has it: its own check of the rate limit knows no name.
    const bool is_early = outcome.result == WriteResult::kRateLimited;
    set_error(is_early ? "rate_limited" : "not_authorized", is_early ? "" : outcome.error_name,
              outcome.message);
    return internal(std::string(kRefused));
  }

  static constexpr std::string_view kRefused = "refused";

  std::filesystem::path clock_file_;
  std::string fault_;
  std::string network_name_;
  std::optional<keys::Hotkey> self_;
  FileClock clock_;
  std::unique_ptr<LocalNetwork> network_;
  std::string error_;
  std::string held_;
};

}  // namespace
}  // namespace assay::chain

int main(int argc, char** argv) {
  try {
    const std::vector<std::string> arguments(argv, argv + argc);
    if (arguments.size() < 5 || arguments[3] != "--network") return 2;
    std::optional<assay::keys::Hotkey> self;
    if (arguments.size() == 7) {
      const auto parsed = assay::keys::Hotkey::parse(assay::chain::content_of(arguments[6]));
      if (!parsed) return 2;
      self = *parsed;
    }
    return assay::chain::FakeSidecar(arguments[1], arguments[2], arguments[4], self).run();
  } catch (...) {
    return 6;
  }
}
