#include "chain/sidecar_messages_internal.h"
#include "chain/sidecar_probe.h"
#include "chain/sidecar_program_internal.h"
#include "chain/sidecar_start_internal.h"
#include "core/shown_text.h"

#include <array>
#include <optional>
#include <string_view>
#include <utility>

namespace assay::chain {
namespace {

/// What the child may see of our environment: where certificates lie on unusual systems.
constexpr auto kKeptVariables = std::to_array<std::string_view>({"SSL_CERT_FILE", "SSL_CERT_DIR"});

}  // namespace

process::ChildOptions sidecar_child(const SidecarOptions& options) {
  process::ChildOptions child{.program = options.program,
                              .arguments = options.arguments,
                              .environment = process::kept_environment(kKeptVariables),
                              .folder = options.folder,
                              .input = process::ChildStream::kPipe,
                              .output = process::ChildStream::kPipe};
  child.environment.insert(child.environment.end(),
                           {"PATH=/usr/bin:/bin", "LANG=C.UTF-8", "HOME=/nonexistent"});
  child.arguments.insert(child.arguments.end(), {"--network", options.network});
  if (!options.hotkey_file.empty()) {
    child.arguments.insert(child.arguments.end(), {"--hotkey", options.hotkey_file.native()});
  }
  return child;
}

Result<json::Value> await_greeting(process::ChildProcess& child, std::chrono::milliseconds deadline,
                                   const std::stop_token& stop) {
  ASSIGN_OR_RETURN(const auto line,
                   with_context(child.read_output_line({.timeout = deadline, .stop = stop}),
                                "the chain sidecar does not say that it is ready"));
  if (!line) {
    return missing("the chain sidecar ended before it was ready; is the package installed?");
  }
  ASSIGN_OR_RETURN(SidecarLine greeting, read_sidecar_line(*line));
  if (greeting.kind == SidecarLine::Kind::kFatal) {
    const SidecarError error = read_sidecar_error(greeting.content);
    std::string message = "the chain sidecar cannot work: " + shown_text(error.message);
    if (!error.hint.empty()) message += "; " + shown_text(error.hint);
    return missing(std::move(message));
  }
  if (greeting.kind != SidecarLine::Kind::kReady) {
    return corrupt("the chain sidecar answers before it has said that it is ready");
  }
  return std::move(greeting.content);
}

Result<SidecarProbe> probe_sidecar(const std::filesystem::path& python,
                                   std::chrono::milliseconds deadline,
                                   const std::stop_token& stop) {
  process::ChildOptions options =
      sidecar_child({.program = python, .arguments = sidecar_arguments(), .network = "finney"});
  // Why it cannot work is in its last line on the channel; warnings of libraries are not for here.
  options.errors = process::ChildErrors::kNull;
  auto child = process::ChildProcess::start(options);
  if (!child) return missing("the chain sidecar cannot be started: " + child.error().message);
  ASSIGN_OR_RETURN(const json::Value greeting, await_greeting(**child, deadline, stop));
  RETURN_IF_ERROR(check_greeting(greeting, std::nullopt));
  ASSIGN_OR_RETURN(std::string sdk, greeting.require_text("sdk"));
  return SidecarProbe{.sdk = std::move(sdk)};
}

}  // namespace assay::chain
