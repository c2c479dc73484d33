#include "chain_sdk/python_tool_internal.h"
#include "process/child_process.h"

#include <algorithm>
#include <array>
#include <deque>
#include <ranges>
#include <utility>

namespace assay::chain_sdk {
namespace {

/// Of what it wrote; pip says why it failed at its end.
constexpr std::size_t kMaxLines = 200;
constexpr std::size_t kMaxShownLines = 4;
constexpr std::size_t kMaxShownBytes = 400;
/// How long a stop may go unseen.
constexpr std::chrono::milliseconds kPoll{200};

/// What pip needs to reach an index: names of proxies, of mirrors and of certificates. Nothing else
/// of our environment is its business.
constexpr auto kKeptVariables = std::to_array<std::string_view>(
    {"PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY",
     "http_proxy", "https_proxy", "no_proxy", "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE",
     "PIP_INDEX_URL", "PIP_CERT", "PIP_PROXY", "XDG_CACHE_HOME"});

/// A line of a program that was run for us: whole, but for what could steer a terminal.
std::string readable(std::string_view line) {
  std::string text(line.substr(0, kMaxShownBytes));
  std::ranges::replace_if(
      text, [](unsigned char letter) { return letter < ' ' || letter == 0x7F; }, ' ');
  if (line.size() > kMaxShownBytes) text += "...";
  return text;
}

}  // namespace

Result<PythonRun> run_python(const std::filesystem::path& python,
                             const std::vector<std::string>& arguments,
                             std::chrono::milliseconds deadline, const Clock& clock,
                             const std::stop_token& stop) {
  auto started =
      process::ChildProcess::start({.program = python,
                                    .arguments = arguments,
                                    .environment = process::kept_environment(kKeptVariables),
                                    .folder = "/",
                                    .output = process::ChildStream::kPipe,
                                    .errors = process::ChildErrors::kWithOutput});
  if (!started) return missing("Python cannot be started: " + started.error().message);
  process::ChildProcess& child = **started;
  const auto end_at = clock.monotonic() + deadline;
  std::deque<std::string> lines;
  for (;;) {
    if (clock.monotonic() >= end_at) return timed_out("Python was not done within its time");
    auto line = child.read_output_line({.timeout = kPoll, .stop = stop});
    if (!line) {
      if (line.error().code == ErrorCode::kTimeout) continue;
      return std::move(line.error());
    }
    if (!*line) break;
    lines.push_back(std::move(**line));
    if (lines.size() > kMaxLines) lines.pop_front();
  }
  ASSIGN_OR_RETURN(const process::ChildExit exit, child.wait({.stop = stop}));
  return PythonRun{.is_ok = exit == process::ChildExit{},
                   .end = process::to_text(exit),
                   .lines = {lines.begin(), lines.end()}};
}

std::string shown_problem(const PythonRun& run) {
  std::vector<std::string_view> chosen;
  const auto choose = [&](std::string_view line) {
    const bool is_new = std::ranges::find(chosen, line) == chosen.end();
    if (is_new && chosen.size() < kMaxShownLines) chosen.push_back(line);
  };
  // pip tells a network that is not there by warnings, and then only that it found nothing.
  const auto broken = std::ranges::find_if(
      run.lines, [](const std::string& line) { return line.contains("connection broken by"); });
  if (broken != run.lines.end()) choose(*broken);
  for (const std::string& line : run.lines) {
    if (line.starts_with("ERROR: ") || line.starts_with("Error: ")) {
      choose(std::string_view(line).substr(7));
    }
  }
  for (const std::string& line : run.lines | std::views::reverse) {
    if (!chosen.empty()) break;
    if (!line.empty()) choose(line);
  }
  std::string text = run.end;
  for (const std::string_view line : chosen) text += ": " + readable(line);
  return text;
}

std::filesystem::path find_program(files::FileSystem& file_system, std::string_view path,
                                   std::string_view name) {
  for (const auto part : std::views::split(path, ':')) {
    const std::string_view folder(part.begin(), part.end());
    if (!folder.starts_with('/')) continue;
    std::filesystem::path candidate = std::filesystem::path(folder) / name;
    const auto info = file_system.info(candidate);
    if (info && *info && (*info)->kind == files::FileKind::kFile) return candidate;
  }
  return {};
}

}  // namespace assay::chain_sdk
