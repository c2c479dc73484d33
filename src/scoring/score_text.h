/// \file
/// What a scorer would have paid, step by step, as text or JSON.

#pragma once

#include "core/result.h"
#include "scoring/answer_history.h"
#include "scoring/score_book.h"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string_view>

namespace assay::scoring {

enum class ScoreForm : std::uint8_t { kText, kJson };

/// Takes what was written so far.
using TextSink = std::function<Status(std::string_view text)>;

/// Scores answers as they come, writes a step for each, and the miners at the end. JSON is one
/// object; memory does not grow with the steps. Errors: those of the sink.
class ScoreWriter {
 public:
  ScoreWriter(Formula formula, ScoreForm form, TextSink sink);
  ScoreWriter(ScoreWriter&&) noexcept;
  ~ScoreWriter();

  Status add(const RecordedAnswer& recorded);
  Status finish(const AnswerHistoryCounts& counts);

 private:
  class Form;
  class TextForm;
  class JsonForm;

  ScoreBook book_;
  // Of kCalibrated, by uid: its answers as that formula judges them, for the figures that are
  // shown.
  std::map<Uid, MinerWindows> judged_;
  std::uint64_t num_steps_ = 0;
  std::unique_ptr<Form> form_;
};

}  // namespace assay::scoring
