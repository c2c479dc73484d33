#include "app/history_daemon.h"
#include "cli/command_internal.h"
#include "cli/recorder_options_internal.h"
#include "core/parse_number.h"
#include "json/writer.h"

#include <fmt/format.h>

#include <csignal>
#include <memory>
#include <string>
#include <utility>

namespace assay::cli {
namespace {

/// The recorder lets all who wait share one sync: the more may wait the better.
constexpr std::size_t kNumHandlerThreads = 64;

struct ServeFlags {
  std::string folder;
  std::string listen = "127.0.0.1:8404";
  net::Exposure exposure = net::Exposure::kLoopback;
  RecorderFlags recorder;
};

Result<net::HttpServerOptions> server_options(const ServeFlags& flags) {
  net::HttpServerOptions options;
  options.exposure = flags.exposure;
  options.exposure_remedy = "--allow-remote";
  options.num_handler_threads = kNumHandlerThreads;
  const std::string_view text = flags.listen;
  const std::size_t colon = text.rfind(':');
  const Error wrong =
      invalid_input(fmt::format("--listen {}: expected an address in numbers and a port, such as "
                                "127.0.0.1:8404 or [::1]:8404",
                                text));
  if (colon == std::string_view::npos) return wrong;
  std::string_view address = text.substr(0, colon);
  if (address.starts_with('[') && address.ends_with(']')) {
    address = address.substr(1, address.size() - 2);
  }
  const auto port = parse_integer(text.substr(colon + 1));
  if (!port || *port < 0 || *port > UINT16_MAX) return wrong;
  options.address = std::string(address);
  options.port = static_cast<std::uint16_t>(*port);
  return options;
}

Status print_server_ready(const ServeFlags& flags, const std::string& address, std::uint16_t port,
                          OutputForm form) {
  const std::string url = address.contains(':') ? fmt::format("http://[{}]:{}", address, port)
                                                : fmt::format("http://{}:{}", address, port);
  if (form == OutputForm::kText) return print(fmt::format("history {} at {}\n", flags.folder, url));
  json::Writer writer;
  writer.begin_object();
  writer.name("history").text(flags.folder).name("url").text(url);
  writer.end_object();
  return print(writer.take() + "\n");
}

Result<ExitCode> run_serve(const ServeFlags& flags, Session& session) {
  ASSIGN_OR_RETURN(net::HttpServerOptions server, server_options(flags));
  ASSIGN_OR_RETURN(recorder::RecorderOptions options, flags.recorder.options_with(session.config));
  const std::string address = server.address;
  RETURN_IF_ERROR(app::serve_history(
      {.folder = flags.folder,
       .recorder = std::move(options),
       .server = std::move(server),
       .alerts_webhook = session.config.get_text("alerts.webhook")},
      [&](std::uint16_t port) { return print_server_ready(flags, address, port, session.output); },
      session.stop));
  // A daemon is ended by SIGTERM: that is its success. Ctrl-C is an interruption, as everywhere.
  return session.stop_signal() == SIGINT ? ExitCode::kCancelled : ExitCode::kOk;
}

}  // namespace

void add_serve_command(CommandTree& tree) {
  auto flags = std::make_shared<ServeFlags>();
  CLI::App& command = tree.add_command(
      tree.root(), "serve", "Take the history of a miner over HTTP, until it is stopped.",
      {"assay serve --history data", "assay serve --history data --listen 127.0.0.1:9000"},
      [flags](Session& session) { return run_serve(*flags, session); });
  add_option(command, "--history", flags->folder, "The data folder; made when it is not there.")
      ->type_name("DIR")
      ->required();
  add_option(command, "--listen", flags->listen, "Where to listen; port 0 takes one that is free.")
      ->type_name("ADDRESS:PORT")
      ->capture_default_str();
  command.add_flag_callback(
      "--allow-remote", [flags] { flags->exposure = net::Exposure::kAnyAddress; },
      "Allow an address that other machines reach: there is no password and no TLS.");
  flags->recorder.add_to(command);
}

}  // namespace assay::cli
