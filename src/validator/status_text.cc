#include "report/number_text.h"
#include "report/visible_text.h"
#include "validator/status.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

namespace assay::validator {
namespace {

/// What older facts than this say of a running validator is doubtful.
constexpr std::chrono::seconds kFresh{120};
constexpr std::size_t kHotkeyWidth = 14;

std::string age_text(Timestamp then, Timestamp now) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(now - then).count();
  if (seconds < 0) return "in the future";
  if (seconds < 120) return fmt::format("{} s ago", seconds);
  if (seconds < 7'200) return fmt::format("{} min ago", seconds / 60);
  if (seconds < 172'800) return fmt::format("{} h ago", seconds / 3'600);
  return fmt::format("{} d ago", seconds / 86'400);
}

std::string age_text(const std::optional<Timestamp>& then, Timestamp now) {
  return then ? age_text(*then, now) : "never";
}

bool is_fresh(const std::optional<Timestamp>& then, Timestamp now) {
  return then && now - *then <= kFresh;
}

std::string line(bool is_good, std::string_view name, const std::string& what) {
  return fmt::format("{} {:<11} {}\n", is_good ? "ok " : "NO ", name, what);
}

std::string chain_lines(const ValidatorStatus& status, Timestamp now) {
  const ChainStatus& chain = status.chain;
  std::string connected = fmt::format("{}, block {}, {}", report::visible_text(status.network),
                                      chain.block, age_text(chain.block_read_at, now));
  if (!chain.problem.empty()) connected += "; " + report::visible_text(chain.problem);
  std::string text =
      line(chain.problem.empty() && is_fresh(chain.block_read_at, now), "connected", connected);
  text += line(status.uid.has_value(), "registered",
               status.uid ? fmt::format("uid {} in network {}, {}", *status.uid, status.netuid,
                                        status.hotkey)
                          : fmt::format("{} is not in network {}", status.hotkey, status.netuid));
  if (status.has_permit) {
    const std::string stake = fmt::format("{:.3f} TAO", status.stake_tao.value_or(0));
    text += *status.has_permit
                ? line(true, "permit", "as a validator, with a stake of " + stake)
                : line(status.weights.is_off, "permit",
                       "none, with a stake of " + stake +
                           ": the chain takes no weights of it until its stake earns one");
  }
  text += line(chain.num_miners > 0, "metagraph",
               fmt::format("{}, {} that may be asked, {}",
                           report::counted(chain.num_members, "member", "members"),
                           chain.num_miners, age_text(chain.members_read_at, now)));
  return text;
}

/// What is empty, the lines of the cache say; why, and what helps, is a paragraph in the log.
std::string problem_text(const ValidatorStatus& status) {
  constexpr std::string_view kEmptyCache = "No images available in cache";
  if (!status.problem.starts_with(kEmptyCache)) return report::visible_text(status.problem);
  return fmt::format("{}, Challenge skipped; what helps: assay cache doctor --cache-dir {}",
                     kEmptyCache, report::visible_text(status.cache));
}

std::string loop_line(const ValidatorStatus& status, Timestamp now) {
  const RoundsStatus& rounds = status.rounds;
  std::string what =
      fmt::format("{} since {}, {} ever, the last {}; {} of {} requests answered; {} skipped",
                  report::counted(rounds.num_scored, "round", "rounds"), to_rfc3339(status.started),
                  rounds.num_scored_ever, age_text(rounds.last_finished, now), rounds.num_answered,
                  rounds.num_asked, rounds.num_skipped);
  if (!status.problem.empty()) what += "; " + problem_text(status);
  const bool is_alive = status.state != RunState::kStopped && is_fresh(status.written, now);
  if (!is_alive) {
    what = status.state == RunState::kStopped
               ? fmt::format("stopped {}; {}", age_text(status.written, now), what)
               : fmt::format("nothing heard since {}; {}", age_text(status.written, now), what);
  }
  return line(is_alive && status.problem.empty(), "loop", what);
}

std::string cache_lines(const ValidatorStatus& status) {
  std::string text;
  for (const CellStatus& cell : status.cells) {
    std::string what = fmt::format("{} {}", to_string(cell.cell),
                                   report::counted(cell.num_images, "image", "images"));
    if (cell.shortfall_share > 0.01) {
      what +=
          fmt::format("; {} of challenges, meant are {}", report::plain_share_text(cell.sent_share),
                      report::plain_share_text(cell.target_share));
    }
    text += line(cell.num_images > 0, "cache", what);
  }
  return text;
}

std::string weights_line(const ValidatorStatus& status, Timestamp now) {
  const WeightsStatus& weights = status.weights;
  if (weights.is_off) return line(true, "weights", "not set: switched off");
  const std::string due =
      weights.due_block ? fmt::format("; next at block {}", *weights.due_block) : "";
  if (!weights.sent_at) {
    return line(!weights.is_overdue, "weights", "none yet in this run" + due);
  }
  std::string what = fmt::format(
      "{} to {}, {} at block {}{}", weights.result,
      report::counted(weights.num_weights, "member", "members"), age_text(weights.sent_at, now),
      weights.block, weights.is_confirmed && weights.result != "confirmed" ? ", confirmed" : "");
  if (weights.is_burnt) what += "; all to the burn uid: too few have earned anything";
  if (!weights.message.empty()) what += "; " + report::visible_text(weights.message);
  if (weights.is_overdue) what += "; OVERDUE by two tempos";
  const bool is_good = !weights.is_overdue && weights.result != "refused";
  return line(is_good, "weights", what + due);
}

std::string proxy_line(const ValidatorStatus& status, Timestamp now) {
  if (!status.proxy) return {};
  const ProxyStatus& proxy = *status.proxy;
  std::string what =
      proxy.address.empty() ? "does not listen" : report::visible_text(proxy.address);
  what +=
      fmt::format("; {}, {} answered, {} without an answer, {} refused; the last {}",
                  report::counted(proxy.num_requests, "request", "requests"), proxy.num_answered,
                  proxy.num_unanswered, proxy.num_refused, age_text(proxy.last_request, now));
  if (!proxy.problem.empty()) what += "; " + report::visible_text(proxy.problem);
  return line(!proxy.address.empty() && proxy.problem.empty(), "proxy", what);
}

std::string statistics_line(const ValidatorStatus& status, Timestamp now) {
  if (!status.statistics) return {};
  const ExportStatus& statistics = *status.statistics;
  std::string what =
      fmt::format("{} told {}, the last {}; {} waiting, {} dropped",
                  report::counted(statistics.num_sent, "round", "rounds"),
                  report::visible_text(statistics.address), age_text(statistics.last_sent, now),
                  statistics.num_queued, statistics.num_dropped);
  if (!statistics.problem.empty()) what += "; " + report::visible_text(statistics.problem);
  return line(statistics.problem.empty(), "statistics", what);
}

std::string ratio(const std::optional<double>& value) {
  return value ? fmt::format("{:.2f}", *value) : "-";
}

std::string remarks(const MinerStatus& miner, bool shares_copies) {
  std::string text;
  for (std::size_t i = 0; i < kNumReplyKinds; ++i) {
    if (miner.num_silent.at(i) == 0) continue;
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", miner.num_silent.at(i),
                        to_string(static_cast<ReplyKind>(i)));
  }
  if (!miner.alike.empty()) {
    text += fmt::format("{}answers go with those of {}{}", text.empty() ? "" : ", ",
                        fmt::join(miner.alike, ", "), shares_copies ? ": paid as one" : "");
  }
  if (miner.jobs && miner.jobs->num_missing > 0) {
    text += fmt::format("{}{} of {} claimed images missing", text.empty() ? "" : ", ",
                        miner.jobs->num_missing, miner.jobs->num_claimed);
  }
  return text;
}

std::string checklist(const ValidatorStatus& status, Timestamp now) {
  return chain_lines(status, now) + loop_line(status, now) + cache_lines(status) +
         proxy_line(status, now) + statistics_line(status, now) + weights_line(status, now);
}

std::string miner_lines(const ValidatorStatus& status) {
  if (status.miners.empty()) return {};
  std::string text = fmt::format("\n{:>5} {:<{}} {:>9} {:>8} {:>5} {:>6} {:>7} {:>7} {:>6}  {}\n",
                                 "uid", "hotkey", kHotkeyWidth, "answered", "accuracy", "auc",
                                 "alarms", "ms", "score", "weight", "remarks");
  for (const MinerStatus& miner : status.miners) {
    text +=
        fmt::format("{:>5} {:<{}} {:>9} {:>8} {:>5} {:>6} {:>7} {:>7.4f} {:>6}  {}\n", miner.uid,
                    report::shorten_middle(report::visible_text(miner.hotkey), kHotkeyWidth),
                    kHotkeyWidth, fmt::format("{}/{}", miner.num_answered, miner.num_asked),
                    ratio(miner.accuracy), ratio(miner.auc), ratio(miner.false_alarm_share),
                    miner.mean_latency_ms ? fmt::format("{:.0f}", *miner.mean_latency_ms) : "-",
                    miner.score, miner.weight, remarks(miner, status.shares_copies));
  }
  return text;
}

}  // namespace

std::string to_text(const ValidatorStatus& status, Timestamp now) {
  return checklist(status, now) + miner_lines(status);
}

bool is_well(const ValidatorStatus& status, Timestamp now) {
  return !("\n" + checklist(status, now)).contains("\nNO ");
}

}  // namespace assay::validator
