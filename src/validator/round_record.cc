#include "validator/round_record.h"

#include "json/value.h"
#include "json/writer.h"

#include <fmt/format.h>

#include <limits>
#include <utility>

namespace assay::validator {
namespace {

void write_asked_miner(json::Writer& writer, const AskedMiner& miner) {
  writer.begin_object();
  writer.name("uid").unsigned_integer(miner.uid);
  writer.name("hotkey").text(miner.hotkey);
  writer.name("reply").text(to_string(miner.reply.kind));
  writer.name("prediction");
  miner.reply.kind == ReplyKind::kPrediction ? writer.number(miner.reply.prediction)
                                             : writer.null();
  if (miner.reply.http_status != 0) writer.name("status").integer(miner.reply.http_status);
  writer.name("latency_ms").integer(miner.reply.latency.count());
  if (!miner.reply.detail.empty()) writer.name("detail").text(miner.reply.detail);
  writer.end_object();
}

Error wrong(std::string_view name, std::string_view expected) {
  return invalid_input(fmt::format("\"{}\" of a challenge: expected {}", name, expected));
}

Result<std::uint64_t> count_of(const json::Value& object, std::string_view name) {
  ASSIGN_OR_RETURN(const std::int64_t number, object.require_integer(name));
  if (number < 0) return wrong(name, "a count");
  return static_cast<std::uint64_t>(number);
}

Result<AskedMiner> read_asked_miner(const json::Value& object) {
  AskedMiner miner;
  ASSIGN_OR_RETURN(const std::uint64_t uid, count_of(object, "uid"));
  if (uid > std::numeric_limits<scoring::Uid>::max()) return wrong("uid", "at most 65535");
  miner.uid = static_cast<scoring::Uid>(uid);
  ASSIGN_OR_RETURN(miner.hotkey, object.require_text("hotkey"));
  ASSIGN_OR_RETURN(const std::string kind, object.require_text("reply"));
  ASSIGN_OR_RETURN(miner.reply.kind, parse_reply_kind(kind));
  if (miner.reply.kind == ReplyKind::kPrediction) {
    ASSIGN_OR_RETURN(miner.reply.prediction, object.require_number("prediction"));
  }
  ASSIGN_OR_RETURN(const std::uint64_t latency, count_of(object, "latency_ms"));
  miner.reply.latency = std::chrono::milliseconds(latency);
  if (const json::Value* status = object.find("status")) {
    miner.reply.http_status = static_cast<int>(status->integer().value_or(0));
  }
  if (const json::Value* detail = object.find("detail")) {
    if (const std::string* text = detail->text()) miner.reply.detail = *text;
  }
  return miner;
}

Result<Sha256> hash_of(const json::Value& object, std::string_view name) {
  ASSIGN_OR_RETURN(const std::string text, object.require_text(name));
  return with_context(Sha256::parse(text), name);
}

}  // namespace

std::string to_json(const RoundRecord& record) {
  json::Writer writer;
  writer.begin_object();
  writer.name("challenge").unsigned_integer(record.challenge);
  writer.name("round").unsigned_integer(record.round);
  writer.name("started").text(to_rfc3339(record.started));
  writer.name("origin").text(to_string(record.cell.origin));
  writer.name("label").text(name_of(record.cell.label));
  writer.name("image").text(record.recipe.image_name);
  writer.name("image_sha256").text(record.recipe.image_hash.to_hex());
  writer.name("augmentation");
  write_json(writer, record.recipe.augmentation);
  writer.name("jpeg_quality").integer(record.recipe.jpeg_quality);
  writer.name("wire_sha256").text(record.recipe.wire_hash.to_hex());
  writer.name("miners").begin_list();
  for (const AskedMiner& miner : record.miners) write_asked_miner(writer, miner);
  writer.end_list();
  return writer.end_object().take();
}

Result<RoundRecord> parse_round_record(std::string_view line) {
  ASSIGN_OR_RETURN(const json::Value object, json::parse(line));
  ASSIGN_OR_RETURN(const Sha256 image_hash, hash_of(object, "image_sha256"));
  ASSIGN_OR_RETURN(const Sha256 wire_hash, hash_of(object, "wire_sha256"));
  RoundRecord record{.recipe = {.image_hash = image_hash, .wire_hash = wire_hash}};
  ASSIGN_OR_RETURN(record.challenge, count_of(object, "challenge"));
  ASSIGN_OR_RETURN(record.round, count_of(object, "round"));
  ASSIGN_OR_RETURN(const std::string started, object.require_text("started"));
  ASSIGN_OR_RETURN(record.started, parse_timestamp(started));
  ASSIGN_OR_RETURN(const std::string origin, object.require_text("origin"));
  ASSIGN_OR_RETURN(record.cell.origin, parse_image_origin(origin));
  ASSIGN_OR_RETURN(const std::string label, object.require_text("label"));
  ASSIGN_OR_RETURN(record.cell.label, parse_label(label));
  ASSIGN_OR_RETURN(record.recipe.image_name, object.require_text("image"));
  const json::Value* augmentation = object.find("augmentation");
  if (augmentation == nullptr) return wrong("augmentation", "an object");
  ASSIGN_OR_RETURN(record.recipe.augmentation, read_augmentation(*augmentation));
  ASSIGN_OR_RETURN(const std::int64_t quality, object.require_integer("jpeg_quality"));
  if (quality < 1 || quality > 100) return wrong("jpeg_quality", "1 to 100");
  record.recipe.jpeg_quality = static_cast<int>(quality);
  const json::Value* miners = object.find("miners");
  if (miners == nullptr || miners->list() == nullptr) return wrong("miners", "a list");
  for (const json::Value& miner : *miners->list()) {
    ASSIGN_OR_RETURN(AskedMiner asked, read_asked_miner(miner));
    record.miners.push_back(std::move(asked));
  }
  return record;
}

}  // namespace assay::validator
