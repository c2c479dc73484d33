#include "chain/sidecar_link_internal.h"
#include "chain/sidecar_messages_internal.h"
#include "chain/sidecar_start_internal.h"
#include "core/log.h"
#include "core/parse_number.h"
#include "core/shown_text.h"
#include "json/writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace assay::chain {
namespace {

using Milliseconds = std::chrono::milliseconds;

/// How long a stop, a silence or a death may go unseen.
constexpr Milliseconds kPollInterval{100};
/// A sidecar that reads nothing for so long is as good as dead.
constexpr Milliseconds kWriteDeadline = std::chrono::seconds(2);
/// A life as long as this was a good one: the waits before a start begin anew.
constexpr Milliseconds kGoodLife = std::chrono::minutes(5);

/// The sidecar gives up a little before we do, so that it can say why.
Milliseconds deadline_within(Milliseconds left) {
  return left - std::min<Milliseconds>(std::chrono::seconds(1), left / 10);
}

std::string request_line(std::int64_t id, std::string_view method, std::string_view params,
                         Milliseconds deadline) {
  json::Writer writer;
  writer.begin_object().name("id").integer(id).name("method").text(method);
  writer.name("deadline_s").number(std::chrono::duration<double>(deadline).count());
  writer.end_object();
  std::string line = writer.take();
  line.pop_back();
  return fmt::format("{},\"params\":{}}}\n", line, params);
}

SidecarReply not_sent(Error why) {
  return {.kind = SidecarReply::Kind::kNotSent, .why = std::move(why)};
}

}  // namespace

SidecarLink::SidecarLink(SidecarLinkOptions options, const Clock& clock)
    : options_(std::move(options)),
      clock_(clock),
      thread_([this](const std::stop_token& stop) { keep_running(stop); }) {}

SidecarLink::~SidecarLink() {
  thread_.request_stop();
  thread_.join();
}

SidecarReply SidecarLink::call(std::string_view method, std::string_view params,
                               const CallOptions& options) {
  if (options.stop.stop_requested()) return not_sent(cancelled("a stop was asked for"));
  const auto started = clock_.monotonic();
  const auto time_left = [&] {
    return std::max(
        options.deadline - std::chrono::duration_cast<Milliseconds>(clock_.monotonic() - started),
        Milliseconds(0));
  };
  std::optional<SidecarReply> slot;
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, options.stop, options.deadline,
                    [&] { return state_ != State::kStarting; });
  if (options.stop.stop_requested()) return not_sent(cancelled("a stop was asked for"));
  if (state_ == State::kDown) return not_sent(last_end_.value_or(Error{}));
  if (state_ == State::kStarting) return not_sent(not_up());
  const std::int64_t id = ++last_id_;
  waiting_[id] = &slot;
  lock.unlock();

  const auto sent_at = clock_.monotonic();
  const Status sent = send(request_line(id, method, params, deadline_within(time_left())),
                           std::min(time_left(), kWriteDeadline));
  lock.lock();
  if (!sent) {
    waiting_.erase(id);
    // Without its line end the sidecar cannot have understood it.
    give_up_on_it();
    return not_sent(sent.error());
  }
  const bool is_answered =
      changed_.wait_for(lock, options.stop, time_left(), [&] { return slot.has_value(); });
  waiting_.erase(id);
  if (is_answered) return std::move(slot).value_or(SidecarReply{});
  if (options.stop.stop_requested()) {
    return {.kind = SidecarReply::Kind::kNoAnswer, .why = cancelled("a stop was asked for")};
  }
  // One that answers others is not silent, only slow.
  if (last_line_at_.load() < sent_at.count()) give_up_on_it();
  return {.kind = SidecarReply::Kind::kNoAnswer,
          .why = timed_out(fmt::format("the chain sidecar did not answer '{}' within {} ms", method,
                                       options.deadline.count()))};
}

void SidecarLink::give_up_on_it() {
  // Calls from now on wait for the next one.
  if (state_ == State::kUp) state_ = State::kStarting;
  is_silent_ = true;
}

Error SidecarLink::not_up() const {
  std::string message = "the chain sidecar is not up yet";
  if (last_end_) message += "; the last one: " + last_end_->message;
  return timed_out(std::move(message));
}

Status SidecarLink::send(const std::string& line, Milliseconds timeout) {
  const std::scoped_lock lock(write_mutex_);
  if (!child_) return unavailable("the chain sidecar has just ended");
  return child_->write(line, {.timeout = timeout});
}

void SidecarLink::keep_running(const std::stop_token& stop) {
  Milliseconds wait = options_.first_restart_wait;
  while (!stop.stop_requested()) {
    const auto born = clock_.monotonic();
    const Error why = live(stop);
    note_end(why);
    if (stop.stop_requested()) return;
    if (clock_.monotonic() - born > kGoodLife) wait = options_.first_restart_wait;
    log_warning("the chain sidecar ended and is started anew",
                {{"reason", why.message}, {"wait", assay::to_string(wait)}});
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, stop, wait, [] { return false; });
    wait = std::min(wait * 2, options_.last_restart_wait);
  }
}

Error SidecarLink::live(const std::stop_token& stop) {
  is_silent_ = false;
  ++num_starts_;
  auto started = process::ChildProcess::start(options_.child);
  if (!started) {
    return missing("the chain sidecar cannot be started: " + started.error().message);
  }
  const std::shared_ptr<process::ChildProcess> child = std::move(*started);
  const Status greeted = greet(*child, stop);
  if (!greeted) return greeted.error();
  {
    const std::scoped_lock lock(write_mutex_);
    child_ = child;
  }
  note_up();
  Error why = serve(*child, stop);
  // Nobody writes to it any more; then it is killed, with the last that holds it.
  const std::scoped_lock lock(write_mutex_);
  child_.reset();
  return why;
}

Status SidecarLink::greet(process::ChildProcess& child, const std::stop_token& stop) const {
  ASSIGN_OR_RETURN(const json::Value ready, await_greeting(child, options_.start_deadline, stop));
  return options_.check_greeting ? options_.check_greeting(ready) : Status();
}

Error SidecarLink::serve(process::ChildProcess& child, const std::stop_token& stop) {
  for (;;) {
    if (stop.stop_requested()) return cancelled("the chain sidecar was stopped");
    if (is_silent_) return unavailable("the chain sidecar was silent");
    const auto line = child.read_output_line({.timeout = kPollInterval, .stop = stop});
    if (!line) {
      if (line.error().code == ErrorCode::kTimeout) continue;
      if (line.error().code == ErrorCode::kCancelled) continue;
      return unavailable("the chain sidecar cannot be read: " + line.error().message);
    }
    if (!*line) return unavailable("the chain sidecar ended");
    last_line_at_ = clock_.monotonic().count();
    auto answer = read_sidecar_line(**line);
    if (!answer) return answer.error();
    if (answer->kind == SidecarLine::Kind::kFatal) {
      return unavailable("the chain sidecar gave up: " +
                         shown_text(read_sidecar_error(answer->content).message));
    }
    if (answer->kind == SidecarLine::Kind::kReady) {
      return corrupt("the chain sidecar says twice that it is ready");
    }
    const std::scoped_lock lock(mutex_);
    const auto found = waiting_.find(answer->id);
    // Somebody who has left meanwhile.
    if (found == waiting_.end()) continue;
    *found->second = SidecarReply{.kind = answer->kind == SidecarLine::Kind::kResult
                                              ? SidecarReply::Kind::kResult
                                              : SidecarReply::Kind::kError,
                                  .content = std::move(answer->content)};
    changed_.notify_all();
  }
}

void SidecarLink::note_up() {
  const std::scoped_lock lock(mutex_);
  state_ = State::kUp;
  changed_.notify_all();
}

void SidecarLink::note_end(const Error& why) {
  const std::scoped_lock lock(mutex_);
  // What is missing is not there in a moment; what died may be.
  state_ = why.code == ErrorCode::kMissing ? State::kDown : State::kStarting;
  last_end_ = why;
  for (auto& [id, slot] : waiting_) {
    if (!*slot) *slot = SidecarReply{.kind = SidecarReply::Kind::kNoAnswer, .why = why};
  }
  changed_.notify_all();
}

}  // namespace assay::chain
