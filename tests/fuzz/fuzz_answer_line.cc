/// \file
/// Fuzzes lines of recorded answers: whatever is read can be scored by either formula.

#include "core/check.h"
#include "fuzz_target.h"
#include "scoring/answer_history.h"
#include "scoring/score_book.h"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string_view>

FUZZ_TARGET(answer_line) {
  namespace scoring = assay::scoring;
  static scoring::AnswerLineReader reader;
  const auto answer = reader.read({reinterpret_cast<const char*>(data), size});
  if (!answer) return 0;
  CHECK(!answer->hotkey.empty(), "an answer of nobody");
  for (const auto formula : {scoring::Formula::kNatix, scoring::Formula::kCalibrated}) {
    scoring::ScoreBook book(formula);
    const auto step = book.record(0, answer->hotkey, answer->answer);
    CHECK(std::isfinite(step.reward) && step.reward >= 0 && step.reward <= 1,
          "a reward is a share");
  }
  return 0;
}
