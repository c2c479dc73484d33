#include "faults.h"

#include <charconv>

namespace servers {
namespace {

std::optional<std::uint32_t> number(std::string_view text) {
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// Cut `<letter><digits>` off the end of `text`, when it is there.
std::optional<std::uint32_t> take_suffix(std::string_view& text, char letter) {
  const std::size_t at = text.rfind(letter);
  if (at == std::string_view::npos || at == 0) return std::nullopt;
  const auto value = number(text.substr(at + 1));
  if (value) text = text.substr(0, at);
  return value;
}

std::optional<int> status_of(std::string_view text) {
  const auto value = number(text);
  if (!value || *value < 100 || *value > 599) return std::nullopt;
  return static_cast<int>(*value);
}

}  // namespace

std::optional<Fault> parse_fault(std::string_view text) {
  Fault fault;
  fault.times = take_suffix(text, 'x').value_or(0);
  if (text == "badjson") {
    fault.kind = FaultKind::kBadJson;
  } else if (text == "drop") {
    fault.kind = FaultKind::kDrop;
  } else if (text == "stall") {
    fault.kind = FaultKind::kStall;
  } else if (text == "halfbody") {
    fault.kind = FaultKind::kHalfBody;
  } else if (text.starts_with("slow")) {
    const auto delay = number(text.substr(4));
    if (!delay) return std::nullopt;
    fault.kind = FaultKind::kSlow;
    fault.delay = std::chrono::milliseconds(*delay);
  } else if (text.starts_with("plain")) {
    const auto status = status_of(text.substr(5));
    if (!status) return std::nullopt;
    fault.kind = FaultKind::kHtml;
    fault.status = *status;
  } else {
    fault.retry_after = take_suffix(text, 'r');
    const auto status = status_of(text);
    if (!status) return std::nullopt;
    fault.status = *status;
  }
  return fault;
}

std::optional<Fault> fault_of_name(std::string_view object) {
  constexpr std::string_view kPrefix = "fault/";
  if (!object.starts_with(kPrefix)) return std::nullopt;
  object.remove_prefix(kPrefix.size());
  return parse_fault(object.substr(0, object.find('/')));
}

}  // namespace servers
