#include "json/value.h"
#include "validator/status.h"

#include <fmt/format.h>

#include <limits>
#include <utility>

namespace assay::validator {
namespace {

using json::Value;

/// Reads members of one object; the first that is not as it should be is remembered, and everything
/// after it reads as nothing.
class Members {
 public:
  Members(const Value& object, Status& status) : object_(&object), status_(&status) {}

  std::string text(std::string_view name) {
    return keep(object_->require_text(name)).value_or(std::string());
  }
  double number(std::string_view name) { return keep(object_->require_number(name)).value_or(0); }
  std::uint64_t count(std::string_view name) {
    const auto number = keep(object_->require_integer(name));
    if (!number) return 0;
    if (*number < 0) fail(name, "a count");
    return static_cast<std::uint64_t>(*number);
  }
  template <typename Number>
  Number count_as(std::string_view name) {
    const std::uint64_t number = count(name);
    if (number > std::numeric_limits<Number>::max()) fail(name, "a smaller count");
    return static_cast<Number>(number);
  }
  bool boolean(std::string_view name) {
    const auto value = member(name).boolean();
    if (!value) fail(name, "true or false");
    return value.value_or(false);
  }
  Timestamp time(std::string_view name) {
    return keep(with_context(parse_timestamp(text(name)), name)).value_or(Timestamp());
  }
  bool has(std::string_view name) { return !member(name).is_null(); }
  std::optional<Timestamp> optional_time(std::string_view name) {
    return has(name) ? std::optional(time(name)) : std::nullopt;
  }
  std::optional<double> optional_number(std::string_view name) {
    return has(name) ? std::optional(number(name)) : std::nullopt;
  }
  /// An object's members, or none.
  Members object(std::string_view name) {
    if (member(name).object() == nullptr) fail(name, "an object");
    return {member(name), *status_};
  }
  const Value::List& list(std::string_view name) {
    static const Value::List kNothing;
    const Value::List* list = member(name).list();
    if (list == nullptr) fail(name, "a list");
    return list == nullptr ? kNothing : *list;
  }

 private:
  const Value& member(std::string_view name) const {
    static const Value kNull;
    const Value* found = object_->find(name);
    return found == nullptr ? kNull : *found;
  }
  void fail(std::string_view name, std::string_view expected) {
    if (*status_) {
      *status_ = invalid_input(fmt::format("\"{}\" of a status: expected {}", name, expected));
    }
  }
  template <typename T>
  std::optional<T> keep(Result<T> result) {
    if (result) return std::move(*result);
    if (*status_) *status_ = std::move(result.error());
    return std::nullopt;
  }

  const Value* object_;
  Status* status_;
};

RoundsStatus read_rounds(Members members) {
  return {.num_scored_ever = members.count("scored_ever"),
          .num_scored = members.count("scored"),
          .num_skipped = members.count("skipped"),
          .num_in_flight = members.count("in_flight"),
          .num_asked = members.count("asked"),
          .num_answered = members.count("answered"),
          .last_finished = members.optional_time("last_finished")};
}

ChainStatus read_chain(Members members) {
  return {.block = members.count("block"),
          .block_read_at = members.optional_time("block_read"),
          .members_read_at = members.optional_time("members_read"),
          .num_members = members.count("members"),
          .num_miners = members.count("miners"),
          .problem = members.text("problem")};
}

WeightsStatus read_weights(Members members) {
  WeightsStatus weights{.is_off = members.boolean("off"),
                        .sent_at = members.optional_time("sent"),
                        .block = members.count("block"),
                        .result = members.text("result"),
                        .error_name = members.text("error"),
                        .message = members.text("message"),
                        .num_weights = members.count("members"),
                        .is_burnt = members.boolean("burnt"),
                        .is_confirmed = members.boolean("confirmed"),
                        .is_overdue = members.boolean("overdue")};
  if (members.has("due_block")) weights.due_block = members.count("due_block");
  return weights;
}

CellStatus read_cell(Members members, Status& status) {
  const auto origin = parse_image_origin(members.text("origin"));
  const auto label = parse_label(members.text("label"));
  if (status && !origin) status = origin.error();
  if (status && !label) status = label.error();
  return {.cell = {.origin = origin.value_or(ImageOrigin::kReal),
                   .label = label.value_or(scoring::Label::kAbsent)},
          .num_images = members.count("images"),
          .num_sent = members.count("sent"),
          .target_share = members.number("target_share"),
          .sent_share = members.number("sent_share"),
          .shortfall_share = members.number("shortfall_share")};
}

JobCounts read_jobs(Members members) {
  return {.num_sent = members.count("sent"),
          .num_accepted = members.count("accepted"),
          .num_completed = members.count("completed"),
          .num_claimed = members.count("claimed"),
          .num_verified = members.count("verified"),
          .num_missing = members.count("missing")};
}

MinerStatus read_miner_status(const Value& value, Status& status) {
  Members members(value, status);
  MinerStatus miner{.uid = members.count_as<scoring::Uid>("uid"),
                    .hotkey = members.text("hotkey"),
                    .address = members.text("address"),
                    .num_asked = members.count("asked"),
                    .num_answered = members.count("answered"),
                    .last_answered = members.optional_time("last_answered"),
                    .mean_latency_ms = members.optional_number("mean_latency_ms"),
                    .accuracy = members.optional_number("accuracy"),
                    .auc = members.optional_number("auc"),
                    .false_alarm_share = members.optional_number("false_alarm_share"),
                    .miss_share = members.optional_number("miss_share"),
                    .score = members.number("score"),
                    .weight = members.count_as<std::uint16_t>("weight"),
                    .weight_share = members.number("weight_share")};
  Members silent = members.object("silent");
  for (std::size_t i = 0; i < kNumReplyKinds; ++i) {
    const auto kind = static_cast<ReplyKind>(i);
    if (kind != ReplyKind::kPrediction) miner.num_silent.at(i) = silent.count(to_string(kind));
  }
  for (const Value& uid : members.list("alike")) {
    miner.alike.push_back(static_cast<scoring::Uid>(uid.integer().value_or(0)));
  }
  if (members.has("jobs")) miner.jobs = read_jobs(members.object("jobs"));
  return miner;
}

ProxyStatus read_proxy(Members proxy) {
  return {.address = proxy.text("address"),
          .problem = proxy.text("problem"),
          .num_requests = proxy.count("requests"),
          .num_answered = proxy.count("answered"),
          .num_unanswered = proxy.count("unanswered"),
          .num_refused = proxy.count("refused"),
          .num_active = proxy.count("active"),
          .last_request = proxy.optional_time("last_request"),
          .last_answer = proxy.optional_time("last_answer")};
}

ExportStatus read_statistics(Members statistics) {
  return {.address = statistics.text("address"),
          .problem = statistics.text("problem"),
          .num_sent = statistics.count("sent"),
          .num_dropped = statistics.count("dropped"),
          .num_queued = statistics.count("queued"),
          .last_sent = statistics.optional_time("last_sent")};
}

Result<RunState> parse_run_state(std::string_view text) {
  for (const RunState state : {RunState::kRunning, RunState::kStopping, RunState::kStopped}) {
    if (text == to_string(state)) return state;
  }
  return invalid_input("\"state\" of a status: expected running, stopping or stopped");
}

}  // namespace

Result<ValidatorStatus> parse_status(std::string_view text) {
  ASSIGN_OR_RETURN(const Value value, json::parse(text));
  ASSIGN_OR_RETURN(const std::string format, value.require_text("format"));
  if (format != kStatusFormat) {
    return invalid_input(fmt::format(
        "the status is of another version ({}) than this Assay reads ({})", format, kStatusFormat));
  }
  Status outcome;
  Members members(value, outcome);
  ValidatorStatus status{.written = members.time("written"),
                         .started = members.time("started"),
                         .hotkey = members.text("hotkey"),
                         .network = members.text("network"),
                         .netuid = members.count("netuid"),
                         .formula = members.text("formula"),
                         .problem = members.text("problem"),
                         .rounds = read_rounds(members.object("rounds")),
                         .chain = read_chain(members.object("chain")),
                         .weights = read_weights(members.object("weights"))};
  ASSIGN_OR_RETURN(status.state, parse_run_state(members.text("state")));
  // Older ones do not say these.
  status.stake_tao = members.optional_number("stake_tao");
  if (members.has("permit")) status.has_permit = members.boolean("permit");
  if (members.has("share_copies")) status.shares_copies = members.boolean("share_copies");
  if (members.has("uid")) status.uid = members.count_as<scoring::Uid>("uid");
  if (members.has("proxy")) status.proxy = read_proxy(members.object("proxy"));
  if (members.has("statistics")) {
    status.statistics = read_statistics(members.object("statistics"));
  }
  Members cache = members.object("cache");
  status.cache = cache.text("folder");
  for (const Value& cell : cache.list("cells")) {
    status.cells.push_back(read_cell({cell, outcome}, outcome));
  }
  for (const Value& miner : members.list("miners")) {
    status.miners.push_back(read_miner_status(miner, outcome));
  }
  RETURN_IF_ERROR(outcome);
  return status;
}

}  // namespace assay::validator
