#include "process/child_process.h"

#include "core/testing/stopped_token.h"

#include <gtest/gtest.h>

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <thread>

namespace assay::process {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr std::array<std::string_view, 3> kNames = {"PATH", "ASSAY_CHILD_TEST", "ASSAY_UNSET"};

ChildOptions shell(std::string script) {
  return {.program = "/bin/sh",
          .arguments = {"-c", std::move(script)},
          .environment = kept_environment(kNames),
          .output = ChildStream::kPipe,
          .errors = ChildErrors::kPipe};
}

std::unique_ptr<ChildProcess> started(const ChildOptions& options) {
  auto child = ChildProcess::start(options);
  EXPECT_TRUE(child) << child.error().message;
  return std::move(child).value();
}

/// The next line of output; `(end)` or `(error: ...)` in its place.
std::string line_of(ChildProcess& child) {
  const auto line = child.read_output_line({.timeout = milliseconds(10'000)});
  if (!line) return "(error: " + line.error().message + ")";
  return *line ? **line : "(end)";
}

std::string all_of(ChildProcess& child) {
  std::string text;
  for (std::string line = line_of(child); line != "(end)"; line = line_of(child)) {
    text += line + "\n";
    if (line.starts_with("(error")) break;
  }
  return text;
}

/// Whether there is such a process, but for one that is dead and not yet waited for.
bool is_alive(pid_t id) {
  std::ifstream file("/proc/" + std::to_string(id) + "/stat");
  std::stringstream text;
  text << file.rdbuf();
  const std::string stat = text.str();
  const std::size_t end = stat.rfind(')');
  return end != std::string::npos && stat.size() > end + 2 && stat[end + 2] != 'Z';
}

bool dies_soon(pid_t id) {
  const auto end = steady_clock::now() + std::chrono::seconds(10);
  while (is_alive(id) && steady_clock::now() < end) std::this_thread::sleep_for(milliseconds(2));
  return !is_alive(id);
}

std::size_t num_descriptors() {
  return static_cast<std::size_t>(
      std::distance(fs::directory_iterator("/proc/self/fd"), fs::directory_iterator()));
}

bool has_children() { return waitid(P_ALL, 0, nullptr, WEXITED | WNOHANG | WNOWAIT) == 0; }

TEST(ChildProcess, TalksByLinesBothWays) {
  ChildOptions options = shell("while read line; do echo \"got $line\"; done; echo bye; exit 3");
  options.input = ChildStream::kPipe;
  const auto child = started(options);
  ASSERT_TRUE(child->write("one\n"));
  EXPECT_EQ(line_of(*child), "got one");
  ASSERT_TRUE(child->write("two\n"));
  EXPECT_EQ(line_of(*child), "got two");
  EXPECT_FALSE(child->ended());
  child->close_input();
  EXPECT_EQ(line_of(*child), "bye");
  EXPECT_EQ(line_of(*child), "(end)");
  EXPECT_EQ(child->wait({.timeout = milliseconds(10'000)}).value(), ChildExit{.code = 3});
  EXPECT_EQ(child->ended(), ChildExit{.code = 3});
}

TEST(ChildProcess, KeepsOutputAndErrorsApartOrTogether) {
  const std::string script = "echo out; echo err >&2; printf half";
  const auto apart = started(shell(script));
  EXPECT_EQ(all_of(*apart), "out\nhalf\n");
  EXPECT_EQ(apart->read_error_line().value(), "err");
  EXPECT_EQ(apart->read_error_line().value(), std::nullopt);

  ChildOptions options = shell(script);
  options.errors = ChildErrors::kWithOutput;
  EXPECT_EQ(all_of(*started(options)), "out\nerr\nhalf\n");
}

TEST(ChildProcess, SeesOnlyTheEnvironmentThatItIsGiven) {
  setenv("ASSAY_CHILD_TEST", "kept", 1);
  setenv("ASSAY_SECRET", "no", 1);
  ChildOptions options = shell("env");
  options.environment.emplace_back("MORE=x y");
  const std::string text = all_of(*started(options));
  EXPECT_NE(text.find("ASSAY_CHILD_TEST=kept\n"), std::string::npos) << text;
  EXPECT_NE(text.find("MORE=x y\n"), std::string::npos) << text;
  EXPECT_EQ(text.find("ASSAY_SECRET"), std::string::npos) << text;
  EXPECT_EQ(text.find("ASSAY_UNSET"), std::string::npos) << text;
}

TEST(ChildProcess, GetsNoDescriptorButItsStreams) {
  const int ours = open("/dev/null", O_RDONLY);  // without O_CLOEXEC
  ASSERT_GE(ours, 0);
  const auto other = started(shell("sleep 100"));
  // `ls` itself has the folder open.
  EXPECT_EQ(all_of(*started(shell("exec ls /proc/self/fd"))), "0\n1\n2\n3\n");
  close(ours);
}

TEST(ChildProcess, StartsWithNoSignalHeldOrIgnored) {
  const auto before = std::signal(SIGPIPE, SIG_IGN);
  sigset_t held;
  sigset_t saved;
  sigemptyset(&held);
  sigaddset(&held, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &held, &saved);
  const std::string text = all_of(*started(shell("exec grep -E 'Sig(Blk|Ign)' /proc/self/status")));
  EXPECT_EQ(text, "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n");
  sigset_t now;
  pthread_sigmask(SIG_SETMASK, &saved, &now);
  EXPECT_EQ(sigismember(&now, SIGTERM), 1) << "our own mask is as it was";
  std::signal(SIGPIPE, before);
}

TEST(ChildProcess, WorksInTheFolderThatItIsGiven) {
  ChildOptions options = shell("pwd");
  options.folder = "/";
  EXPECT_EQ(all_of(*started(options)), "/\n");
}

TEST(ChildProcess, SaysWhyAProgramCannotRun) {
  const std::size_t before = num_descriptors();
  EXPECT_EQ(ChildProcess::start({.program = "/absent/program"}).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(ChildProcess::start({.program = "/etc/passwd"}).error().code, ErrorCode::kDenied);
  ChildOptions options = shell("true");
  options.folder = "/absent";
  const auto no_folder = ChildProcess::start(options);
  ASSERT_FALSE(no_folder);
  EXPECT_EQ(no_folder.error().code, ErrorCode::kNotFound);
  EXPECT_NE(no_folder.error().message.find("/absent"), std::string::npos);
  options = shell(std::string("true\0false", 10));
  EXPECT_EQ(ChildProcess::start(options).error().code, ErrorCode::kInvalidInput);
  EXPECT_FALSE(has_children());
  EXPECT_EQ(num_descriptors(), before);
}

TEST(ChildProcess, WaitsNoLongerThanAsked) {
  const auto child = started(shell("sleep 100"));
  const auto start = steady_clock::now();
  EXPECT_EQ(child->wait({.timeout = milliseconds(30)}).error().code, ErrorCode::kTimeout);
  EXPECT_EQ(child->read_output_line({.timeout = milliseconds(0)}).error().code,
            ErrorCode::kTimeout);
  EXPECT_LT(steady_clock::now() - start, std::chrono::seconds(50));
  EXPECT_EQ(child->wait({.stop = assay::testing::stopped_token()}).error().code,
            ErrorCode::kCancelled);
  EXPECT_EQ(child->read_error_line({.stop = assay::testing::stopped_token()}).error().code,
            ErrorCode::kCancelled);
}

TEST(ChildProcess, IsAskedToEndBeforeItIsKilled) {
  const auto child =
      started(shell("trap 'echo asked; exit 7' TERM; echo ready; "
                    "while :; do sleep 0.01; done"));
  EXPECT_EQ(line_of(*child), "ready");
  EXPECT_EQ(child->stop(milliseconds(10'000)).value(), ChildExit{.code = 7});
  EXPECT_EQ(line_of(*child), "asked");
  child->terminate();  // no harm after its end
  child->kill();
}

TEST(ChildProcess, IsKilledWhenItDoesNotListen) {
  const auto child = started(shell("trap '' TERM; echo ready; while :; do sleep 0.01; done"));
  EXPECT_EQ(line_of(*child), "ready");
  EXPECT_EQ(child->stop(milliseconds(30)).value(), ChildExit{.signal = SIGKILL});
  EXPECT_EQ(to_text(*child->ended()), "signal 9 (Killed)");
}

TEST(ChildProcess, IsKilledThoughItStandsStill) {
  const auto child = started(shell("trap 'echo' TERM; echo ready; while :; do sleep 0.01; done"));
  EXPECT_EQ(line_of(*child), "ready");
  ::kill(child->id(), SIGSTOP);
  EXPECT_EQ(child->stop(milliseconds(10)).value(), ChildExit{.signal = SIGKILL});
}

TEST(ChildProcess, TakesItsOwnChildrenAlong) {
  const auto child = started(shell("sleep 100 & echo $!; exit 0"));
  const auto grandchild = static_cast<pid_t>(std::stol(line_of(*child)));
  EXPECT_EQ(child->wait({}).value(), ChildExit{.code = 0});
  EXPECT_TRUE(dies_soon(grandchild));
}

TEST(ChildProcess, LeavesNothingBehindWhenDestroyed) {
  const std::size_t before = num_descriptors();
  pid_t id = 0;
  {
    ChildOptions options = shell("trap '' TERM; echo ready; while :; do sleep 0.01; done");
    options.input = ChildStream::kPipe;
    const auto child = started(options);
    EXPECT_EQ(line_of(*child), "ready");
    id = child->id();
  }
  EXPECT_FALSE(is_alive(id));
  EXPECT_FALSE(has_children());
  EXPECT_EQ(num_descriptors(), before);
}

TEST(ChildProcess, DiesWithItsParentEvenIfThatIsKilled) {
  // Orphans come to us, so that their end can be seen.
  ASSERT_EQ(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
  std::array<int, 2> ends{};
  ASSERT_EQ(pipe(ends.data()), 0);
  const pid_t parent = fork();
  if (parent == 0) {
    const auto child = ChildProcess::start(shell("exec sleep 100"));
    const pid_t id = child ? (*child)->id() : 0;
    static_cast<void>(!::write(ends[1], &id, sizeof id));
    pause();
    _exit(0);
  }
  pid_t id = 0;
  ASSERT_EQ(read(ends[0], &id, sizeof id), ssize_t{sizeof id});
  ASSERT_TRUE(is_alive(id));
  ::kill(parent, SIGKILL);
  EXPECT_EQ(waitpid(parent, nullptr, 0), parent);
  EXPECT_TRUE(dies_soon(id));
  ::kill(id, SIGKILL);  // so that a failure does not hang
  EXPECT_EQ(waitpid(id, nullptr, 0), id);
  prctl(PR_SET_CHILD_SUBREAPER, 0);
  close(ends[0]);
  close(ends[1]);
}

TEST(ChildProcess, AClosedInputIsAnErrorAndNoSignal) {
  ChildOptions options = shell("exec 0<&-; echo closed; sleep 100");
  options.input = ChildStream::kPipe;
  const auto child = started(options);
  EXPECT_EQ(line_of(*child), "closed");
  EXPECT_EQ(child->write("x\n").error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(child->write("x\n").error().code, ErrorCode::kUnavailable);
}

TEST(ChildProcess, WritingToWhoDoesNotReadEndsInTime) {
  ChildOptions options = shell("sleep 100");
  options.input = ChildStream::kPipe;
  const auto child = started(options);
  const std::string big(1'000'000, 'x');
  EXPECT_EQ(child->write(big, {.timeout = milliseconds(20)}).error().code, ErrorCode::kTimeout);
}

TEST(ChildProcess, StopsListeningToALineThatIsTooLong) {
  ChildOptions options = shell("echo short; head -c 300000 /dev/zero; sleep 100");
  options.max_line = ByteCount(1000);
  const auto child = started(options);
  EXPECT_EQ(line_of(*child), "short");
  EXPECT_EQ(child->read_output_line().error().code, ErrorCode::kExhausted);
  EXPECT_EQ(child->read_output_line().value(), std::nullopt);
}

TEST(ChildProcess, CarriesManyLinesInOrder) {
  const auto child = started(shell("seq 1 20000"));
  for (int i = 1; i <= 20'000; ++i) ASSERT_EQ(line_of(*child), std::to_string(i));
  EXPECT_EQ(line_of(*child), "(end)");
}

TEST(ChildProcess, StartsManyAtOnceFromManyThreads) {
  const std::size_t before = num_descriptors();
  {
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < 4; ++thread) {
      threads.emplace_back([thread] {
        for (int i = 0; i < 20; ++i) {
          const std::string text = std::to_string(thread) + "-" + std::to_string(i);
          EXPECT_EQ(all_of(*started(shell("echo " + text))), text + "\n");
        }
      });
    }
  }
  EXPECT_FALSE(has_children());
  EXPECT_EQ(num_descriptors(), before);
}

}  // namespace
}  // namespace assay::process
