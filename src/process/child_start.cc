#include "process/child_start_internal.h"
#include "process/descriptor_internal.h"

#include <fmt/format.h>

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <optional>
#include <system_error>
#include <utility>

// Between fork() and execve() of a process with threads only calls that a signal handler may make
// are allowed: another thread may have held any lock at the moment of the fork. So everything that
// allocates is done before, and the child only walks through what was prepared.

namespace assay::process {
namespace {

enum class Step : int { kFollowParent, kGroup, kStreams, kFolder, kProgram };

/// What a child that could not become the program says of it.
struct Failure {
  Step step = Step::kProgram;
  int number = 0;
};

struct Plan {
  std::vector<char*> arguments = {};    // ends with null
  std::vector<char*> environment = {};  // ends with null
  const char* program = nullptr;
  const char* folder = nullptr;  // null: where we are
  ChildDescriptors streams = {};
  int report = -1;
  pid_t parent = 0;
};

[[noreturn]] void give_up(const Plan& plan, Step step) {
  const Failure failure{.step = step, .number = errno};
  [[maybe_unused]] const auto written = ::write(plan.report, &failure, sizeof failure);
  _exit(127);
}

void close_others_at_exec() {
  if (close_range(3, ~0U, CLOSE_RANGE_CLOEXEC) == 0) return;
  // Linux before 5.11.
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  const auto end = static_cast<int>(std::min<rlim_t>(limit.rlim_cur, 1U << 20));
  for (int descriptor = 3; descriptor < end; ++descriptor) {
    fcntl(descriptor, F_SETFD, FD_CLOEXEC);
  }
}

void forget_signals() {
  struct sigaction standard{};
  standard.sa_handler = SIG_DFL;
  for (int signal = 1; signal < NSIG; ++signal) sigaction(signal, &standard, nullptr);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
}

[[noreturn]] void become_program(const Plan& plan) {
  if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) give_up(plan, Step::kFollowParent);
  if (getppid() != plan.parent) _exit(127);  // it died before we could ask to be told
  if (setpgid(0, 0) != 0) give_up(plan, Step::kGroup);
  if (dup2(plan.streams.input, STDIN_FILENO) < 0 || dup2(plan.streams.output, STDOUT_FILENO) < 0 ||
      dup2(plan.streams.errors, STDERR_FILENO) < 0) {
    give_up(plan, Step::kStreams);
  }
  close_others_at_exec();
  if (plan.folder != nullptr && chdir(plan.folder) != 0) give_up(plan, Step::kFolder);
  forget_signals();
  execve(plan.program, plan.arguments.data(), plan.environment.data());
  give_up(plan, Step::kProgram);
}

Error error_of(const Failure& failure, const ChildOptions& options) {
  const bool is_folder = failure.step == Step::kFolder;
  std::string message = fmt::format("cannot {} {}: {}", is_folder ? "work in" : "run",
                                    is_folder ? options.folder.native() : options.program.native(),
                                    std::generic_category().message(failure.number));
  switch (failure.number) {
    case ENOENT:
    case ENOTDIR:
      return not_found(std::move(message));
    case EACCES:
    case EPERM:
      return denied(message + "; check its permissions");
    case ENOEXEC:
    case ELIBBAD:
    case E2BIG:
    case ENAMETOOLONG:
    case ELOOP:
      return invalid_input(std::move(message));
    default:
      return unavailable(std::move(message));
  }
}

/// C strings of `texts`, and a null at the end. Lifetime: of `texts`.
std::vector<char*> pointers_to(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  pointers.reserve(texts.size() + 1);
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

bool has_nul(const std::string& text) { return text.contains('\0'); }

/// All signals wait while it lives: a handler of ours must not run in the child.
class SignalsHeld {
 public:
  SignalsHeld() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~SignalsHeld() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  SignalsHeld(const SignalsHeld&) = delete;
  SignalsHeld& operator=(const SignalsHeld&) = delete;

 private:
  sigset_t before_{};
};

Error no_pipe() {
  return unavailable(fmt::format("cannot make a pipe: {}", std::generic_category().message(errno)));
}

}  // namespace

Result<PipeEnds> make_pipe() {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) return no_pipe();
  const LocalDescriptor low_read(ends[0]);
  const LocalDescriptor low_write(ends[1]);
  PipeEnds high{.read = LocalDescriptor(fcntl(low_read.get(), F_DUPFD_CLOEXEC, 3)),
                .write = LocalDescriptor(fcntl(low_write.get(), F_DUPFD_CLOEXEC, 3))};
  if (high.read.get() < 0 || high.write.get() < 0) return no_pipe();
  return high;
}

Result<pid_t> start_program(const ChildOptions& options, const ChildDescriptors& streams) {
  if (std::ranges::any_of(options.arguments, has_nul) ||
      std::ranges::any_of(options.environment, has_nul) || has_nul(options.program.native())) {
    return invalid_input(fmt::format("cannot run {}: an argument or variable holds a NUL",
                                     options.program.native()));
  }
  ASSIGN_OR_RETURN(PipeEnds ends, make_pipe());
  const LocalDescriptor report(std::move(ends.read));
  std::optional<LocalDescriptor> reporter(std::move(ends.write));

  std::vector<std::string> arguments = {options.program.native()};
  arguments.insert(arguments.end(), options.arguments.begin(), options.arguments.end());
  std::vector<std::string> environment = options.environment;
  const Plan plan{.arguments = pointers_to(arguments),
                  .environment = pointers_to(environment),
                  .program = options.program.c_str(),
                  .folder = options.folder.empty() ? nullptr : options.folder.c_str(),
                  .streams = streams,
                  .report = reporter->get(),
                  .parent = getpid()};
  pid_t child = -1;
  {
    const SignalsHeld held;
    child = fork();
    if (child == 0) become_program(plan);
  }
  if (child < 0) {
    return unavailable(fmt::format("cannot start a process for {}: {}", options.program.native(),
                                   std::generic_category().message(errno)));
  }
  reporter.reset();  // or the pipe would never come to its end
  Failure failure;
  const ssize_t got = uninterrupted([&] { return read(report.get(), &failure, sizeof failure); });
  if (got == 0) return child;
  int status = 0;
  uninterrupted([&] { return waitpid(child, &status, 0); });
  return error_of(failure, options);
}

}  // namespace assay::process
