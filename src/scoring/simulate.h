/// \file
/// One history of answers under several formulas: who would earn what.

#pragma once

#include "scoring/answer_history.h"
#include "scoring/copies.h"
#include "scoring/formula.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace assay::scoring {

struct SimulateOptions {
  std::vector<Formula> formulas = {Formula::kNatix, Formula::kCalibrated};
  CopyPolicy copy_policy = CopyPolicy::kReport;
  CopyOptions copies = {};
};

/// Whether a miner earns its pay by looking at the images.
enum class Conduct : std::uint8_t {
  kHonest,
  kLazy,  ///< Answers that tell nothing of the label, or none.
};

/// A slot as its last hotkey left it.
struct SimulatedMiner {
  Uid uid = 0;
  std::string hotkey;
  /// Known of a made-up fleet; else told from the answers by an exact test.
  Conduct conduct = Conduct::kHonest;
  /// A word for the table: the character, or the conduct.
  std::string kind;
  std::uint64_t num_asked = 0;
  std::uint64_t num_right = 0;  ///< By the strict count.
  std::uint64_t num_silent = 0;
};

struct FormulaEarnings {
  Formula formula = Formula::kNatix;
  /// By miner, as in Simulation::miners; shares add up to 1, or are all 0.
  std::vector<double> shares = {};
  std::vector<std::uint16_t> weights = {};
  double gini = 0;
  /// The chance that an honest miner earns more than a lazy one, ties half. Nothing without both.
  std::optional<double> separation = std::nullopt;
  double share_of_lazy = 0;
};

struct Simulation {
  std::uint64_t num_answers = 0;
  std::vector<SimulatedMiner> miners = {};  ///< By uid.
  std::vector<FormulaEarnings> formulas = {};
  /// Columns are indices of `miners`.
  std::vector<CopyPair> copies = {};
  /// Nobody said which answers are to one challenge: copies cannot be told.
  bool has_challenges = false;
};

/// A word and a conduct for a hotkey, where they are known beforehand.
struct KnownConduct {
  std::string hotkey;
  Conduct conduct = Conduct::kHonest;
  std::string kind;
};

/// Score `history` under each formula. `known` may be empty.
Simulation simulate(std::span<const RecordedAnswer> history, std::span<const KnownConduct> known,
                    const SimulateOptions& options = {});

std::string to_text(const Simulation& simulation);
std::string to_json(const Simulation& simulation);

}  // namespace assay::scoring
