#include "validator/status_metrics.h"

#include "metrics/metric_text.h"

#include <chrono>
#include <optional>

namespace assay::validator {
namespace {

using metrics::MetricText;
using enum metrics::MetricType;

double seconds_between(Timestamp then, Timestamp now) {
  return std::chrono::duration<double>(now - then).count();
}

/// What never happened has no age: the metric is without a sample then.
void age(MetricText& text, std::string_view name, std::string_view help,
         const std::optional<Timestamp>& then, Timestamp now) {
  text.metric(name, kGauge, help);
  if (then) text.sample(seconds_between(*then, now));
}

void gauge(MetricText& text, std::string_view name, std::string_view help, double value) {
  text.metric(name, kGauge, help).sample(value);
}

void counter(MetricText& text, std::string_view name, std::string_view help, std::uint64_t value) {
  text.metric(name, kCounter, help).sample(static_cast<double>(value));
}

double as_number(bool truth) { return truth ? 1 : 0; }

void add_rounds(MetricText& text, const RoundsStatus& rounds, Timestamp now) {
  counter(text, "assay_validator_rounds_scored_total", "Rounds whose answers were scored.",
          rounds.num_scored);
  counter(text, "assay_validator_rounds_skipped_total", "Rounds that could not begin.",
          rounds.num_skipped);
  gauge(text, "assay_validator_rounds_in_flight", "Rounds that wait for replies.",
        static_cast<double>(rounds.num_in_flight));
  counter(text, "assay_validator_requests_total", "Requests to miners.", rounds.num_asked);
  age(text, "assay_validator_last_round_age_seconds", "Since a round was scored.",
      rounds.last_finished, now);
}

/// Over the challenges that are remembered, so that it may fall: a gauge.
void add_replies(MetricText& text, const ValidatorStatus& status) {
  std::array<std::uint64_t, kNumReplyKinds> by_kind{};
  for (const MinerStatus& miner : status.miners) {
    by_kind[static_cast<std::size_t>(ReplyKind::kPrediction)] += miner.num_answered;
    for (std::size_t i = 0; i < kNumReplyKinds; ++i) by_kind.at(i) += miner.num_silent.at(i);
  }
  text.metric("assay_validator_recent_replies", kGauge,
              "Replies to the challenges that are remembered, by kind.");
  for (std::size_t i = 0; i < kNumReplyKinds; ++i) {
    text.sample(static_cast<double>(by_kind.at(i)),
                {{"kind", to_string(static_cast<ReplyKind>(i))}});
  }
}

void add_cells(MetricText& text, const ValidatorStatus& status) {
  const auto per_cell = [&](std::string_view name, metrics::MetricType type, std::string_view help,
                            auto value_of) {
    text.metric(name, type, help);
    for (const CellStatus& cell : status.cells) {
      text.sample(static_cast<double>(value_of(cell)),
                  {{"origin", to_string(cell.cell.origin)}, {"label", name_of(cell.cell.label)}});
    }
  };
  per_cell("assay_validator_cache_images", kGauge, "Images that may be drawn.",
           [](const CellStatus& cell) { return cell.num_images; });
  per_cell("assay_validator_challenges_total", kCounter, "Challenges sent.",
           [](const CellStatus& cell) { return cell.num_sent; });
  per_cell("assay_validator_mix_shortfall_share", kGauge, "By how much less than meant was sent.",
           [](const CellStatus& cell) { return cell.shortfall_share; });
}

void add_chain(MetricText& text, const ChainStatus& chain, Timestamp now) {
  gauge(text, "assay_validator_chain_block", "The newest block that was read.",
        static_cast<double>(chain.block));
  age(text, "assay_validator_chain_block_age_seconds", "Since a block was read.",
      chain.block_read_at, now);
  age(text, "assay_validator_metagraph_age_seconds", "Since the members were read.",
      chain.members_read_at, now);
  gauge(text, "assay_validator_chain_ok", "1 while the chain answers and goes on.",
        as_number(chain.problem.empty()));
  gauge(text, "assay_validator_members", "Members of the network.",
        static_cast<double>(chain.num_members));
  gauge(text, "assay_validator_miners", "Members that may be asked.",
        static_cast<double>(chain.num_miners));
}

void add_weights(MetricText& text, const WeightsStatus& weights, Timestamp now) {
  age(text, "assay_validator_weights_age_seconds", "Since weights were sent, in this run.",
      weights.sent_at, now);
  gauge(text, "assay_validator_weights_confirmed", "1 when the chain shows the last ones.",
        as_number(weights.is_confirmed));
  gauge(text, "assay_validator_weights_overdue", "1 after two tempos without.",
        as_number(weights.is_overdue));
}

void add_statistics(MetricText& text, const ExportStatus& statistics, Timestamp now) {
  counter(text, "assay_validator_statistics_sent_total", "Rounds that the service was told.",
          statistics.num_sent);
  counter(text, "assay_validator_statistics_dropped_total", "Rounds that it was not told.",
          statistics.num_dropped);
  gauge(text, "assay_validator_statistics_queued", "Rounds that wait for it.",
        static_cast<double>(statistics.num_queued));
  age(text, "assay_validator_statistics_age_seconds", "Since it was last told of a round.",
      statistics.last_sent, now);
}

}  // namespace

std::string metrics_of(const ValidatorStatus& status, Timestamp now) {
  MetricText text;
  gauge(text, "assay_validator_status_age_seconds", "Since the loop last told of itself.",
        seconds_between(status.written, now));
  gauge(text, "assay_validator_start_time_seconds", "When it started, since 1970.",
        std::chrono::duration<double>(status.started.time_since_epoch()).count());
  gauge(text, "assay_validator_asking", "1 while nothing keeps rounds from beginning.",
        as_number(status.problem.empty()));
  gauge(text, "assay_validator_registered", "1 while the hotkey is on the network.",
        as_number(status.uid.has_value()));
  add_rounds(text, status.rounds, now);
  add_replies(text, status);
  add_cells(text, status);
  add_chain(text, status.chain, now);
  add_weights(text, status.weights, now);
  if (status.statistics) add_statistics(text, *status.statistics, now);
  return text.take();
}

}  // namespace assay::validator
