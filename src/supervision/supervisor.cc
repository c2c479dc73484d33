#include "supervision/supervisor.h"

#include "core/exit_code.h"
#include "core/log.h"
#include "core/shown_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <utility>

namespace assay::supervision {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;

/// Taken from one member before the next one has its turn.
constexpr int kMaxLinesAtOnce = 1000;
/// Taken from one that has ended: more than a pipe holds.
constexpr int kMaxLastLines = 100'000;
/// Between two looks while they end.
constexpr milliseconds kStopPause{20};
constexpr int kMaxDoublings = 20;

/// Nothing when none has come, or none will.
std::optional<std::string> line_at_hand(process::ChildProcess& child) {
  return child.read_output_line({.timeout = milliseconds(0)}).value_or(std::nullopt);
}

milliseconds shown(nanoseconds time) { return std::chrono::duration_cast<milliseconds>(time); }

}  // namespace

struct Supervisor::Member {
  MemberOptions options;
  MemberState state = MemberState::kWaiting;
  std::unique_ptr<process::ChildProcess> child = {};
  std::unique_ptr<files::File> log = {};
  std::uint64_t num_starts = 0;
  int num_quick_ends = 0;     // in a row
  nanoseconds started{0};     // monotonic
  Timestamp started_at = {};  // as files count time
  nanoseconds start_due{0};   // monotonic
  std::string last_line = {};
  std::string last_end = {};
};

std::string_view to_string(MemberState state) {
  switch (state) {
    case MemberState::kRunning:
      return "running";
    case MemberState::kWaiting:
      return "waiting";
    case MemberState::kStopped:
      return "stopped";
  }
  return "unknown";
}

Supervisor::Supervisor(files::FileSystem& file_system, Clock& clock, SupervisorOptions options)
    : file_system_(file_system), clock_(clock), options_(options) {}

Supervisor::~Supervisor() = default;

void Supervisor::add(MemberOptions options) {
  options.program.input = process::ChildStream::kNull;
  options.program.output = process::ChildStream::kPipe;
  options.program.errors = process::ChildErrors::kWithOutput;
  auto member = std::make_unique<Member>();
  member->options = std::move(options);
  member->start_due = clock_.monotonic();
  members_.push_back(std::move(member));
}

Status Supervisor::look() {
  for (const auto& member : members_) RETURN_IF_ERROR(look_after(*member));
  return {};
}

Status Supervisor::look_after(Member& member) {
  if (member.state == MemberState::kWaiting && clock_.monotonic() >= member.start_due) {
    return start(member);
  }
  if (member.state != MemberState::kRunning) return {};
  // Before the lines are taken: so none is missed that was written before the end.
  const auto end = member.child->ended();
  take_lines(member, end ? kMaxLastLines : kMaxLinesAtOnce);
  if (end) {
    const bool is_usage = end->signal == 0 && end->code == static_cast<int>(ExitCode::kUsage);
    return note_end(member, process::to_text(*end), ErrorCode::kUnavailable,
                    is_usage ? EndKind::kUsage : EndKind::kOther);
  }
  if (auto why = why_stuck(member)) {
    const auto killed = member.child->stop(milliseconds(0));
    if (!killed) log_warning(killed.error().message, {{"member", member.options.name}});
    return note_end(member, std::move(*why), ErrorCode::kTimeout);
  }
  return {};
}

Status Supervisor::start(Member& member) {
  member.last_line.clear();
  member.started = clock_.monotonic();
  member.started_at = clock_.now();
  ++member.num_starts;
  auto child = process::ChildProcess::start(member.options.program);
  if (!child) return note_end(member, child.error().message, child.error().code);
  member.child = std::move(*child);
  member.state = MemberState::kRunning;
  log_debug("started",
            {{"member", member.options.name}, {"process", std::to_string(member.child->id())}});
  return {};
}

Status Supervisor::note_end(Member& member, std::string reason, ErrorCode code, EndKind end) {
  member.child.reset();
  const nanoseconds now = clock_.monotonic();
  const bool was_quick = now - member.started < options_.well_after;
  member.num_quick_ends = was_quick ? member.num_quick_ends + 1 : 1;
  member.last_end = std::move(reason);
  if (!member.last_line.empty()) {
    member.last_end += "; its last words: " + shown_text(member.last_line);
  }
  if (options_.once_dead == OnceDead::kExit) {
    member.state = MemberState::kStopped;
    return Error{.code = code,
                 .message = fmt::format("{} ended: {}", member.options.name, member.last_end)};
  }
  if (end == EndKind::kUsage) {
    member.state = MemberState::kStopped;
    log_error(fmt::format("{} ended: {}; it would do so again, and is not started any more",
                          member.options.name, member.last_end));
    return {};
  }
  const int doublings = std::min(member.num_quick_ends - 1, kMaxDoublings);
  const milliseconds pause =
      std::min(options_.first_pause * (std::int64_t{1} << doublings), options_.longest_pause);
  member.state = MemberState::kWaiting;
  member.start_due = now + pause;
  log_warning(
      fmt::format("{} ended: {}; it is started again", member.options.name, member.last_end),
      {{"in_ms", std::to_string(pause.count())}});
  return {};
}

std::optional<std::string> Supervisor::why_stuck(const Member& member) const {
  if (member.options.heartbeat.empty()) return std::nullopt;
  // One that cannot be looked at is as good as none.
  const std::optional<files::FileInfo> info =
      file_system_.info(member.options.heartbeat).value_or(std::nullopt);
  Timestamp last = member.started_at;
  if (info) last = std::max(last, info->modified);
  const auto age = std::chrono::duration_cast<milliseconds>(clock_.now() - last);
  if (age <= member.options.heartbeat_limit) return std::nullopt;
  return fmt::format(
      "killed, for it was stuck: {} is {}", member.options.heartbeat.native(),
      info ? fmt::format("{:.0f} s old", static_cast<double>(age.count()) / 1000) : "not there");
}

void Supervisor::take_lines(Member& member, int max_lines) {
  if (!member.child) return;
  std::string lines;
  for (int i = 0; i < max_lines; ++i) {
    const std::optional<std::string> line = line_at_hand(*member.child);
    if (!line) break;
    if (!line->empty()) member.last_line = *line;
    lines += *line + "\n";
  }
  if (!lines.empty() && !member.options.log.empty()) write_log(member, lines);
}

// A log that cannot be written must not stop the members: it is told once, and tried again with the
// next lines.
void Supervisor::write_log(Member& member, const std::string& lines) {
  const auto& path = member.options.log;
  const auto write = [&] -> Status {
    if (!member.log) {
      RETURN_IF_ERROR(file_system_.create_folders(path.parent_path()));
      ASSIGN_OR_RETURN(member.log, file_system_.open(path, files::OpenMode::kAppend));
    }
    RETURN_IF_ERROR(member.log->append(as_bytes(lines)));
    ASSIGN_OR_RETURN(const ByteCount size, member.log->size());
    if (size < options_.max_log) return {};
    member.log.reset();
    return file_system_.rename(path, path.native() + ".1");
  };
  const auto written = write();
  if (written) return;
  member.log.reset();
  log_warning(written.error().message, {{"member", member.options.name}});
}

std::vector<MemberStatus> Supervisor::status() const {
  std::vector<MemberStatus> all;
  const nanoseconds now = clock_.monotonic();
  for (const auto& member : members_) {
    const bool waits = member->state == MemberState::kWaiting;
    all.push_back({.name = member->options.name,
                   .state = member->state,
                   .id = member->child ? member->child->id() : 0,
                   .num_restarts = member->num_starts == 0 ? 0 : member->num_starts - 1,
                   .last_end = member->last_end,
                   .pause_left = waits ? std::max(shown(member->start_due - now), milliseconds(0))
                                       : milliseconds(0)});
  }
  return all;
}

void Supervisor::stop() {
  for (const auto& member : members_) {
    if (member->child) member->child->terminate();
  }
  const nanoseconds deadline = clock_.monotonic() + options_.grace;
  const auto is_running = [](const std::unique_ptr<Member>& member) {
    return member->child && !member->child->ended();
  };
  while (clock_.monotonic() < deadline) {
    // Who fills its pipe while it ends would wait for us for ever.
    for (const auto& member : members_) take_lines(*member, kMaxLinesAtOnce);
    const auto runs = std::ranges::find_if(members_, is_running);
    if (runs == members_.end()) break;
    [[maybe_unused]] const auto end = (*runs)->child->wait({.timeout = kStopPause});
  }
  for (const auto& member : members_) {
    member->state = MemberState::kStopped;
    if (!member->child) continue;
    const auto end = member->child->stop(milliseconds(0));
    take_lines(*member, kMaxLastLines);
    member->last_end = end ? process::to_text(*end) : end.error().message;
    member->child.reset();
  }
}

}  // namespace assay::supervision
