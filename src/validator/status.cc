#include "validator/status.h"

#include "core/limits.h"
#include "files/atomic_file.h"
#include "json/writer.h"

#include <fmt/format.h>

namespace assay::validator {
namespace {

void write_time(json::Writer& writer, std::string_view name, const std::optional<Timestamp>& time) {
  writer.name(name);
  time ? writer.text(to_rfc3339(*time)) : writer.null();
}

void write_number(json::Writer& writer, std::string_view name, const std::optional<double>& value) {
  writer.name(name);
  value ? writer.number(*value) : writer.null();
}

void write_rounds(json::Writer& writer, const RoundsStatus& rounds) {
  writer.name("rounds").begin_object();
  writer.name("scored_ever").unsigned_integer(rounds.num_scored_ever);
  writer.name("scored").unsigned_integer(rounds.num_scored);
  writer.name("skipped").unsigned_integer(rounds.num_skipped);
  writer.name("in_flight").unsigned_integer(rounds.num_in_flight);
  writer.name("asked").unsigned_integer(rounds.num_asked);
  writer.name("answered").unsigned_integer(rounds.num_answered);
  write_time(writer, "last_finished", rounds.last_finished);
  writer.end_object();
}

void write_chain(json::Writer& writer, const ChainStatus& chain) {
  writer.name("chain").begin_object();
  writer.name("block").unsigned_integer(chain.block);
  write_time(writer, "block_read", chain.block_read_at);
  write_time(writer, "members_read", chain.members_read_at);
  writer.name("members").unsigned_integer(chain.num_members);
  writer.name("miners").unsigned_integer(chain.num_miners);
  writer.name("problem").text(chain.problem);
  writer.end_object();
}

void write_cells(json::Writer& writer, const ValidatorStatus& status) {
  writer.name("cache").begin_object();
  writer.name("folder").text(status.cache);
  writer.name("cells").begin_list();
  for (const CellStatus& cell : status.cells) {
    writer.begin_object();
    writer.name("origin").text(to_string(cell.cell.origin));
    writer.name("label").text(name_of(cell.cell.label));
    writer.name("images").unsigned_integer(cell.num_images);
    writer.name("sent").unsigned_integer(cell.num_sent);
    writer.name("target_share").number(cell.target_share);
    writer.name("sent_share").number(cell.sent_share);
    writer.name("shortfall_share").number(cell.shortfall_share);
    writer.end_object();
  }
  writer.end_list();
  writer.end_object();
}

void write_weights(json::Writer& writer, const WeightsStatus& weights) {
  writer.name("weights").begin_object();
  writer.name("off").boolean(weights.is_off);
  write_time(writer, "sent", weights.sent_at);
  writer.name("block").unsigned_integer(weights.block);
  writer.name("result").text(weights.result);
  writer.name("error").text(weights.error_name);
  writer.name("message").text(weights.message);
  writer.name("members").unsigned_integer(weights.num_weights);
  writer.name("burnt").boolean(weights.is_burnt);
  writer.name("confirmed").boolean(weights.is_confirmed);
  writer.name("due_block");
  weights.due_block ? writer.unsigned_integer(*weights.due_block) : writer.null();
  writer.name("overdue").boolean(weights.is_overdue);
  writer.end_object();
}

void write_proxy(json::Writer& writer, const std::optional<ProxyStatus>& proxy) {
  writer.name("proxy");
  if (!proxy) {
    writer.null();
    return;
  }
  writer.begin_object();
  writer.name("address").text(proxy->address);
  writer.name("problem").text(proxy->problem);
  writer.name("requests").unsigned_integer(proxy->num_requests);
  writer.name("answered").unsigned_integer(proxy->num_answered);
  writer.name("unanswered").unsigned_integer(proxy->num_unanswered);
  writer.name("refused").unsigned_integer(proxy->num_refused);
  writer.name("active").unsigned_integer(proxy->num_active);
  write_time(writer, "last_request", proxy->last_request);
  write_time(writer, "last_answer", proxy->last_answer);
  writer.end_object();
}

void write_statistics(json::Writer& writer, const std::optional<ExportStatus>& statistics) {
  writer.name("statistics");
  if (!statistics) {
    writer.null();
    return;
  }
  writer.begin_object();
  writer.name("address").text(statistics->address);
  writer.name("problem").text(statistics->problem);
  writer.name("sent").unsigned_integer(statistics->num_sent);
  writer.name("dropped").unsigned_integer(statistics->num_dropped);
  writer.name("queued").unsigned_integer(statistics->num_queued);
  write_time(writer, "last_sent", statistics->last_sent);
  writer.end_object();
}

void write_jobs(json::Writer& writer, const std::optional<JobCounts>& jobs) {
  writer.name("jobs");
  if (!jobs) {
    writer.null();
    return;
  }
  writer.begin_object();
  writer.name("sent").unsigned_integer(jobs->num_sent);
  writer.name("accepted").unsigned_integer(jobs->num_accepted);
  writer.name("completed").unsigned_integer(jobs->num_completed);
  writer.name("claimed").unsigned_integer(jobs->num_claimed);
  writer.name("verified").unsigned_integer(jobs->num_verified);
  writer.name("missing").unsigned_integer(jobs->num_missing);
  writer.end_object();
}

void write_miner_status(json::Writer& writer, const MinerStatus& miner) {
  writer.begin_object();
  writer.name("uid").unsigned_integer(miner.uid);
  writer.name("hotkey").text(miner.hotkey);
  writer.name("address").text(miner.address);
  writer.name("asked").unsigned_integer(miner.num_asked);
  writer.name("answered").unsigned_integer(miner.num_answered);
  writer.name("silent").begin_object();
  for (std::size_t i = 0; i < kNumReplyKinds; ++i) {
    const auto kind = static_cast<ReplyKind>(i);
    if (kind == ReplyKind::kPrediction) continue;
    writer.name(to_string(kind)).unsigned_integer(miner.num_silent.at(i));
  }
  writer.end_object();
  write_time(writer, "last_answered", miner.last_answered);
  write_number(writer, "mean_latency_ms", miner.mean_latency_ms);
  write_number(writer, "accuracy", miner.accuracy);
  write_number(writer, "auc", miner.auc);
  write_number(writer, "false_alarm_share", miner.false_alarm_share);
  write_number(writer, "miss_share", miner.miss_share);
  writer.name("score").number(miner.score);
  writer.name("weight").unsigned_integer(miner.weight);
  writer.name("weight_share").number(miner.weight_share);
  writer.name("alike").begin_list();
  for (const scoring::Uid uid : miner.alike) writer.unsigned_integer(uid);
  writer.end_list();
  write_jobs(writer, miner.jobs);
  writer.end_object();
}

}  // namespace

std::string_view to_string(RunState state) {
  switch (state) {
    case RunState::kRunning:
      return "running";
    case RunState::kStopping:
      return "stopping";
    case RunState::kStopped:
      return "stopped";
  }
  return "unknown";
}

std::string to_json(const ValidatorStatus& status) {
  json::Writer writer(json::Layout::kPretty);
  writer.begin_object();
  writer.name("format").text(kStatusFormat);
  writer.name("written").text(to_rfc3339(status.written));
  writer.name("started").text(to_rfc3339(status.started));
  writer.name("state").text(to_string(status.state));
  writer.name("hotkey").text(status.hotkey);
  writer.name("uid");
  status.uid ? writer.unsigned_integer(*status.uid) : writer.null();
  write_number(writer, "stake_tao", status.stake_tao);
  writer.name("permit");
  status.has_permit ? writer.boolean(*status.has_permit) : writer.null();
  writer.name("network").text(status.network);
  writer.name("netuid").unsigned_integer(status.netuid);
  writer.name("formula").text(status.formula);
  writer.name("share_copies").boolean(status.shares_copies);
  writer.name("problem").text(status.problem);
  write_rounds(writer, status.rounds);
  write_chain(writer, status.chain);
  write_cells(writer, status);
  write_weights(writer, status.weights);
  write_proxy(writer, status.proxy);
  write_statistics(writer, status.statistics);
  writer.name("miners").begin_list();
  for (const MinerStatus& miner : status.miners) write_miner_status(writer, miner);
  writer.end_list();
  return writer.end_object().take() + "\n";
}

Status write_status(files::FileSystem& file_system, const std::filesystem::path& folder,
                    const ValidatorStatus& status) {
  return files::write_file(file_system, folder / kStatusFile, to_json(status));
}

Result<std::optional<ValidatorStatus>> read_status(files::FileSystem& file_system,
                                                   const std::filesystem::path& folder) {
  const std::filesystem::path path = folder / kStatusFile;
  ASSIGN_OR_RETURN(const auto info, file_system.info(path));
  if (!info) return std::optional<ValidatorStatus>();
  ASSIGN_OR_RETURN(const std::string text, files::read_file(file_system, path, kMaxJsonSize));
  ASSIGN_OR_RETURN(ValidatorStatus status, with_context(parse_status(text), path.native()));
  return std::optional<ValidatorStatus>(std::move(status));
}

}  // namespace assay::validator
