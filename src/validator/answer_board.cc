#include "validator/answer_board.h"

namespace assay::validator {
namespace {

/// Miners who find the same images hard share less than this; who copies, more.
constexpr double kLeastAgreement = 0.5;

/// Smaller than for one look: this one is taken again and again.
constexpr double kFalseAlarmRate = 1e-5;

/// Many times the members of a network: more are those of months, and begin anew.
constexpr std::size_t kMaxHotkeys = 8'192;

}  // namespace

std::uint64_t MinerRecord::num_asked() const {
  std::uint64_t total = 0;
  for (const std::uint64_t replies : num_replies) total += replies;
  return total - count(ReplyKind::kNotAwaited);
}

std::optional<double> MinerRecord::mean_latency_ms() const {
  if (num_answered() == 0) return std::nullopt;
  return static_cast<double>(total_latency.count()) / static_cast<double>(num_answered());
}

void AnswerBoard::add(const RoundRecord& record) {
  if (miners_.size() > kMaxHotkeys) *this = AnswerBoard();
  Remembered remembered{.label = record.cell.label};
  for (const AskedMiner& asked : record.miners) {
    MinerRecord& miner = miners_[asked.hotkey];
    ++miner.num_replies.at(static_cast<std::size_t>(asked.reply.kind));
    if (asked.reply.kind != ReplyKind::kPrediction) continue;
    miner.total_latency += asked.reply.latency;
    miner.last_answered = record.started + asked.reply.latency;
    const auto number =
        numbers_.emplace(asked.hotkey, static_cast<std::uint32_t>(numbers_.size())).first->second;
    remembered.predictions.emplace_back(number, asked.reply.prediction);
  }
  challenges_.push_back(std::move(remembered));
  if (challenges_.size() > kMaxChallenges) challenges_.pop_front();
}

const MinerRecord* AnswerBoard::find(std::string_view hotkey) const {
  const auto found = miners_.find(hotkey);
  return found == miners_.end() ? nullptr : &found->second;
}

std::map<std::string, std::vector<std::string>> AnswerBoard::find_copies() const {
  std::vector<std::string> names(numbers_.size());
  for (const auto& [hotkey, number] : numbers_) names.at(number) = hotkey;
  scoring::AnswerSheet sheet{.num_miners = names.size()};
  for (const Remembered& remembered : challenges_) {
    scoring::AnswerSheet::Challenge challenge{.label = remembered.label};
    challenge.answers.assign(names.size(), {.label = remembered.label});
    for (const auto& [number, prediction] : remembered.predictions) {
      challenge.answers.at(number).prediction = prediction;
    }
    sheet.challenges.push_back(std::move(challenge));
  }
  std::map<std::string, std::vector<std::string>> copies;
  const auto pairs = scoring::find_copies(
      sheet, {.false_alarm_rate = kFalseAlarmRate, .min_agreement = kLeastAgreement});
  for (const std::vector<std::size_t>& group : scoring::groups_of(pairs)) {
    for (const std::size_t member : group) {
      for (const std::size_t other : group) {
        if (other != member) copies[names.at(member)].push_back(names.at(other));
      }
    }
  }
  return copies;
}

}  // namespace assay::validator
