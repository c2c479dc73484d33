// What the old validator gives for recorded inputs: tests/data/validator/README.md.

#include "files/atomic_file.h"
#include "json/value.h"
#include "scoring/deck.h"
#include "scoring/score_book.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <string>

namespace assay::scoring {
namespace {

using json::Value;

const Value& member(const Value& value, std::string_view name) {
  static const Value kNothing;
  const Value* found = value.find(name);
  return found == nullptr ? kNothing : *found;
}

const Value::List& list_of(const Value& value) {
  static const Value::List kNothing;
  const Value::List* list = value.list();
  return list == nullptr ? kNothing : *list;
}

std::string text_of(const Value& value) {
  const std::string* text = value.text();
  return text == nullptr ? std::string() : *text;
}

const Value::List& cases_of(const std::string& name) {
  static std::map<std::string, Value> files;
  if (!files.contains(name)) {
    const std::string path = std::string(ASSAY_TEST_DATA) + "/validator/" + name + ".json";
    const auto text = files::read_file(files::posix_file_system(), path, kMaxJsonSize);
    EXPECT_TRUE(text) << path;
    files[name] = json::parse(*text).value();
  }
  return list_of(member(files[name], "cases"));
}

/// Numbers, and those that JSON lacks as text.
double number_of(const Value& value) {
  if (const auto number = value.number()) return *number;
  if (value.is_null()) return -1;
  if (text_of(value) == "Infinity") return std::numeric_limits<double>::infinity();
  if (text_of(value) == "-Infinity") return -std::numeric_limits<double>::infinity();
  return std::numeric_limits<double>::quiet_NaN();
}

std::vector<double> numbers_of(const Value& list) {
  std::vector<double> numbers;
  for (const Value& value : list_of(list)) numbers.push_back(number_of(value));
  return numbers;
}

std::vector<float> floats_of(const Value& list) {
  const std::vector<double> numbers = numbers_of(list);
  return {numbers.begin(), numbers.end()};
}

std::string name_of(const Value& one) { return text_of(member(one, "name")); }

Answer answer_of(double prediction, double label) {
  return {.label = label == 1 ? Label::kPresent : Label::kAbsent, .prediction = prediction};
}

void expect_metrics(const AnswerMetrics& seen, const Value& expected, const std::string& where) {
  constexpr double kRounding = 1e-13;
  EXPECT_NEAR(seen.accuracy, number_of(member(expected, "accuracy")), kRounding) << where;
  EXPECT_NEAR(seen.precision, number_of(member(expected, "precision")), kRounding) << where;
  EXPECT_NEAR(seen.recall, number_of(member(expected, "recall")), kRounding) << where;
  EXPECT_NEAR(seen.f1_score, number_of(member(expected, "f1_score")), kRounding) << where;
  EXPECT_NEAR(seen.mcc, number_of(member(expected, "mcc")), kRounding) << where;
  EXPECT_NEAR(seen.auc, number_of(member(expected, "auc")), kRounding) << where;
}

TEST(ReferenceCases, MetricsOfBothWindows) {
  ASSERT_EQ(cases_of("tracker_metrics").size(), 74U);
  for (const Value& one : cases_of("tracker_metrics")) {
    const auto predictions = numbers_of(member(member(one, "inputs"), "predictions"));
    const auto labels = numbers_of(member(member(one, "inputs"), "labels"));
    MinerWindows windows;
    for (std::size_t i = 0; i < labels.size(); ++i) {
      windows.add(answer_of(predictions[i], labels[i]));
    }
    const Value& outputs = member(one, "outputs");
    EXPECT_EQ(windows.recent.size(), number_of(member(outputs, "count"))) << name_of(one);
    expect_metrics(windows.recent.metrics(), member(outputs, "all"), name_of(one) + " all");
    expect_metrics(windows.recent.metrics(), member(outputs, "100"), name_of(one) + " 100");
    expect_metrics(windows.latest.metrics(), member(outputs, "10"), name_of(one) + " 10");
  }
}

TEST(ReferenceCases, RewardsStepByStep) {
  ASSERT_EQ(cases_of("reward_sequences").size(), 9U);
  for (const Value& one : cases_of("reward_sequences")) {
    const Value& inputs = member(one, "inputs");
    const auto predictions = numbers_of(member(inputs, "predictions"));
    const auto labels = numbers_of(member(inputs, "labels"));
    const Value::List& hotkeys = list_of(member(inputs, "hotkeys"));
    ScoreBook book(Formula::kNatix);
    for (std::size_t i = 0; i < labels.size(); ++i) {
      const std::string hotkey = hotkeys.empty() ? "k" : text_of(hotkeys[i]);
      const ScoreStep step = book.record(7, hotkey, answer_of(predictions[i], labels[i]));
      const Value& expected = list_of(member(one, "outputs"))[i];
      const std::string where = name_of(one) + " step " + std::to_string(i);
      EXPECT_NEAR(step.reward, number_of(member(expected, "reward")), 1e-13) << where;
      expect_metrics(book.miners()[7].windows.recent.metrics(), member(expected, "metrics100"),
                     where);
    }
  }
}

TEST(ReferenceCases, RewardsOfOneRound) {
  for (const Value& one : cases_of("reward_batch")) {
    const Value& inputs = member(one, "inputs");
    const auto responses = numbers_of(member(inputs, "responses"));
    const auto uids = numbers_of(member(inputs, "uids"));
    const auto expected = numbers_of(member(member(one, "outputs"), "rewards"));
    ScoreBook book(Formula::kNatix);
    for (std::size_t i = 0; i < uids.size(); ++i) {
      const Answer answer = answer_of(responses[i], number_of(member(inputs, "label")));
      EXPECT_EQ(book.record(static_cast<Uid>(uids[i]), "k", answer).reward, expected[i])
          << name_of(one);
    }
  }
}

TEST(ReferenceCases, RangeFactor) {
  for (const Value& one : cases_of("compute_penalty")) {
    EXPECT_EQ(range_factor(number_of(member(one, "inputs"))), number_of(member(one, "outputs")));
  }
}

TEST(ReferenceCases, MovingAverage) {
  for (const Value& one : cases_of("ema_update")) {
    const Value& inputs = member(one, "inputs");
    std::vector<float> scores = floats_of(member(inputs, "scores_f32"));
    const auto uids = numbers_of(member(inputs, "uids"));
    const auto rewards = numbers_of(member(inputs, "rewards"));
    const auto stakes = numbers_of(member(inputs, "stake"));
    std::vector<Neuron> neurons;
    for (std::size_t i = 0; i < scores.size(); ++i) {
      neurons.push_back(
          {.hotkey = {},
           .is_serving = true,
           .has_validator_permit =
               list_of(member(inputs, "validator_permit"))[i].boolean().value_or(false),
           .stake = stakes[i]});
    }
    std::vector<Earning> earnings;
    for (std::size_t i = 0; i < uids.size(); ++i) {
      earnings.push_back({static_cast<Uid>(uids[i]), rewards[i]});
    }
    update_scores(scores, earnings, neurons);
    EXPECT_EQ(scores, floats_of(member(member(one, "outputs"), "scores"))) << name_of(one);
  }
}

TEST(ReferenceCases, LimitOfOneWeight) {
  ASSERT_EQ(cases_of("normalize_max_weight").size(), 16U);
  for (const Value& one : cases_of("normalize_max_weight")) {
    const Value& inputs = member(one, "inputs");
    EXPECT_EQ(normalise_max_weight(floats_of(member(inputs, "x_f32")),
                                   number_of(member(inputs, "limit"))),
              floats_of(member(one, "outputs")))
        << name_of(one);
  }
}

std::vector<ChainWeight> chain_weights_of(const Value& outputs, const std::string& weights) {
  std::vector<ChainWeight> chain;
  const auto uids = numbers_of(member(outputs, "uids"));
  const auto values = numbers_of(member(outputs, weights));
  for (std::size_t i = 0; i < uids.size(); ++i) {
    chain.push_back({static_cast<Uid>(uids[i]), static_cast<std::uint16_t>(values[i])});
  }
  return chain;
}

TEST(ReferenceCases, SixteenBits) {
  for (const Value& one : cases_of("u16_emit")) {
    const auto uids = numbers_of(member(member(one, "inputs"), "uids"));
    const auto values = numbers_of(member(member(one, "inputs"), "weights"));
    std::vector<UidWeight> weights;
    for (std::size_t i = 0; i < uids.size(); ++i) {
      weights.push_back({static_cast<Uid>(uids[i]), values[i]});
    }
    const auto seen = to_chain_weights(weights);
    if (!member(member(one, "outputs"), "error").is_null()) {
      // There the old validator failed; the others still get their weights here.
      EXPECT_EQ(seen, (std::vector<ChainWeight>{{2, 65'535}})) << name_of(one);
      continue;
    }
    EXPECT_EQ(seen, chain_weights_of(member(one, "outputs"), "vals")) << name_of(one);
  }
}

TEST(ReferenceCases, FromScoresToTheChain) {
  for (const Value& one : cases_of("set_weights_path")) {
    const Value& inputs = member(one, "inputs");
    const WeightSet set = weights_of(
        floats_of(member(inputs, "scores_f32")),
        {.min_allowed =
             static_cast<std::size_t>(member(inputs, "min_allowed_weights").integer().value_or(0)),
         .max_share = number_of(member(inputs, "max_weight_limit"))});
    EXPECT_EQ(set.weights, chain_weights_of(member(one, "outputs"), "weights")) << name_of(one);
  }
}

TEST(ReferenceCases, WhoMayBeAsked) {
  for (const Value& one : cases_of("uid_availability")) {
    const Value& inputs = member(one, "inputs");
    const Neuron neuron{
        .hotkey = {},
        .is_serving = member(inputs, "is_serving").boolean().value_or(false),
        .has_validator_permit = member(inputs, "validator_permit").boolean().value_or(false),
        .stake = number_of(member(inputs, "stake"))};
    EXPECT_EQ(is_available(neuron, number_of(member(inputs, "limit"))),
              member(one, "outputs").boolean().value_or(false));
  }
}

TEST(ReferenceCases, FairnessOfTheDeck) {
  SeededRandom random(1);
  for (const Value& one : cases_of("uid_deck_stats")) {
    const Value& inputs = member(one, "inputs");
    const auto num_eligible =
        static_cast<std::size_t>(member(inputs, "n_eligible").integer().value_or(0));
    const auto size = static_cast<std::size_t>(member(inputs, "k").integer().value_or(0));
    const auto rounds = member(inputs, "rounds").integer().value_or(0);
    std::vector<Uid> eligible;
    for (std::size_t i = 0; i < num_eligible; ++i) eligible.push_back(static_cast<Uid>(3 * i));
    std::map<Uid, std::int64_t> draws;
    Deck deck;
    for (std::int64_t round = 0; round < rounds; ++round) {
      std::vector<Uid> hand = deck.deal(size, eligible, random);
      // Where the old deck dealt one twice, or a hand is as large as there are members.
      ASSERT_EQ(hand.size(), std::min(size, num_eligible));
      std::ranges::sort(hand);
      ASSERT_EQ(std::ranges::adjacent_find(hand), hand.end());
      for (const Uid uid : hand) ++draws[uid];
    }
    std::int64_t least = rounds;
    std::int64_t most = 0;
    for (const auto& [uid, count] : draws) {
      least = std::min(least, count);
      most = std::max(most, count);
    }
    EXPECT_LE(most - least, 1) << num_eligible;
    if (num_eligible > size) {
      EXPECT_NEAR(static_cast<double>(least),
                  number_of(member(member(one, "outputs"), "min_draws")), 1);
    }
  }
}

}  // namespace
}  // namespace assay::scoring
