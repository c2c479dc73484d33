#include "json/writer.h"
#include "report/number_text.h"
#include "report/visible_text.h"
#include "scoring/simulate.h"

#include <fmt/format.h>

#include <iterator>

namespace assay::scoring {
namespace {

constexpr std::size_t kMaxHotkeyWidth = 48;
constexpr std::size_t kMaxCopiesShown = 20;

void append_miners(std::string& text, const Simulation& simulation) {
  auto out = std::back_inserter(text);
  fmt::format_to(out, "{:>5}  {:<22} {:>6} {:>6}", "uid", "kind", "asked", "right");
  for (const FormulaEarnings& formula : simulation.formulas) {
    fmt::format_to(out, "  {:>10} {:>6}", to_string(formula.formula), "weight");
  }
  text += "  hotkey\n";
  for (std::size_t i = 0; i < simulation.miners.size(); ++i) {
    const SimulatedMiner& miner = simulation.miners[i];
    fmt::format_to(out, "{:>5}  {:<22} {:>6} {:>6}", miner.uid, report::visible_text(miner.kind),
                   miner.num_asked, miner.num_right);
    for (const FormulaEarnings& formula : simulation.formulas) {
      fmt::format_to(out, "  {:>8.2f} % {:>6}", 100 * formula.shares[i], formula.weights[i]);
    }
    fmt::format_to(out, "  {}\n",
                   report::shorten_middle(report::visible_text(miner.hotkey), kMaxHotkeyWidth));
  }
}

void append_copies(std::string& text, const Simulation& simulation) {
  if (!simulation.has_challenges) {
    text += "copies: unknown, for no answer names its challenge\n";
    return;
  }
  auto out = std::back_inserter(text);
  fmt::format_to(out, "copies: {} whose answers go together more than chance would have it\n",
                 report::counted(simulation.copies.size(), "pair", "pairs"));
  for (std::size_t i = 0; i < simulation.copies.size() && i < kMaxCopiesShown; ++i) {
    const CopyPair& pair = simulation.copies[i];
    fmt::format_to(out, "  uid {} and uid {}: {} shared challenges, alike on {}, p {:.1e}\n",
                   simulation.miners[pair.first].uid, simulation.miners[pair.second].uid,
                   pair.num_shared, pair.num_alike, pair.p_value);
  }
  if (simulation.copies.size() > kMaxCopiesShown) {
    fmt::format_to(out, "  and {} more; --json has them all\n",
                   simulation.copies.size() - kMaxCopiesShown);
  }
}

void write_miners(json::Writer& writer, const Simulation& simulation) {
  writer.name("miners").begin_list();
  for (std::size_t i = 0; i < simulation.miners.size(); ++i) {
    const SimulatedMiner& miner = simulation.miners[i];
    writer.begin_object().name("uid").integer(miner.uid);
    writer.name("hotkey").text(miner.hotkey).name("kind").text(miner.kind);
    writer.name("conduct").text(miner.conduct == Conduct::kHonest ? "honest" : "lazy");
    writer.name("asked").unsigned_integer(miner.num_asked);
    writer.name("right").unsigned_integer(miner.num_right);
    writer.name("silent").unsigned_integer(miner.num_silent);
    writer.name("earnings").begin_list();
    for (const FormulaEarnings& formula : simulation.formulas) {
      writer.begin_object().name("formula").text(to_string(formula.formula));
      writer.name("share").number(formula.shares[i]);
      writer.name("weight").integer(formula.weights[i]).end_object();
    }
    writer.end_list().end_object();
  }
  writer.end_list();
}

}  // namespace

std::string to_text(const Simulation& simulation) {
  std::string text =
      fmt::format("{}, {}\n", report::counted(simulation.miners.size(), "miner", "miners"),
                  report::counted(simulation.num_answers, "answer", "answers"));
  append_miners(text, simulation);
  auto out = std::back_inserter(text);
  for (const FormulaEarnings& formula : simulation.formulas) {
    fmt::format_to(out, "{}: Gini {:.3f}, lazy miners get {:.2f} %, ", to_string(formula.formula),
                   formula.gini, 100 * formula.share_of_lazy);
    if (formula.separation) {
      fmt::format_to(out, "an honest one gets more than a lazy one {:.1f} % of the time\n",
                     100 * *formula.separation);
    } else {
      text += "no separation: there are not both honest and lazy ones\n";
    }
  }
  append_copies(text, simulation);
  return text;
}

std::string to_json(const Simulation& simulation) {
  json::Writer writer(json::Layout::kPretty);
  writer.begin_object().name("answers").unsigned_integer(simulation.num_answers);
  write_miners(writer, simulation);
  writer.name("formulas").begin_list();
  for (const FormulaEarnings& formula : simulation.formulas) {
    writer.begin_object().name("formula").text(to_string(formula.formula));
    writer.name("gini").number(formula.gini);
    writer.name("share_of_lazy").number(formula.share_of_lazy);
    writer.name("separation");
    formula.separation ? writer.number(*formula.separation) : writer.null();
    writer.end_object();
  }
  writer.end_list().name("has_challenges").boolean(simulation.has_challenges);
  writer.name("copies").begin_list();
  for (const CopyPair& pair : simulation.copies) {
    writer.begin_object().name("uids").begin_list();
    writer.integer(simulation.miners[pair.first].uid);
    writer.integer(simulation.miners[pair.second].uid).end_list();
    writer.name("shared").unsigned_integer(pair.num_shared);
    writer.name("alike").unsigned_integer(pair.num_alike);
    writer.name("p_value").number(pair.p_value).end_object();
  }
  writer.end_list().end_object();
  return writer.take() + "\n";
}

}  // namespace assay::scoring
