#include "cli/metrics_options_internal.h"

namespace assay::cli {

void MetricsFlags::add_to(CLI::App& command) {
  CLI::Option* const given =
      add_option(command, "--metrics.port", port,
                 "Serve figures for Prometheus at /metrics; 0 takes a port that is free [none].")
          ->type_name("PORT");
  add_option(command, "--metrics.ip", address, "The address for that, in numbers.")
      ->needs(given)
      ->type_name("ADDRESS")
      ->capture_default_str();
  command
      .add_flag_callback(
          "--metrics.allow-remote", [this] { exposure = net::Exposure::kAnyAddress; },
          "Allow one that other machines reach; nobody is asked for a password.")
      ->needs(given);
}

std::optional<metrics::MetricServerOptions> MetricsFlags::options() const {
  if (!port) return std::nullopt;
  return metrics::MetricServerOptions{.address = address, .port = *port, .exposure = exposure};
}

}  // namespace assay::cli
