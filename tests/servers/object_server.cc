// object_server: our own object and fault server for tests, the demo and benchmarks. See README.md.

#include "http_loop.h"
#include "object_handler.h"

#include <sys/signalfd.h>
#include <unistd.h>

#include <charconv>
#include <csignal>
#include <cstdio>
#include <exception>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>

namespace {

struct Options {
  servers::HandlerOptions handler;
  std::uint16_t port = 0;
  std::chrono::seconds stop_after{3600};
};

template <typename Number>
Number number(std::string_view flag, std::string_view text) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) {
    throw std::invalid_argument(std::string(flag) + ": '" + std::string(text) +
                                "' is not a number");
  }
  return value;
}

// Whether `flag` is one that takes no value; then it is set.
bool set_switch(Options& options, std::string_view flag) {
  if (flag == "--all-exist") {
    options.handler.all_exist = true;
  } else if (flag == "--token-endpoint") {
    options.handler.requires_issued_token = true;
  } else if (flag == "--deny-lists") {
    options.handler.denies_lists = true;
  } else {
    return false;
  }
  return true;
}

void set_option(Options& options, std::string_view flag, std::string_view value) {
  servers::HandlerOptions& handler = options.handler;
  if (flag == "--port") {
    options.port = number<std::uint16_t>(flag, value);
  } else if (flag == "--objects") {
    handler.catalog = servers::Catalog::read(std::string(value));
  } else if (flag == "--latency") {
    handler.latency = std::chrono::milliseconds(number<std::uint32_t>(flag, value));
  } else if (flag == "--require-token") {
    handler.required_token = value;
  } else if (flag == "--token-lifetime") {
    handler.token_lifetime = std::chrono::seconds(number<std::uint32_t>(flag, value));
  } else if (flag == "--token-uses") {
    handler.token_uses = number<std::uint64_t>(flag, value);
  } else if (flag == "--token-fault") {
    handler.token_fault = servers::parse_fault(value);
    if (!handler.token_fault) throw std::invalid_argument("--token-fault: unknown fault");
  } else if (flag == "--require-access-key") {
    handler.required_access_key = value;
  } else if (flag == "--log") {
    handler.log_path = value;
  } else if (flag == "--stop-after") {
    options.stop_after = std::chrono::seconds(number<std::uint32_t>(flag, value));
  } else {
    throw std::invalid_argument("unknown flag " + std::string(flag));
  }
}

Options read_options(std::span<char*> arguments) {
  Options options;
  for (std::size_t i = 1; i < arguments.size(); ++i) {
    const std::string_view argument = arguments[i];
    const std::size_t equals = argument.find('=');
    if (equals != std::string_view::npos) {
      set_option(options, argument.substr(0, equals), argument.substr(equals + 1));
    } else if (!set_switch(options, argument)) {
      if (++i == arguments.size())
        throw std::invalid_argument(std::string(argument) + " needs a value");
      set_option(options, argument, arguments[i]);
    }
  }
  return options;
}

int stop_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  sigprocmask(SIG_BLOCK, &signals, nullptr);
  return ::signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
}

}  // namespace

int main(int count, char** arguments) {
  try {
    Options options = read_options(std::span(arguments, static_cast<std::size_t>(count)));
    const int stop_fd = stop_signals();
    servers::ObjectHandler handler(std::move(options.handler));
    servers::HttpLoop loop(handler, options.port);
    handler.attach(loop);
    std::printf("listening on 127.0.0.1:%u\n", static_cast<unsigned>(loop.port()));
    std::fflush(stdout);
    loop.run(options.stop_after, stop_fd);
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "object_server: %s\n", error.what());
    return 2;
  }
}
