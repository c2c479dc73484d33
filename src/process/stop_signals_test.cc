#include "process/stop_signals.h"

#include <gtest/gtest.h>

#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <functional>
#include <string>

namespace assay::process {
namespace {

/// Run `body` in a forked child and return how it ended: its exit code, or 1000 + the signal.
int outcome_of_child(const std::function<int()>& body) {
  const pid_t child = fork();
  if (child == 0) {
    alarm(20);  // a child that hangs is a failure, not a hung test
    _exit(body());
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

void wait_for_stop(const std::stop_token& token) {
  while (!token.stop_requested()) usleep(1000);
}

TEST(StopSignals, TheFirstSignalAsksToStop) {
  for (const int signal : {SIGINT, SIGTERM}) {
    EXPECT_EQ(outcome_of_child([&] {
                const auto signals = StopSignals::install();
                if (!signals || (*signals)->received()) return 1;
                raise(signal);
                wait_for_stop((*signals)->token());
                return (*signals)->received() == signal ? 42 : 2;
              }),
              42);
  }
}

TEST(StopSignals, TheSecondSignalEndsTheProcessAtOnce) {
  EXPECT_EQ(outcome_of_child([] {
              const auto signals = StopSignals::install();
              raise(SIGINT);
              raise(SIGTERM);
              return 1;
            }),
            130);
}

TEST(StopSignals, ASignalFromAnotherProcessArrives) {
  EXPECT_EQ(outcome_of_child([] {
              const auto signals = StopSignals::install();
              const pid_t self = getpid();
              const pid_t sender = fork();
              if (sender == 0) _exit(kill(self, SIGTERM));
              wait_for_stop((*signals)->token());
              return waitpid(sender, nullptr, 0) == sender ? 42 : 1;
            }),
            42);
}

TEST(StopSignals, CallbacksOfTheTokenRun) {
  EXPECT_EQ(outcome_of_child([] {
              const auto signals = StopSignals::install();
              std::atomic<bool> called = false;
              const std::stop_callback callback((*signals)->token(), [&] { called = true; });
              raise(SIGTERM);
              while (!called) usleep(1000);
              return 42;
            }),
            42);
}

TEST(StopSignals, AClosedPipeIsAnErrorOfTheWrite) {
  EXPECT_EQ(outcome_of_child([] {
              const auto signals = StopSignals::install();
              int ends[2];
              if (pipe(ends) != 0) return 1;
              close(ends[0]);
              // Twice: were it taken for a request to stop, the second would end the process.
              for (int i = 0; i < 2; ++i) {
                if (write(ends[1], "x", 1) != -1 || errno != EPIPE) return 2;
              }
              return (*signals)->received() ? 3 : 42;
            }),
            42);
}

TEST(StopSignals, TheDestructorRestoresWhatWasBefore) {
  EXPECT_EQ(outcome_of_child([] {
              StopSignals::install()->reset();
              raise(SIGTERM);
              return 1;
            }),
            1000 + SIGTERM);
  EXPECT_EQ(outcome_of_child([] {
              StopSignals::install()->reset();
              const auto again = StopSignals::install();
              raise(SIGINT);
              wait_for_stop((*again)->token());
              return 42;
            }),
            42);
}

TEST(StopSignals, AnIgnoredInterruptStaysIgnored) {
  EXPECT_EQ(outcome_of_child([] {
              std::signal(SIGINT, SIG_IGN);
              const auto signals = StopSignals::install();
              raise(SIGINT);
              raise(SIGINT);
              return (*signals)->received() ? 1 : 42;
            }),
            42);
}

}  // namespace
}  // namespace assay::process
