/// \file
/// Several programs that are kept running: a dead one is started again, a stuck one is killed.

#pragma once

#include "core/bytes.h"
#include "core/clock.h"
#include "core/result.h"
#include "files/file_system.h"
#include "process/child_process.h"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace assay::supervision {

/// A program to keep running.
struct MemberOptions {
  std::string name = {};
  /// Its streams are set by the supervisor: no input, and output and errors to the log.
  process::ChildOptions program = {};
  /// Gets its lines; empty: they are dropped, but for the last one.
  std::filesystem::path log = {};
  /// A file that it writes again and again while it is well; empty: it has none.
  std::filesystem::path heartbeat = {};
  /// One that is older, counted from the member's start at the earliest, means: stuck.
  std::chrono::milliseconds heartbeat_limit = std::chrono::seconds(60);
};

enum class OnceDead : std::uint8_t {
  /// After a pause, which grows while it dies soon again. Who did not understand its command line
  /// (exit code 2) would end so for ever: it stays stopped, which is told by an error in the log.
  kRestart,
  kExit,  ///< look() fails: whoever supervises us starts all anew.
};

struct SupervisorOptions {
  OnceDead once_dead = OnceDead::kRestart;
  /// Before the first restart; twice that before the next, and so on.
  std::chrono::milliseconds first_pause{500};
  std::chrono::milliseconds longest_pause = std::chrono::seconds(30);
  /// Who has run so long starts with `first_pause` again.
  std::chrono::milliseconds well_after = std::chrono::seconds(10);
  /// Between being asked to end and being killed.
  std::chrono::milliseconds grace = std::chrono::seconds(10);
  /// A log of this size becomes `.1`, in place of the one before.
  ByteCount max_log{std::uint64_t{4} << 20};
};

enum class MemberState : std::uint8_t { kRunning, kWaiting, kStopped };

/// `running`, `waiting`, `stopped`.
std::string_view to_string(MemberState state);

struct MemberStatus {
  std::string name = {};
  MemberState state = MemberState::kWaiting;
  int id = 0;  ///< 0 unless it runs.
  std::uint64_t num_restarts = 0;
  /// Why it ended the last time, with its last words; empty: it never has.
  std::string last_end = {};
  /// Until it is started again, for kWaiting.
  std::chrono::milliseconds pause_left{0};
};

/// Threads: one thread, which lives as long as the members shall: they die with it.
class Supervisor {
 public:
  /// Lifetime: `file_system` and `clock` outlive it.
  Supervisor(files::FileSystem& file_system, Clock& clock, SupervisorOptions options);
  Supervisor(const Supervisor&) = delete;
  Supervisor& operator=(const Supervisor&) = delete;
  /// Kills all who run.
  ~Supervisor();

  /// The first look() starts it. Pre: no other has its name.
  void add(MemberOptions options);

  /// Look after all of them once: to be called again and again, some times a second. Who has died
  /// is told by a warning in the log.
  /// Errors: with OnceDead::kExit, how the first one ended that did (kUnavailable), or why it could
  ///         not be started; else none.
  Status look();

  /// In the order of adding.
  std::vector<MemberStatus> status() const;

  /// Ask all to end, at once, and kill after the grace who has not. Nobody is started afterwards.
  void stop();

 private:
  struct Member;
  Status start(Member& member);
  enum class EndKind : std::uint8_t { kOther, kUsage };
  Status note_end(Member& member, std::string reason, ErrorCode code,
                  EndKind end = EndKind::kOther);
  Status look_after(Member& member);
  void take_lines(Member& member, int max_lines);
  void write_log(Member& member, const std::string& lines);
  std::optional<std::string> why_stuck(const Member& member) const;

  files::FileSystem& file_system_;
  Clock& clock_;
  const SupervisorOptions options_;
  std::vector<std::unique_ptr<Member>> members_;
};

}  // namespace assay::supervision
