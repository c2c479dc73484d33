#include "scoring/score_text.h"

#include "json/writer.h"
#include "report/number_text.h"
#include "report/visible_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

namespace assay::scoring {
namespace {

/// What is buffered before it goes to the sink.
constexpr std::size_t kBufferSize = std::size_t{64} << 10;

/// `valid`, `silent`, `out_of_range` or `no_number`.
std::string_view kind_of(const Answer& answer) {
  if (answer.is_silent()) return "silent";
  if (!std::isfinite(answer.value())) return "no_number";
  return answer.is_valid() ? "valid" : "out_of_range";
}

std::string prediction_text(const Answer& answer) {
  if (answer.is_silent()) return "-";
  return fmt::format("{:.6g}", answer.value());
}

/// Nothing before both labels have occurred.
std::string brier_text(const StrictTally& tally) {
  return tally.effective_size() == 0 ? "-" : fmt::format("{:.6f}", tally.balanced_brier());
}

/// One answer and what came of it.
struct Step {
  std::uint64_t number = 0;
  const RecordedAnswer& recorded;
  ScoreStep paid;
  const MinerWindows& windows;
};

/// As kCalibrated judges it: what is no answer is the wrong one.
Answer judged(const Answer& answer) {
  if (answer.is_valid()) return answer;
  return {.label = answer.label, .prediction = answer.label == Label::kPresent ? 0.0 : 1.0};
}

struct MinerShare {
  Uid uid = 0;
  const MinerState* state = nullptr;
  double share = 0;
  std::uint16_t weight = 0;
};

/// Everybody who answered, with what the last scores would bring.
std::vector<MinerShare> shares_of(const ScoreBook& book) {
  std::vector<MinerShare> shares;
  const std::vector<float> scores = book.scores();
  const double sum = std::accumulate(scores.begin(), scores.end(), 0.0);
  const WeightSet weights = weights_of(scores);
  for (std::size_t i = 0; i < scores.size(); ++i) {
    const MinerState& state = book.miners()[i];
    if (state.hotkey.empty()) continue;
    const auto uid = static_cast<Uid>(i);
    const auto weight = std::ranges::find(weights.weights, uid, &ChainWeight::uid);
    const bool is_paid = !weights.is_burnt && weight != weights.weights.end();
    shares.push_back({.uid = uid,
                      .state = &state,
                      .share = sum == 0 ? 0 : state.score / sum,
                      .weight = is_paid ? weight->weight : std::uint16_t{0}});
  }
  return shares;
}

}  // namespace

class ScoreWriter::Form {
 public:
  explicit Form(TextSink sink) : sink_(std::move(sink)) {}
  virtual ~Form() = default;
  Form(const Form&) = delete;
  Form& operator=(const Form&) = delete;

  virtual Status add(const Step& step) = 0;
  virtual Status finish(const ScoreBook& book, const AnswerHistoryCounts& counts) = 0;

 protected:
  Status send(std::string_view text) const { return sink_(text); }

 private:
  TextSink sink_;
};

class ScoreWriter::TextForm final : public Form {
 public:
  TextForm(Formula formula, TextSink sink) : Form(std::move(sink)) {
    text_ = fmt::format(
        "formula {}\n"
        "{:>8} {:>5} {:>5} {:>10}  {:>8} {:>8}  {:>8} {:>8} {:>8} {:>8} {:>8} {:>8} {:>8} {:>8}\n",
        to_string(formula), "step", "uid", "label", "prediction", "reward", "score", "accuracy",
        "latest10", "precisn", "recall", "f1", "mcc", "auc", "brier");
  }

  Status add(const Step& step) override {
    const AnswerMetrics recent = step.windows.recent.metrics();
    text_ += fmt::format(
        "{:>8} {:>5} {:>5} {:>10}  {:>8.6f} {:>8.6f}  {:>8.6f} {:>8.6f} {:>8.6f} {:>8.6f} "
        "{:>8.6f} {:>8.6f} {:>8.6f} {:>8}{}\n",
        step.number, step.recorded.uid, static_cast<int>(step.recorded.answer.label),
        prediction_text(step.recorded.answer), step.paid.reward, step.paid.score, recent.accuracy,
        step.windows.latest.metrics().accuracy, recent.precision, recent.recall, recent.f1_score,
        recent.mcc, recent.auc, brier_text(step.windows.recent.strict()),
        step.paid.is_replaced ? "  new hotkey, begins anew" : "");
    if (text_.size() < kBufferSize) return {};
    return send(std::exchange(text_, {}));
  }

  Status finish(const ScoreBook& book, const AnswerHistoryCounts& counts) override {
    text_ +=
        fmt::format("\n{:>5} {:>8} {:>8} {:>8}  {}\n", "uid", "score", "share", "weight", "hotkey");
    for (const MinerShare& miner : shares_of(book)) {
      text_ +=
          fmt::format("{:>5} {:>8.6f} {:>7.2f}% {:>8}  {}\n", miner.uid, miner.state->score,
                      100 * miner.share, miner.weight, report::visible_text(miner.state->hotkey));
    }
    text_ +=
        fmt::format("{}, {} left out\n", report::counted(counts.num_answers, "answer", "answers"),
                    report::counted(counts.num_bad_lines, "line", "lines"));
    return send(text_);
  }

 private:
  std::string text_;
};

class ScoreWriter::JsonForm final : public Form {
 public:
  JsonForm(Formula formula, TextSink sink) : Form(std::move(sink)) {
    writer_.begin_object().name("formula").text(to_string(formula)).name("steps").begin_list();
  }

  Status add(const Step& step) override {
    const Answer& answer = step.recorded.answer;
    const StrictTally& strict = step.windows.recent.strict();
    writer_.begin_object().name("step").unsigned_integer(step.number);
    writer_.name("line").unsigned_integer(step.recorded.line);
    writer_.name("uid").integer(step.recorded.uid);
    writer_.name("hotkey").text(step.recorded.hotkey);
    writer_.name("label").integer(static_cast<std::int64_t>(answer.label));
    writer_.name("prediction");
    answer.is_silent() ? writer_.null() : writer_.number(answer.value());
    writer_.name("answer").text(kind_of(answer));
    writer_.name("reward").number(step.paid.reward);
    writer_.name("score").number(static_cast<double>(step.paid.score));
    writer_.name("new_hotkey").boolean(step.paid.is_replaced);
    write_metrics("metrics", step.windows.recent);
    write_metrics("latest_metrics", step.windows.latest);
    writer_.name("strict").begin_object();
    writer_.name("asked").unsigned_integer(strict.num_asked[0] + strict.num_asked[1]);
    writer_.name("right").unsigned_integer(strict.num_right[0] + strict.num_right[1]);
    const bool has_both = strict.effective_size() > 0;
    writer_.name("balanced_accuracy");
    has_both ? writer_.number(strict.balanced_accuracy()) : writer_.null();
    writer_.name("balanced_brier");
    has_both ? writer_.number(strict.balanced_brier()) : writer_.null();
    writer_.end_object().end_object();
    if (writer_.size() < kBufferSize) return {};
    return send(writer_.take());
  }

  Status finish(const ScoreBook& book, const AnswerHistoryCounts& counts) override {
    writer_.end_list().name("miners").begin_list();
    for (const MinerShare& miner : shares_of(book)) {
      writer_.begin_object().name("uid").integer(miner.uid);
      writer_.name("hotkey").text(miner.state->hotkey);
      writer_.name("score").number(static_cast<double>(miner.state->score));
      writer_.name("share").number(miner.share);
      writer_.name("weight").integer(miner.weight).end_object();
    }
    writer_.end_list().name("answers").unsigned_integer(counts.num_answers);
    writer_.name("bad_lines").unsigned_integer(counts.num_bad_lines).end_object();
    return send(writer_.take() + "\n");
  }

 private:
  void write_metrics(std::string_view name, const AnswerWindow& window) {
    const AnswerMetrics metrics = window.metrics();
    writer_.name(name).begin_object();
    writer_.name("accuracy").number(metrics.accuracy);
    writer_.name("precision").number(metrics.precision);
    writer_.name("recall").number(metrics.recall);
    writer_.name("f1_score").number(metrics.f1_score);
    writer_.name("mcc").number(metrics.mcc);
    writer_.name("auc").number(metrics.auc).end_object();
  }

  json::Writer writer_;
};

ScoreWriter::ScoreWriter(Formula formula, ScoreForm form, TextSink sink) : book_(formula) {
  if (form == ScoreForm::kText) {
    form_ = std::make_unique<TextForm>(formula, std::move(sink));
  } else {
    form_ = std::make_unique<JsonForm>(formula, std::move(sink));
  }
}
ScoreWriter::ScoreWriter(ScoreWriter&&) noexcept = default;
ScoreWriter::~ScoreWriter() = default;

Status ScoreWriter::add(const RecordedAnswer& recorded) {
  const ScoreStep paid = book_.record(recorded.uid, recorded.hotkey, recorded.answer);
  const MinerWindows* shown = &book_.miners()[recorded.uid].windows;
  if (book_.formula() == Formula::kCalibrated) {
    MinerWindows& windows = judged_[recorded.uid];
    if (paid.is_replaced) windows = MinerWindows();
    windows.add(judged(recorded.answer));
    shown = &windows;
  }
  return form_->add(
      {.number = ++num_steps_, .recorded = recorded, .paid = paid, .windows = *shown});
}

Status ScoreWriter::finish(const AnswerHistoryCounts& counts) {
  return form_->finish(book_, counts);
}

}  // namespace assay::scoring
