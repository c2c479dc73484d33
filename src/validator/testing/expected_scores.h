/// \file
/// What scores must be, told from what went over the wire alone: the run of a validator that never
/// died.

#pragma once

#include "scoring/score_book.h"
#include "validator/courier.h"
#include "validator/network_view.h"

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace assay::validator::testing {

/// Follows members, requests and first replies, and scores a challenge when it is told to. Knows
/// nothing of files: what a validator has after any death must be this, or this and the step that
/// it died in.
class ExpectedScores {
 public:
  explicit ExpectedScores(scoring::Formula formula) : formula_(formula) {}

  /// The members of whom scores are kept are those of `view` now.
  void follow(std::shared_ptr<const NetworkView> view);
  const std::shared_ptr<const NetworkView>& view() const { return view_; }

  void sent(const Ask& ask, scoring::Label label);
  bool is_out(std::uint64_t challenge) const { return flights_.contains(challenge); }
  /// The first reply to a request is the one that counts.
  void replied(std::uint64_t id, const Reply& reply);
  /// The challenge counts, with the replies that are in.
  void count(std::uint64_t challenge);
  /// The one that a validator ends first when it is stopped, or 0: with a reply, and oldest.
  std::uint64_t first_to_end() const;
  /// What was out is nothing to the next life, and it asks for the members anew.
  void die();

  std::uint64_t num_rounds() const { return num_rounds_; }
  /// Answers of a challenge's request that were in first.
  std::size_t num_answers() const { return num_answers_; }

  /// By uid of `view`: of members who have left their slots, nothing.
  std::vector<float> scores_in(const NetworkView& view) const;
  /// Where `book` is not as expected; empty when it is, to the last bit and answer.
  std::string difference(const scoring::ScoreBook& book) const;

 private:
  struct Request {
    scoring::Uid uid = 0;
    std::string hotkey = {};
    bool is_replied = false;
    scoring::Answer answer = {};
  };
  struct Slot {
    std::string hotkey = {};
    float score = 0;
    std::vector<scoring::Answer> answers = {};
  };

  void earn(Slot& slot, double reward);

  scoring::Formula formula_;
  std::shared_ptr<const NetworkView> view_;
  std::map<std::uint64_t, std::map<std::uint64_t, Request>> flights_;  // by challenge, by id
  std::vector<Slot> slots_;
  std::uint64_t num_rounds_ = 0;
  std::size_t num_answers_ = 0;
};

/// The challenge that a request belongs to.
std::uint64_t challenge_of(std::uint64_t id);

}  // namespace assay::validator::testing
