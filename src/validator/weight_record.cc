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

}  // namespace

std::string intent_line(const WeightsReport& report, const ScoreOffer& offer,
                        const NetworkView& view, std::uint64_t version_key) {
  json::Writer writer;
  begin(writer, "submission", report.sent_at, report);
  writer.name("netuid").unsigned_integer(static_cast<std::uint64_t>(view.metagraph.netuid));
  writer.name("version_key").unsigned_integer(version_key);
  writer.name("burnt").boolean(report.is_burnt);
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

std::string confirmed_line(const WeightsReport& report, chain::BlockNumber last_update,
                           Timestamp now) {
  json::Writer writer;
  begin(writer, "confirmed", now, report);
  writer.name("last_update").unsigned_integer(last_update);
  return writer.end_object().take();
}

}  // namespace assay::validator
