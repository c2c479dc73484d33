#include "json/value.h"
#include "json/writer.h"
#include "validator/weight_record_internal.h"

#include <algorithm>

namespace assay::validator {
namespace {

void begin(json::Writer& writer, std::string_view event, Timestamp at,
           const WeightsReport& report) {
  writer.begin_object();
  writer.name("event").text(event);
  writer.name("time").text(to_rfc3339(at));
  writer.name("sent").text(to_rfc3339(report.sent_at));
  writer.name("block").unsigned_integer(report.block);
}

/// Longer than the submission of a whole network.
constexpr std::uint64_t kMaxTail = std::uint64_t{16} << 20;

/// What one more line says of weights that may be under way.
void follow(std::string_view line, std::optional<chain::PendingWeights>& pending) {
  const auto value = json::parse(line);
  if (!value) return;
  const auto event = value->require_text("event");
  if (!event) return;
  if (*event == "submission") {
    const auto block = value->require_integer("block");
    const auto before = value->require_integer("last_update");
    if (!block || !before || *block < 0 || *before < 0) return;
    pending = chain::PendingWeights{.sent_at = static_cast<chain::BlockNumber>(*block),
                                    .last_update_before = static_cast<chain::BlockNumber>(*before)};
  } else if (*event != "answer" || value->require_text("result").value_or("") != "pending") {
    pending.reset();
  }
}

}  // namespace

std::string intent_line(const WeightsReport& report, const ScoreOffer& offer,
                        const NetworkView& view, const IntentFacts& facts) {
  json::Writer writer;
  begin(writer, "submission", report.sent_at, report);
  writer.name("netuid").unsigned_integer(static_cast<std::uint64_t>(view.metagraph.netuid));
  writer.name("version_key").unsigned_integer(facts.version_key);
  writer.name("burnt").boolean(report.is_burnt);
  writer.name("small_weights").text(to_string(facts.small_weights));
  writer.name("last_update").unsigned_integer(facts.last_update);
  writer.name("members").begin_list();
  const std::size_t size = std::min(offer.scores.size(), view.neurons.size());
  for (std::size_t uid = 0; uid < size; ++uid) {
    writer.begin_object();
    writer.name("uid").unsigned_integer(uid);
    writer.name("hotkey").text(view.neurons[uid].hotkey);
    writer.name("score").number(offer.scores[uid]);
    const auto weight = std::ranges::find(report.weights, static_cast<scoring::Uid>(uid),
                                          &scoring::ChainWeight::uid);
    writer.name("weight").unsigned_integer(weight == report.weights.end() ? 0 : weight->weight);
    writer.end_object();
  }
  writer.end_list();
  return writer.end_object().take();
}

std::string answer_line(const WeightsReport& report, Timestamp now) {
  json::Writer writer;
  begin(writer, "answer", now, report);
  writer.name("result").text(chain::to_string(report.result));
  writer.name("error").text(report.error_name);
  writer.name("message").text(report.message);
  return writer.end_object().take();
}

std::string outcome_line(bool has_landed, chain::BlockNumber last_update, Timestamp now) {
  json::Writer writer;
  writer.begin_object();
  writer.name("event").text(has_landed ? "landed" : "lost");
  writer.name("time").text(to_rfc3339(now));
  writer.name("last_update").unsigned_integer(last_update);
  return writer.end_object().take();
}

Result<std::optional<chain::PendingWeights>> read_pending(const files::File& log) {
  ASSIGN_OR_RETURN(const ByteCount size, log.size());
  std::string text(std::min(size.count(), kMaxTail), '\0');
  ASSIGN_OR_RETURN(
      const std::size_t num_read,
      log.read_at(size.count() - text.size(), std::as_writable_bytes(std::span(text))));
  text.resize(num_read);
  std::optional<chain::PendingWeights> pending;
  for (std::string_view rest = text; !rest.empty();) {
    const std::size_t end = std::min(rest.find('\n'), rest.size() - 1);
    follow(rest.substr(0, end + 1), pending);
    rest.remove_prefix(end + 1);
  }
  return pending;
}

}  // namespace assay::validator
