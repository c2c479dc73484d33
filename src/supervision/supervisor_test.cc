#include "supervision/supervisor.h"

#include "core/testing/fake_clock.h"
#include "files/atomic_file.h"

#include <gtest/gtest.h>

#include <sys/wait.h>

#include <csignal>
#include <cstdlib>
#include <functional>
#include <string>
#include <thread>

namespace assay::supervision {
namespace {

namespace fs = std::filesystem;
using assay::testing::FakeClock;
using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;

class SupervisorTest : public ::testing::Test {
 protected:
  SupervisorTest() {
    std::string name = (fs::temp_directory_path() / "assay-supervisor-XXXXXX").native();
    EXPECT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  ~SupervisorTest() override { fs::remove_all(folder_); }

  MemberOptions shell(std::string name, std::string script) {
    return {.name = std::move(name),
            .program = {.program = "/bin/sh",
                        .arguments = {"-c", std::move(script)},
                        .environment = {"PATH=/usr/bin:/bin"},
                        .folder = folder_},
            .log = folder_ / "logs" / "member.log"};
  }

  std::string log_text(const std::string& name = "logs/member.log") {
    return files::read_file(file_system_, folder_ / name, ByteCount(1 << 20)).value_or("(none)");
  }

  /// Looks until `done`; the clock of the members does not move by itself.
  static bool look_until(Supervisor& supervisor, const std::function<bool()>& done) {
    const auto end = steady_clock::now() + seconds(20);
    while (!done() && steady_clock::now() < end) {
      EXPECT_TRUE(supervisor.look());
      std::this_thread::sleep_for(milliseconds(2));
    }
    return done();
  }

  files::FileSystem& file_system_ = files::posix_file_system();
  fs::path folder_;
};

bool runs(const Supervisor& supervisor, std::size_t member = 0) {
  return supervisor.status()[member].state == MemberState::kRunning;
}

TEST_F(SupervisorTest, KeepsTheLinesOfItsMembers) {
  Supervisor supervisor(file_system_, system_clock(), {});
  supervisor.add(shell("talker", "echo out; echo err >&2; sleep 100"));
  ASSERT_TRUE(look_until(supervisor, [&] { return log_text() == "out\nerr\n"; }));
  const auto status = supervisor.status();
  EXPECT_EQ(status[0].name, "talker");
  EXPECT_EQ(status[0].state, MemberState::kRunning);
  EXPECT_GT(status[0].id, 0);
  EXPECT_EQ(status[0].num_restarts, 0U);
}

TEST_F(SupervisorTest, StartsADeadMemberAgainAndSaysWhyItDied) {
  FakeClock clock;
  Supervisor supervisor(file_system_, clock, {.first_pause = milliseconds(500)});
  supervisor.add(shell("mortal", "echo the disk is full; exit 6"));
  ASSERT_TRUE(look_until(supervisor, [&] { return !supervisor.status()[0].last_end.empty(); }));
  auto status = supervisor.status()[0];
  EXPECT_EQ(status.state, MemberState::kWaiting);
  EXPECT_EQ(status.last_end, "exit code 6; its last words: \"the disk is full\"");
  EXPECT_EQ(status.pause_left, milliseconds(500));
  EXPECT_EQ(status.num_restarts, 0U);

  clock.advance(milliseconds(499));
  ASSERT_TRUE(supervisor.look());
  EXPECT_EQ(supervisor.status()[0].num_restarts, 0U);
  clock.advance(milliseconds(1));
  ASSERT_TRUE(supervisor.look());
  EXPECT_EQ(supervisor.status()[0].num_restarts, 1U);
}

TEST_F(SupervisorTest, DoesNotStartAgainWhoDidNotUnderstandItsCommandLine) {
  FakeClock clock;
  Supervisor supervisor(file_system_, clock, {.first_pause = milliseconds(1)});
  supervisor.add(shell("misled", "echo unknown option >&2; exit 2"));
  ASSERT_TRUE(look_until(supervisor, [&] { return !supervisor.status()[0].last_end.empty(); }));
  clock.advance(std::chrono::hours(1));
  ASSERT_TRUE(supervisor.look());
  const auto status = supervisor.status()[0];
  EXPECT_EQ(status.state, MemberState::kStopped);
  EXPECT_EQ(status.num_restarts, 0U);
  EXPECT_EQ(status.last_end, "exit code 2; its last words: \"unknown option\"");
}

TEST_F(SupervisorTest, WaitsLongerForWhoDiesAgainAndAgainButNotForWhoWasWell) {
  FakeClock clock;
  Supervisor supervisor(file_system_, clock,
                        {.first_pause = seconds(1), .longest_pause = seconds(5)});
  supervisor.add(shell("mortal", "while [ ! -e die ]; do sleep 0.005; done"));
  const auto pause_after_death = [&] {
    EXPECT_TRUE(look_until(supervisor, [&] { return runs(supervisor); }));
    files::write_file(file_system_, folder_ / "die", "").value();
    EXPECT_TRUE(look_until(supervisor, [&] { return !runs(supervisor); }));
    fs::remove(folder_ / "die");
    const milliseconds pause = supervisor.status()[0].pause_left;
    clock.advance(pause);
    return pause;
  };
  EXPECT_EQ(pause_after_death(), seconds(1));
  EXPECT_EQ(pause_after_death(), seconds(2));
  EXPECT_EQ(pause_after_death(), seconds(4));
  EXPECT_EQ(pause_after_death(), seconds(5));
  EXPECT_EQ(pause_after_death(), seconds(5));
  ASSERT_TRUE(look_until(supervisor, [&] { return runs(supervisor); }));
  clock.advance(seconds(10));
  EXPECT_EQ(pause_after_death(), seconds(1));
}

TEST_F(SupervisorTest, KillsAMemberWhoseHeartbeatIsOld) {
  FakeClock clock(system_clock().now());
  Supervisor supervisor(file_system_, clock, {});
  MemberOptions member = shell("stuck", "trap '' TERM; echo > beat; while :; do sleep 1; done");
  member.heartbeat = folder_ / "beat";
  member.heartbeat_limit = seconds(30);
  supervisor.add(std::move(member));
  ASSERT_TRUE(look_until(supervisor, [&] { return fs::exists(folder_ / "beat"); }));
  clock.advance(seconds(25));
  ASSERT_TRUE(supervisor.look());
  EXPECT_TRUE(runs(supervisor)) << supervisor.status()[0].last_end;
  clock.advance(seconds(10));
  ASSERT_TRUE(supervisor.look());
  EXPECT_FALSE(runs(supervisor));
  EXPECT_NE(supervisor.status()[0].last_end.find("killed, for it was stuck: "), std::string::npos)
      << supervisor.status()[0].last_end;
  EXPECT_NE(supervisor.status()[0].last_end.find(" s old"), std::string::npos);
  // The one that is started now has the same time again, though the file is older.
  clock.advance(milliseconds(500));
  ASSERT_TRUE(supervisor.look());
  clock.advance(seconds(25));
  ASSERT_TRUE(supervisor.look());
  EXPECT_TRUE(runs(supervisor)) << supervisor.status()[0].last_end;
}

TEST_F(SupervisorTest, CanEndWithTheFirstWhoDies) {
  Supervisor supervisor(file_system_, system_clock(), {.once_dead = OnceDead::kExit});
  supervisor.add(shell("steady", "sleep 100"));
  supervisor.add(shell("mortal", "kill -9 $$"));
  Status looked;
  const auto end = steady_clock::now() + seconds(20);
  while (looked && steady_clock::now() < end) looked = supervisor.look();
  ASSERT_FALSE(looked);
  EXPECT_EQ(looked.error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(looked.error().message, "mortal ended: signal 9 (Killed)");
}

TEST_F(SupervisorTest, AProgramThatCannotBeStartedIsTriedAgain) {
  FakeClock clock;
  Supervisor supervisor(file_system_, clock, {});
  MemberOptions member = shell("absent", "");
  member.program.program = folder_ / "program";
  supervisor.add(std::move(member));
  ASSERT_TRUE(supervisor.look());
  EXPECT_EQ(supervisor.status()[0].state, MemberState::kWaiting);
  EXPECT_NE(supervisor.status()[0].last_end.find("cannot run "), std::string::npos);
}

TEST_F(SupervisorTest, StopsAllAtOnceAndKillsWhoDoesNotListen) {
  const auto start = steady_clock::now();
  Supervisor supervisor(file_system_, system_clock(), {.grace = milliseconds(600)});
  supervisor.add(shell("polite",
                       "trap 'seq 20000; echo bye; exit 0' TERM; echo ready; "
                       "while :; do sleep 0.01; done"));
  supervisor.add(shell("deaf", "trap '' TERM; echo ready; while :; do sleep 0.01; done"));
  ASSERT_TRUE(look_until(supervisor, [&] { return log_text() == "ready\nready\n"; }));
  supervisor.stop();
  EXPECT_LT(steady_clock::now() - start, seconds(20));
  const auto status = supervisor.status();
  EXPECT_EQ(status[0].last_end, "exit code 0");
  EXPECT_EQ(status[1].last_end, "signal 9 (Killed)");
  EXPECT_EQ(status[0].state, MemberState::kStopped);
  EXPECT_NE(log_text().find("20000\nbye\n"), std::string::npos);
  EXPECT_EQ(waitid(P_ALL, 0, nullptr, WEXITED | WNOHANG | WNOWAIT), -1) << "nobody is left";
  ASSERT_TRUE(supervisor.look());
  EXPECT_EQ(supervisor.status()[0].id, 0) << "and nobody is started again";
}

TEST_F(SupervisorTest, ALogThatGrewBigMakesRoom) {
  Supervisor supervisor(file_system_, system_clock(), {.max_log = ByteCount(100)});
  supervisor.add(shell("talker",
                       "seq 1000 1099; while [ ! -e go ]; do sleep 0.005; done; "
                       "echo last; sleep 100"));
  ASSERT_TRUE(look_until(supervisor, [&] { return fs::exists(folder_ / "logs/member.log.1"); }));
  files::write_file(file_system_, folder_ / "go", "").value();
  ASSERT_TRUE(look_until(supervisor, [&] { return log_text().ends_with("last\n"); }));
}

TEST_F(SupervisorTest, ALogThatCannotBeWrittenDoesNotStopTheMember) {
  files::write_file(file_system_, folder_ / "logs", "a file, where a folder should be").value();
  Supervisor supervisor(file_system_, system_clock(), {});
  supervisor.add(shell("talker", "echo one; echo > done; sleep 100"));
  ASSERT_TRUE(look_until(supervisor, [&] { return fs::exists(folder_ / "done"); }));
  EXPECT_TRUE(runs(supervisor));
}

}  // namespace
}  // namespace assay::supervision
