/// \file
/// Where figures for Prometheus are served: the same flags for all that run for long.

#pragma once

#include "cli/command_internal.h"
#include "metrics/metric_server.h"

#include <CLI/CLI.hpp>

#include <cstdint>
#include <optional>
#include <string>

namespace assay::cli {

struct MetricsFlags {
  std::optional<std::uint16_t> port;
  std::string address = "127.0.0.1";
  net::Exposure exposure = net::Exposure::kLoopback;

  void add_to(CLI::App& command);
  /// Nothing when no port was given.
  std::optional<metrics::MetricServerOptions> options() const;
};

}  // namespace assay::cli
