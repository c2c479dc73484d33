/// \file
/// Figures as Prometheus reads them: the text format 0.0.4.

#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

namespace assay::metrics {

enum class MetricType : std::uint8_t {
  kGauge,
  kCounter,  ///< Since the start of the process; its name ends in `_total`.
};

struct MetricLabel {
  std::string_view name;
  /// Any text; it is escaped.
  std::string_view value;
};

/// Names are `assay_...`, in snake case, with the unit last. Threads: one thread at a time.
class MetricText {
 public:
  /// All samples until the next call are of this metric. Pre: no other call had this name.
  MetricText& metric(std::string_view name, MetricType type, std::string_view help);
  MetricText& sample(double value, std::initializer_list<MetricLabel> labels = {});

  std::string take() { return std::move(text_); }

 private:
  std::string name_;
  std::string text_;
};

}  // namespace assay::metrics
