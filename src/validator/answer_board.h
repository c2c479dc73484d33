/// \file
/// What the last challenges tell of each miner beside its score: how often it answered, how fast,
/// and with whom its answers go together.

#pragma once

#include "core/timestamp.h"
#include "scoring/copies.h"
#include "validator/round_record.h"

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace assay::validator {

/// Of one hotkey, over the challenges that are remembered.
struct MinerRecord {
  std::array<std::uint64_t, kNumReplyKinds> num_replies{};  ///< By ReplyKind.
  std::chrono::milliseconds total_latency{0};               ///< Of predictions.
  std::optional<Timestamp> last_answered = std::nullopt;

  std::uint64_t count(ReplyKind kind) const {
    return num_replies.at(static_cast<std::size_t>(kind));
  }
  /// Without those that were not awaited.
  std::uint64_t num_asked() const;
  std::uint64_t num_answered() const { return count(ReplyKind::kPrediction); }
  /// Nothing before the first prediction.
  std::optional<double> mean_latency_ms() const;
};

/// Threads: one thread at a time.
class AnswerBoard {
 public:
  /// The test for copies looks at as many of the last challenges.
  static constexpr std::size_t kMaxChallenges = 1'000;

  void add(const RoundRecord& record);

  /// Null when this hotkey was never asked.
  const MinerRecord* find(std::string_view hotkey) const;

  /// Hotkeys whose answers are not independent, each with all the others of its group.
  /// Cost: grows with the square of the miners.
  std::map<std::string, std::vector<std::string>> find_copies() const;

 private:
  struct Remembered {
    scoring::Label label = scoring::Label::kAbsent;
    std::vector<std::pair<std::uint32_t, double>> predictions = {};  // by number of the hotkey
  };

  std::map<std::string, MinerRecord, std::less<>> miners_;
  std::map<std::string, std::uint32_t, std::less<>> numbers_;  // of hotkeys, as they came
  std::deque<Remembered> challenges_;
};

}  // namespace assay::validator
