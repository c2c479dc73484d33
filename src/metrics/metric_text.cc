#include "metrics/metric_text.h"

#include <fmt/format.h>

#include <cmath>
#include <iterator>

namespace assay::metrics {
namespace {

void append_escaped(std::string& text, std::string_view value) {
  for (const char character : value) {
    if (character == '\\' || character == '"') {
      text += '\\';
      text += character;
    } else if (character == '\n') {
      text += "\\n";
    } else {
      text += character;
    }
  }
}

void append_number(std::string& text, double value) {
  if (std::isnan(value)) {
    text += "NaN";
  } else if (std::isinf(value)) {
    text += value > 0 ? "+Inf" : "-Inf";
  } else {
    fmt::format_to(std::back_inserter(text), "{}", value);
  }
}

}  // namespace

MetricText& MetricText::metric(std::string_view name, MetricType type, std::string_view help) {
  name_ = name;
  fmt::format_to(std::back_inserter(text_), "# HELP {} {}\n# TYPE {} {}\n", name, help, name,
                 type == MetricType::kCounter ? "counter" : "gauge");
  return *this;
}

MetricText& MetricText::sample(double value, std::initializer_list<MetricLabel> labels) {
  text_ += name_;
  char before = '{';
  for (const MetricLabel& label : labels) {
    fmt::format_to(std::back_inserter(text_), "{}{}=\"", before, label.name);
    append_escaped(text_, label.value);
    text_ += '"';
    before = ',';
  }
  if (labels.size() > 0) text_ += '}';
  text_ += ' ';
  append_number(text_, value);
  text_ += '\n';
  return *this;
}

}  // namespace assay::metrics
