#include "chain/sidecar_messages_internal.h"

#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <string>
#include <string_view>

namespace assay::chain {
namespace {

constexpr std::string_view kAlice = "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY";

json::Value value_of(std::string_view text) {
  auto value = json::parse(text);
  EXPECT_TRUE(value) << text;
  return value.value_or(json::Value());
}

TEST(SidecarLines, AreEventsResultsOrErrors) {
  const auto result =
      read_sidecar_line(R"({"id": 7, "ok": true, "result": {"block": 5}, "ms": 1})");
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(result->kind, SidecarLine::Kind::kResult);
  EXPECT_EQ(result->id, 7);
  EXPECT_EQ(read_block(result->content).value(), 5U);
  const auto error = read_sidecar_line(R"({"id": 8, "ok": false, "error": {"code": "timeout"}})");
  EXPECT_EQ(error.value().kind, SidecarLine::Kind::kError);
  EXPECT_EQ(read_sidecar_line(R"({"event": "ready"})").value().kind, SidecarLine::Kind::kReady);
  EXPECT_EQ(read_sidecar_line(R"({"event": "fatal"})").value().kind, SidecarLine::Kind::kFatal);
}

TEST(SidecarLines, OfAnotherFormAreCorrupt) {
  for (const std::string_view line :
       {"", "x", "[]", "7", "{}", R"({"event": "party"})", R"({"event": 1})", R"({"id": 1})",
        R"({"id": 1, "ok": true})", R"({"id": 1, "ok": true, "result": 5})",
        R"({"id": 1, "ok": false, "result": {}})", R"({"id": "1", "ok": true, "result": {}})",
        R"({"id": 1, "ok": 1, "result": {}})", "Traceback (most recent call last):"}) {
    const auto read = read_sidecar_line(line);
    ASSERT_FALSE(read) << line;
    EXPECT_EQ(read.error().code, ErrorCode::kCorrupt) << line;
  }
}

TEST(SidecarGreeting, MustFitInProtocolSdkAndHotkey) {
  const auto self = keys::Hotkey::parse(kAlice).value();
  const auto greeting = [](std::string_view sdk, int protocol, std::string_view hotkey) {
    return value_of(std::string(R"({"event": "ready", "sdk": ")")
                        .append(sdk)
                        .append(R"(", "protocol": )" + std::to_string(protocol))
                        .append(R"(, "hotkey": ")")
                        .append(hotkey)
                        .append("\"}"));
  };
  EXPECT_TRUE(check_greeting(greeting("11.3.0", 1, kAlice), self));
  EXPECT_TRUE(check_greeting(greeting("11.0.0rc1", 1, ""), std::nullopt));
  for (const auto& bad :
       {greeting("11.3.0", 2, kAlice), greeting("10.5.0", 1, kAlice), greeting("110.0", 1, kAlice),
        greeting("11.3.0", 1, ""), value_of(R"({"event": "ready"})")}) {
    const auto checked = check_greeting(bad, self);
    ASSERT_FALSE(checked);
    EXPECT_EQ(checked.error().code, ErrorCode::kMissing);
  }
  EXPECT_FALSE(check_greeting(greeting("11.3.0", 1, kAlice), std::nullopt));
}

TEST(SidecarTranscript, IsUnderstoodLineByLine) {
  std::ifstream file(ASSAY_TEST_DATA "/chain/sidecar_transcript.jsonl");
  std::map<std::string, std::map<std::string, int>> counts;  // by method, then by what was said
  std::string line;
  while (std::getline(file, line)) {
    const json::Value request = value_of(line);
    const auto at = line.find("\"out\": ");
    ASSERT_NE(at, std::string::npos);
    const auto answer =
        read_sidecar_line(std::string_view(line).substr(at + 7, line.size() - at - 8));
    ASSERT_TRUE(answer) << answer.error().message << line;
    const std::string method = request.find("in")->require_text("method").value();
    EXPECT_EQ(answer->id, request.find("in")->require_integer("id").value());
    std::string said = "ok";
    if (answer->kind == SidecarLine::Kind::kError) {
      said = to_string(error_of(read_sidecar_error(answer->content), "test").code);
    } else if (method == "block") {
      said = std::to_string(read_block(answer->content).value());
    } else if (method == "metagraph") {
      said = std::to_string(read_metagraph(answer->content).value().neurons.size());
    } else if (method == "hyperparams") {
      said = std::to_string(read_hyperparameters(answer->content).value().tempo);
    } else if (method == "weights_state") {
      said = std::to_string(read_weights_state(answer->content).value().last_update);
    }
    ++counts[method][said];
  }
  using Counts = std::map<std::string, int>;
  EXPECT_EQ(counts["block"], (Counts{{"147", 5}, {"timeout", 2}, {"unavailable", 1}}));
  EXPECT_EQ(counts["metagraph"], (Counts{{"3", 1}, {"not_found", 1}, {"corrupt", 1}}));
  EXPECT_EQ(counts["hyperparams"], (Counts{{"100", 1}}));
  EXPECT_EQ(counts["weights_state"], (Counts{{"146", 1}}));
  EXPECT_EQ(counts["set_weights"], (Counts{{"missing", 2}}));
  EXPECT_EQ(counts["nope"], (Counts{{"corrupt", 1}}));
}

// The answers below are those of a sidecar on a development chain.

TEST(SidecarAnswers, GiveAMetagraph) {
  const auto metagraph = read_metagraph(value_of(R"({"netuid": 1, "block": 147, "tempo": 100,
    "blocks_since_last_step": 49, "n": 3, "max_n": 256,
    "owner_hotkey": "5C4hrfjw9DjXZTzV3MwzrrAr9P1MJhSrvWGWqi1eSuyUpnhM",
    "columns": ["uid", "hotkey", "coldkey", "axon", "active", "validator_permit", "last_update",
      "block_at_registration", "incentive", "dividends", "consensus", "alpha_stake_rao",
      "tao_stake_rao", "total_stake_rao", "emission_rao"],
    "neurons": [
      [0, "5C4hrfjw9DjXZTzV3MwzrrAr9P1MJhSrvWGWqi1eSuyUpnhM",
       "5C4hrfjw9DjXZTzV3MwzrrAr9P1MJhSrvWGWqi1eSuyUpnhM", null, true, true, 0, 0, 0.0, 0.0, 0.0,
       1000000000, 0, 1000000000, 0],
      [1, "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY",
       "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY", "8.8.4.4:8092", true, true, 146, 15,
       0.25, 0.0, 0.0, 0, 0, 0, 1500000000],
      [2, "5FHneW46xGXgs5mUiveU4sbTyGBzmstUspZC92UhjJM694ty",
       "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY", "8.8.8.8:8091", false, false, 16, 16,
       0.0, 0.0, 0.0, 0, 0, 0, 0]]})"));
  ASSERT_TRUE(metagraph) << metagraph.error().message;
  EXPECT_EQ(metagraph->netuid, Netuid{1});
  EXPECT_EQ(metagraph->block, 147U);
  EXPECT_EQ(metagraph->tempo, 100U);
  EXPECT_EQ(metagraph->blocks_since_last_step, 49U);
  ASSERT_EQ(metagraph->neurons.size(), 3U);
  EXPECT_EQ(metagraph->owner, metagraph->neurons[0].hotkey);
  EXPECT_EQ(metagraph->neurons[0].stake_tao(), 1.0);
  EXPECT_EQ(metagraph->neurons[0].axon, std::nullopt);
  const Neuron& alice = metagraph->neurons[1];
  EXPECT_EQ(alice.hotkey.to_ss58(), kAlice);
  EXPECT_EQ(alice.axon->ip, "8.8.4.4");
  EXPECT_EQ(alice.axon->port, 8092);
  EXPECT_EQ(alice.last_update, 146U);
  EXPECT_EQ(alice.registered_at, 15U);
  // A sidecar without the column of ranks.
  EXPECT_EQ(alice.pay, (Pay{.incentive = 0.25, .emission_rao = 1'500'000'000}));
  EXPECT_EQ(metagraph->neurons[0].pay, (Pay{.incentive = 0, .emission_rao = 0}));
  EXPECT_FALSE(metagraph->neurons[2].is_active);
  EXPECT_FALSE(metagraph->neurons[2].has_validator_permit);
}

TEST(SidecarAnswers, TellPayThatIsNullOrWrong) {
  const auto pay_of = [](const std::string& rank, const std::string& emission) {
    return read_metagraph(value_of(R"({"netuid": 1, "block": 9, "tempo": 100,
      "blocks_since_last_step": 4, "max_n": 256, "owner_hotkey": null,
      "columns": ["uid", "hotkey", "coldkey", "axon", "active", "validator_permit", "last_update",
        "block_at_registration", "total_stake_rao", "rank", "emission_rao"],
      "neurons": [[0, "5C4hrfjw9DjXZTzV3MwzrrAr9P1MJhSrvWGWqi1eSuyUpnhM",
        "5C4hrfjw9DjXZTzV3MwzrrAr9P1MJhSrvWGWqi1eSuyUpnhM", null, true, true, 0, 0, 0, )" +
                                   rank + ", " + emission + "]]}"));
  };
  EXPECT_EQ(pay_of("null", "null")->neurons.at(0).pay, Pay());
  EXPECT_EQ(pay_of("1", "7")->neurons.at(0).pay, (Pay{.rank = 1, .emission_rao = 7}));
  for (const auto& [rank, emission] :
       {std::pair("1.5", "7"), std::pair("-0.1", "7"), std::pair("\"x\"", "7"),
        std::pair("0", "-1"), std::pair("0", "0.5")}) {
    EXPECT_EQ(pay_of(rank, emission).error().code, ErrorCode::kCorrupt) << rank << emission;
  }
}

TEST(SidecarAnswers, GiveRulesAndWeights) {
  const auto rules = read_hyperparameters(value_of(R"({"block": 147, "values": {"Tempo": 100,
    "MinAllowedWeights": 0, "MaxWeightsLimit": 65535, "WeightsVersionKey": 0,
    "WeightsSetRateLimit": 100, "ActivityCutoff": 5000, "CommitRevealWeightsEnabled": false,
    "RevealPeriodEpochs": 1, "ServingRateLimit": 50, "ImmunityPeriod": 4096}})"));
  ASSERT_TRUE(rules) << rules.error().message;
  const Hyperparameters expected{.tempo = 100, .min_allowed_weights = 0};
  EXPECT_EQ(*rules, expected);

  const auto state = read_weights_state(value_of(
      R"({"uid": 1, "last_update": 146, "weights": [[1, 65535], [2, 32768]], "block": 147})"));
  ASSERT_TRUE(state) << state.error().message;
  EXPECT_EQ(state->uid, Uid{1});
  EXPECT_EQ(state->last_update, 146U);
  const std::vector<WeightEntry> weights = {{1, 65'535}, {2, 32'768}};
  EXPECT_EQ(state->weights, weights);
  EXPECT_EQ(read_weights_state(value_of(R"({"uid": null, "block": 9})")).value().uid, std::nullopt);
}

TEST(SidecarAnswers, WithAFieldThatIsMissingOrWrongAreCorruptAndNameIt) {
  const std::string good = R"({"netuid": 1, "block": 1, "tempo": 1, "blocks_since_last_step": 0,
    "max_n": 4, "owner_hotkey": null, "columns": ["uid", "hotkey", "coldkey", "axon", "active",
    "validator_permit", "last_update", "block_at_registration", "total_stake_rao"], "neurons": [[0,
    "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY", "c", "10.0.0.1:1", true, true, 0, 0, 0]]})";
  ASSERT_TRUE(read_metagraph(value_of(good)));
  const auto broken = [&](std::string_view from, std::string_view to) {
    std::string text = good;
    const auto at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    text.replace(at, from.size(), to);
    const auto read = read_metagraph(value_of(text));
    EXPECT_FALSE(read) << to;
    if (read) return std::string();
    EXPECT_EQ(read.error().code, ErrorCode::kCorrupt);
    return read.error().message;
  };
  EXPECT_TRUE(broken("\"block\": 1", "\"block\": -1").contains("'block'"));
  EXPECT_TRUE(broken("\"tempo\": 1", "\"tempo\": \"1\"").contains("'tempo'"));
  EXPECT_TRUE(broken("[[0,", "[[1,").contains("'uid'"));
  EXPECT_TRUE(broken("[[0,", "[[70000,").contains("'uid'"));
  EXPECT_TRUE(broken("5Grwva", "5Grwvb").contains("'hotkey'"));
  EXPECT_TRUE(broken("10.0.0.1:1", "10.0.0.1").contains("'axon'"));
  EXPECT_TRUE(broken("10.0.0.1:1", "host:1").contains("'axon'"));
  EXPECT_TRUE(broken("10.0.0.1:1", "10.0.0.1:65536").contains("'axon'"));
  EXPECT_TRUE(broken("10.0.0.1:1", "10.0.0.1:").contains("'axon'"));
  EXPECT_TRUE(broken("10.0.0.1:1", "10.0.0.1:x").contains("'axon'"));
  EXPECT_TRUE(broken("true, true", "1, true").contains("'active'"));
  EXPECT_TRUE(broken("0, 0, 0]]", "0, 0]]").contains("'neurons'"));
  EXPECT_TRUE(broken("\"total_stake_rao\"]", "\"stake\"]").contains("'total_stake_rao'"));
  EXPECT_TRUE(broken("\"columns\"", "\"colums\"").contains("'columns'"));
}

TEST(SidecarErrors, SayWhatACallerCanDo) {
  const auto code_of = [](std::string_view error) {
    return error_of(read_sidecar_error(value_of(error)), "finney").code;
  };
  EXPECT_EQ(code_of(R"({"code": "bad_params", "name": null,
                        "message": "KeyError: 'subnet 77 does not exist'"})"),
            ErrorCode::kNotFound);
  EXPECT_EQ(code_of(R"({"code": "bad_params", "message": "KeyError: 'netuid'"})"),
            ErrorCode::kCorrupt);
  EXPECT_EQ(code_of(R"({"code": "timeout", "message": "TimeoutError: "})"), ErrorCode::kTimeout);
  EXPECT_EQ(code_of(R"({"code": "connection", "message": "refused"})"), ErrorCode::kUnavailable);
  EXPECT_EQ(code_of(R"({"code": "runtime_mismatch", "message": "StorageFunctionNotFound"})"),
            ErrorCode::kMissing);
  EXPECT_EQ(code_of(R"({"code": "unknown_method", "message": "nope"})"), ErrorCode::kCorrupt);
  EXPECT_EQ(code_of("{}"), ErrorCode::kCorrupt);
  const Error hinted = error_of({.code = "wallet", .message = "a\nb", .hint = "do this"}, "test");
  EXPECT_EQ(hinted.code, ErrorCode::kMissing);
  EXPECT_FALSE(hinted.message.contains('\n'));
  EXPECT_TRUE(hinted.message.contains("do this"));
}

TEST(SidecarErrors, OfAWriteAreRefusalsUnlessNothingWasSent) {
  const auto outcome = [](SidecarError error, SidecarWrite write = SidecarWrite::kWeights) {
    return outcome_of(error, write, "finney");
  };
  const auto early = outcome({.code = "rate_limited", .message = "wait"}).value();
  EXPECT_EQ(early.result, WriteResult::kRateLimited);
  EXPECT_EQ(early.error_name, "SettingWeightsTooFast");
  EXPECT_EQ(outcome({.code = "rate_limited"}, SidecarWrite::kAxon).value().error_name,
            "ServingRateLimitExceeded");
  const auto refused =
      outcome({.code = "not_authorized", .name = "NeuronNoValidatorPermit", .message = "no"});
  EXPECT_EQ(refused.value().result, WriteResult::kRefused);
  EXPECT_EQ(refused.value().error_name, "NeuronNoValidatorPermit");
  EXPECT_EQ(outcome({.code = "not_registered"}).value().error_name, "HotKeyNotRegisteredInSubNet");
  EXPECT_EQ(outcome({.code = "invalid_argument"}).value().error_name, "invalid_argument");
  for (const auto* unclear : {"outcome_unknown", "internal", "bittensor", ""}) {
    EXPECT_EQ(outcome({.code = unclear}).value().result, WriteResult::kOutcomeUnknown) << unclear;
  }
  EXPECT_EQ(outcome({.code = "runtime_mismatch"}).error().code, ErrorCode::kMissing);
  EXPECT_EQ(outcome({.code = "connection"}).error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(outcome({.code = "timeout"}).error().code, ErrorCode::kTimeout);
  EXPECT_EQ(outcome({.code = "not_sent"}).error().code, ErrorCode::kCorrupt);
}

}  // namespace
}  // namespace assay::chain
