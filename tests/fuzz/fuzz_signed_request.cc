/// \file
/// Fuzzes the headers of signed requests, a `name: value` on each line: nobody gets in without a
/// signature, and what is authentic once is a repetition the next time.

#include "core/check.h"
#include "fuzz_target.h"
#include "protocol/btauth.h"
#include "protocol/epistula.h"
#include "protocol/gate.h"
#include "protocol/legacy.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace fuzz_signed_request {
namespace {

using assay::protocol::Instant;

// When the seeds were signed, and to whom.
constexpr Instant kNow{std::chrono::nanoseconds(1'752'076'800'000'000'000)};
constexpr std::string_view kBob = "5FHneW46xGXgs5mUiveU4sbTyGBzmstUspZC92UhjJM694ty";

assay::protocol::Gate make_gate() {
  std::vector<std::unique_ptr<assay::protocol::Scheme>> schemes;
  schemes.push_back(std::make_unique<assay::protocol::Btauth>());
  schemes.push_back(std::make_unique<assay::protocol::Epistula>());
  schemes.push_back(std::make_unique<assay::protocol::Legacy>());
  return {assay::keys::Hotkey::parse(kBob).value(), std::move(schemes),
          [](const assay::keys::Hotkey&) { return std::optional<std::string>(); }};
}

std::vector<assay::net::HttpHeader> headers_of(std::string_view text) {
  std::vector<assay::net::HttpHeader> headers;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(line.size() + (line.size() < text.size() ? 1 : 0));
    const std::size_t colon = line.find(": ");
    if (colon == std::string_view::npos) continue;
    headers.push_back({std::string(line.substr(0, colon)), std::string(line.substr(colon + 2))});
  }
  return headers;
}

}  // namespace

FUZZ_TARGET(signed_request) {
  const auto headers = headers_of({reinterpret_cast<const char*>(data), size});
  assay::protocol::Gate gate = make_gate();
  const assay::protocol::ReceivedRequest request{.method = "POST",
                                                 .target = "/generate?stream=false",
                                                 .headers = headers,
                                                 .body = R"({"prompt": "hello"})"};
  const auto first = gate.check(request, kNow);
  const auto second = gate.check(request, kNow);
  const auto* refusal = std::get_if<assay::protocol::Refusal>(&second);
  CHECK(refusal != nullptr, "nothing is taken twice");
  CHECK(refusal->status >= 400 && refusal->status < 500, "what is wrong is the sender's fault");
  CHECK(refusal->message.size() < 200, "a message is for people");
  if (std::holds_alternative<assay::protocol::Authentic>(first)) {
    CHECK(refusal->reason == assay::protocol::RefusalReason::kReplayed, "and that is why");
  }
  return 0;
}

}  // namespace fuzz_signed_request
