/// \file
/// The answers and scores of all members of a network, kept while the members come and go.

#pragma once

#include "scoring/formula.h"
#include "scoring/neuron.h"
#include "scoring/weights.h"

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace assay::scoring {

/// What is known of a slot. Without a hotkey nobody has answered from it.
struct MinerState {
  std::string hotkey = {};
  float score = 0;
  MinerWindows windows = {};
};

/// What one answer came to.
struct ScoreStep {
  double reward = 0;
  float score = 0;
  /// Another hotkey had this slot: its answers and its score are gone.
  bool is_replaced = false;
};

/// What the members of today changed about those of the last time.
struct Reconciliation {
  std::vector<Uid> replaced;
  std::size_t num_added = 0;
  std::size_t num_removed = 0;

  bool has_changes() const { return !replaced.empty() || num_added + num_removed > 0; }
};

/// Threads: one thread at a time.
class ScoreBook {
 public:
  explicit ScoreBook(Formula formula) : formula_(formula) {}

  Formula formula() const { return formula_; }
  /// By uid.
  std::span<const MinerState> miners() const { return miners_; }
  std::vector<float> scores() const;

  /// By which answers are scored from now on; scores stay as they stand.
  void set_formula(Formula formula) { formula_ = formula; }

  /// Take one answer of `hotkey` in the slot `uid`, which is made when it is not there.
  ScoreStep record(Uid uid, std::string_view hotkey, const Answer& answer);
  /// Let a score fall as if its miner had earned nothing, as validators' scores do.
  void decay(Uid uid);

  /// Make the slots those of `neurons`: a slot whose hotkey is another one begins anew, and there
  /// are as many as there are neurons.
  Reconciliation reconcile(std::span<const Neuron> neurons);

  /// Put what was saved in the place of a slot, which is made when it is not there.
  void restore(Uid uid, MinerState state);

 private:
  MinerState& slot(Uid uid);

  Formula formula_;
  std::vector<MinerState> miners_;
};

}  // namespace assay::scoring
