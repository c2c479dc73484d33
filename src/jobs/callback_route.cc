#include "jobs/callback_route.h"

#include "core/check.h"
#include "core/log.h"
#include "protocol/btauth.h"
#include "protocol/epistula.h"

#include <memory>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

namespace assay::jobs {
namespace {

constexpr ByteCount kMaxCallback{std::uint64_t{64} << 10};

// Legacy signs no body: a claim that anybody could change on its way is no claim.
std::vector<std::unique_ptr<protocol::Scheme>> callback_schemes() {
  std::vector<std::unique_ptr<protocol::Scheme>> schemes;
  schemes.push_back(std::make_unique<protocol::Btauth>());
  schemes.push_back(std::make_unique<protocol::Epistula>());
  return schemes;
}

}  // namespace

CallbackDesk::CallbackDesk(JobLedger& ledger, Clock& clock, keys::Hotkey self,
                           const CallbackOptions& options, std::function<void()> on_taken)
    : ledger_(&ledger),
      clock_(&clock),
      options_(options),
      on_taken_(std::move(on_taken)),
      gate_(self, callback_schemes(),
            [this](const keys::Hotkey& sender) -> std::optional<std::string> {
              if (ledger_->knows(sender)) return std::nullopt;
              return "the sender was given no job";
            }) {}

net::HttpRoute CallbackDesk::route() {
  return {.method = net::HttpMethod::kPost,
          .pattern = std::string(protocol::kCallbackTarget),
          .handler = [this](const net::ServedRequest& request) { return answer(request); },
          .max_body = kMaxCallback};
}

net::ServedResponse CallbackDesk::answer(const net::ServedRequest& request) {
  // The target is signed as it was sent, and there is one way to write ours.
  const auto verdict = gate_.check({.method = net::to_string(request.method),
                                    .target = protocol::kCallbackTarget,
                                    .headers = request.headers,
                                    .body = request.body},
                                   clock_->now());
  if (const auto* refusal = std::get_if<protocol::Refusal>(&verdict)) return refuse(*refusal);
  const keys::Hotkey& sender = std::get<protocol::Authentic>(verdict).sender;
  const auto callback = protocol::parse_generation_callback(request.body);
  if (!callback) {
    count(&CallbackCounts::malformed);
    return net::error_response(400, "invalid_input", callback.error().message);
  }
  const auto outcome = take(sender, *callback);
  if (!outcome) {
    count(&CallbackCounts::put_off);
    // Why is ours to know, and in the log.
    if (outcome.error().code != ErrorCode::kExhausted) {
      log_error("a callback was not recorded", {{"reason", outcome.error().message}});
    }
    return net::error_response(503, "unavailable", "not recorded: try again, signed anew");
  }
  return answer_to(*outcome);
}

net::ServedResponse CallbackDesk::refuse(const protocol::Refusal& refusal) {
  const bool is_for_later = refusal.status == 429 || refusal.status == 503;
  count(is_for_later ? &CallbackCounts::put_off : &CallbackCounts::strangers);
  return net::error_response(refusal.status, protocol::to_string(refusal.reason), refusal.message);
}

Result<CallbackOutcome> CallbackDesk::take(const keys::Hotkey& sender,
                                           const protocol::GenerationCallback& callback) {
  // Asked first: the answer may come between the two.
  const bool awaits_answer = ledger_->awaits_answer(sender);
  ASSIGN_OR_RETURN(const CallbackOutcome outcome,
                   ledger_->take_callback(sender, callback, clock_->now()));
  const bool is_known =
      outcome != CallbackOutcome::kUnknown && outcome != CallbackOutcome::kStranger;
  if (is_known || !awaits_answer) return outcome;
  if (++num_waiting_ > options_.max_waiting) {
    --num_waiting_;
    return exhausted("too many callbacks came before the answers to their jobs");
  }
  ledger_->wait_for_answer(sender, options_.patience, stop_.get_token());
  --num_waiting_;
  return ledger_->take_callback(sender, callback, clock_->now());
}

net::ServedResponse CallbackDesk::answer_to(CallbackOutcome outcome) {
  switch (outcome) {
    case CallbackOutcome::kTaken:
      count(&CallbackCounts::taken);
      if (on_taken_) on_taken_();
      return {.body = R"({"status":"recorded"})"};
    case CallbackOutcome::kRepeated:
      count(&CallbackCounts::repeated);
      return {.body = R"({"status":"recorded before"})"};
    case CallbackOutcome::kContradicts:
      count(&CallbackCounts::contradicting);
      return net::error_response(409, "contradicts", "the job was called back with other words");
    case CallbackOutcome::kTooLate:
      count(&CallbackCounts::late);
      return net::error_response(410, "too_late", "the job's time is over");
    case CallbackOutcome::kStranger:
      count(&CallbackCounts::strangers);
      return net::error_response(403, "unwelcome", "the job is another miner's");
    case CallbackOutcome::kUnknown:
      count(&CallbackCounts::unknown);
      return net::error_response(404, "not_found", "no job of yours has this task_id");
  }
  CHECK(false, "a CallbackOutcome outside its enumerators");
}

void CallbackDesk::count(std::uint64_t CallbackCounts::* which) {
  const std::scoped_lock lock(mutex_);
  ++(counts_.*which);
}

CallbackCounts CallbackDesk::counts() const {
  const std::scoped_lock lock(mutex_);
  return counts_;
}

}  // namespace assay::jobs
