#include "validator/testing/expected_scores.h"

#include "core/check.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <utility>

namespace assay::validator::testing {
namespace {

/// Longer than any window.
constexpr std::size_t kMaxAnswers = 2 * scoring::kLongWindow;

/// As answers are kept: -1 is silence.
bool is_same(const scoring::Answer& left, const scoring::Answer& right) {
  return left.label == right.label && left.value() == right.value();
}

}  // namespace

std::uint64_t challenge_of(std::uint64_t id) { return id >> 16U; }

void ExpectedScores::follow(std::shared_ptr<const NetworkView> view) {
  view_ = std::move(view);
  slots_.resize(view_->neurons.size());
  for (std::size_t uid = 0; uid < slots_.size(); ++uid) {
    const std::string& hotkey = view_->neurons[uid].hotkey;
    if (slots_[uid].hotkey != hotkey) slots_[uid] = {.hotkey = hotkey};
  }
}

void ExpectedScores::sent(const Ask& ask, scoring::Label label) {
  auto& flight = flights_[challenge_of(ask.id)];
  for (const auto& [id, request] : flight) {
    EXPECT_NE(request.uid, ask.miner.uid) << "a miner is asked twice in a round";
  }
  const bool is_new = flight
                          .emplace(ask.id, Request{.uid = ask.miner.uid,
                                                   .hotkey = ask.miner.hotkey.to_ss58(),
                                                   .answer = {.label = label}})
                          .second;
  EXPECT_TRUE(is_new) << "two requests of one id";
}

void ExpectedScores::replied(std::uint64_t id, const Reply& reply) {
  const auto flight = flights_.find(challenge_of(id));
  if (flight == flights_.end()) return;
  Request& request = flight->second.at(id);
  if (std::exchange(request.is_replied, true)) return;
  if (reply.kind == ReplyKind::kPrediction) request.answer.prediction = reply.prediction;
}

void ExpectedScores::earn(Slot& slot, double reward) {
  slot.score = scoring::moved_score(slot.score, reward, scoring::moving_average_weight(formula_));
}

void ExpectedScores::count(std::uint64_t challenge) {
  auto flight = flights_.extract(challenge);
  CHECK(!flight.empty(), "only what was sent can count");
  for (const auto& [id, request] : flight.mapped()) {
    if (!request.is_replied || request.uid >= slots_.size()) continue;
    Slot& slot = slots_[request.uid];
    if (slot.hotkey != request.hotkey) continue;
    slot.answers.push_back(request.answer);
    if (slot.answers.size() > kMaxAnswers) {
      slot.answers.erase(slot.answers.begin(), slot.answers.begin() + scoring::kLongWindow);
    }
    // From nothing each time: what windows keep up to date is not believed here.
    scoring::MinerWindows windows;
    for (const scoring::Answer& answer : slot.answers) windows.add(answer);
    earn(slot, scoring::reward(formula_, windows, request.answer));
    ++num_answers_;
  }
  for (std::size_t uid = 0; uid < slots_.size(); ++uid) {
    if (scoring::is_validator(view_->neurons[uid])) earn(slots_[uid], 0);
  }
  ++num_rounds_;
}

std::uint64_t ExpectedScores::first_to_end() const {
  for (const auto& [challenge, flight] : flights_) {
    if (std::ranges::any_of(flight, [](const auto& item) { return item.second.is_replied; })) {
      return challenge;
    }
  }
  return 0;
}

void ExpectedScores::die() {
  flights_.clear();
  view_.reset();
}

std::vector<float> ExpectedScores::scores_in(const NetworkView& view) const {
  std::vector<float> scores(view.neurons.size(), 0.0F);
  for (std::size_t uid = 0; uid < std::min(scores.size(), slots_.size()); ++uid) {
    if (slots_[uid].hotkey == view.neurons[uid].hotkey) scores[uid] = slots_[uid].score;
  }
  return scores;
}

std::string ExpectedScores::difference(const scoring::ScoreBook& book) const {
  const auto miners = book.miners();
  if (miners.size() != slots_.size()) {
    return fmt::format("{} slots, expected {}", miners.size(), slots_.size());
  }
  for (std::size_t uid = 0; uid < slots_.size(); ++uid) {
    const scoring::MinerState& seen = miners[uid];
    const Slot& slot = slots_[uid];
    if (seen.hotkey != slot.hotkey) return fmt::format("uid {}: another hotkey", uid);
    if (seen.score != slot.score) {
      return fmt::format("uid {}: score {}, expected {}", uid, seen.score, slot.score);
    }
    const std::size_t size = std::min(slot.answers.size(), scoring::kLongWindow);
    if (seen.windows.recent.size() != size) {
      return fmt::format("uid {}: {} answers, expected {}", uid, seen.windows.recent.size(), size);
    }
    for (std::size_t age = 0; age < size; ++age) {
      const scoring::Answer& answer = slot.answers[slot.answers.size() - size + age];
      if (!is_same(seen.windows.recent.at(age), answer)) {
        return fmt::format("uid {}: another answer {}", uid, age);
      }
    }
  }
  return {};
}

}  // namespace assay::validator::testing
