#include "up/fleet_table.h"

#include "json/writer.h"
#include "report/number_text.h"
#include "report/visible_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <vector>

namespace assay::up {
namespace {

constexpr std::size_t kMaxName = 24;

struct Column {
  std::string_view title;
  bool is_number;
};
constexpr std::array<Column, 9> kColumns = {{{"uid", true},
                                             {"miner", false},
                                             {"answers", true},
                                             {"right", true},
                                             {"latency", true},
                                             {"images", true},
                                             {"score", true},
                                             {"weight", true},
                                             {"verdict", false}}};
using Row = std::array<std::string, kColumns.size()>;

std::string images_text(const MinerFacts& facts) {
  if (facts.num_jobs_claimed == 0) return "-";
  return fmt::format("{}/{}", facts.num_jobs_claimed - facts.num_jobs_missing,
                     facts.num_jobs_claimed);
}

Row row_of(const Judged& judged) {
  const MinerFacts& facts = judged.facts;
  const bool answers = facts.num_answered > 0;
  return {std::to_string(facts.uid),
          report::shorten_middle(report::visible_text(facts.name), kMaxName),
          fmt::format("{}/{}", facts.num_answered, facts.num_asked),
          answers ? report::plain_share_text(facts.accuracy) : "-",
          answers ? fmt::format("{} ms", facts.mean_latency.count()) : "-",
          images_text(facts),
          fmt::format("{:.3f}", facts.score),
          report::plain_share_text(facts.weight_share),
          std::string(words_of(judged.verdict))};
}

void add_line(std::string& text, const Row& row,
              const std::array<std::size_t, kColumns.size()>& widths) {
  std::string line;
  for (std::size_t i = 0; i < row.size(); ++i) {
    const std::string padding(widths[i] - report::count_characters(row[i]), ' ');
    line += kColumns[i].is_number ? padding + row[i] : row[i] + padding;
    line += "  ";
  }
  line.erase(line.find_last_not_of(' ') + 1);
  text += line + "\n";
}

std::string progress_text(const FleetProgress& progress) {
  std::string text =
      fmt::format("{} s, {}, {}, block {}", progress.elapsed.count(),
                  report::counted(progress.num_rounds, "round", "rounds"),
                  report::counted(progress.num_jobs, "image job", "image jobs"), progress.block);
  if (!progress.weights.empty()) text += "; weights: " + progress.weights;
  return text;
}

}  // namespace

std::string fleet_table(const FleetProgress& progress, std::span<const Judged> miners) {
  std::vector<Row> rows(1);
  for (std::size_t i = 0; i < kColumns.size(); ++i) rows[0][i] = kColumns[i].title;
  for (const Judged& judged : miners) rows.push_back(row_of(judged));
  std::array<std::size_t, kColumns.size()> widths{};
  for (const Row& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      widths[i] = std::max(widths[i], report::count_characters(row[i]));
    }
  }
  std::string text = progress_text(progress) + "\n\n";
  for (const Row& row : rows) add_line(text, row, widths);
  text += '\n';
  for (const Judged& judged : miners) {
    text += fmt::format("{:>{}}  {}: {}\n", judged.facts.uid, widths[0], words_of(judged.verdict),
                        report::visible_text(judged.why));
  }
  if (!progress.not_running.empty()) {
    text += "\nnot running: " + report::visible_text(progress.not_running) + "\n";
  }
  return text;
}

std::string fleet_line(const FleetProgress& progress, std::span<const Judged> miners) {
  std::map<Verdict, int> counts;
  for (const Judged& judged : miners) ++counts[judged.verdict];
  std::string verdicts;
  for (const auto& [verdict, count] : counts) {
    verdicts += fmt::format("{}{} {}", verdicts.empty() ? "" : ", ", count, words_of(verdict));
  }
  return fmt::format("{}: {}{}", progress_text(progress), verdicts,
                     progress.not_running.empty()
                         ? ""
                         : "; not running: " + report::visible_text(progress.not_running));
}

std::string fleet_json(const FleetProgress& progress, std::span<const Judged> miners) {
  json::Writer writer(json::Layout::kPretty);
  writer.begin_object();
  writer.name("elapsed_s").integer(progress.elapsed.count());
  writer.name("rounds").unsigned_integer(progress.num_rounds);
  writer.name("block").unsigned_integer(progress.block);
  writer.name("jobs").unsigned_integer(progress.num_jobs);
  writer.name("weights").text(progress.weights);
  writer.name("miners").begin_list();
  for (const Judged& judged : miners) {
    const MinerFacts& facts = judged.facts;
    writer.begin_object();
    writer.name("uid").unsigned_integer(facts.uid);
    writer.name("name").text(facts.name);
    writer.name("hotkey").text(facts.hotkey);
    writer.name("asked").unsigned_integer(facts.num_asked);
    writer.name("answered").unsigned_integer(facts.num_answered);
    writer.name("accuracy").number(facts.accuracy);
    writer.name("false_alarm_share").number(facts.false_alarm_share);
    writer.name("mean_latency_ms").integer(facts.mean_latency.count());
    writer.name("score").number(facts.score);
    writer.name("weight_share").number(facts.weight_share);
    writer.name("copies");
    if (facts.copies) {
      writer.unsigned_integer(*facts.copies);
    } else {
      writer.null();
    }
    writer.name("jobs_claimed").unsigned_integer(facts.num_jobs_claimed);
    writer.name("jobs_missing").unsigned_integer(facts.num_jobs_missing);
    writer.name("verdict").text(to_string(judged.verdict));
    writer.name("dishonest").boolean(is_dishonest(judged.verdict));
    writer.name("why").text(judged.why);
    writer.end_object();
  }
  writer.end_list();
  writer.end_object();
  return writer.take() + "\n";
}

}  // namespace assay::up
