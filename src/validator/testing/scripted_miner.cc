#include "validator/testing/scripted_miner.h"

#include "core/clock.h"
#include "protocol/btauth.h"
#include "protocol/image_messages.h"

#include <algorithm>
#include <array>
#include <utility>
#include <variant>

namespace assay::validator::testing {
namespace {

using net::testing::http_reply;

/// Header lines between the request line and the blank line.
std::vector<net::HttpHeader> headers_of(std::string_view head) {
  std::vector<net::HttpHeader> headers;
  head.remove_prefix(std::min(head.find("\r\n") + 2, head.size()));
  while (!head.empty()) {
    const std::size_t end = std::min(head.find("\r\n"), head.size());
    const std::string_view line = head.substr(0, end);
    const std::size_t colon = line.find(": ");
    if (colon != std::string_view::npos) {
      headers.push_back({.name = std::string(line.substr(0, colon)),
                         .value = std::string(line.substr(colon + 2))});
    }
    head.remove_prefix(std::min(end + 2, head.size()));
  }
  return headers;
}

}  // namespace

keys::KeyPair test_keys(std::uint8_t number) {
  std::array<std::byte, 32> bytes{};
  bytes.fill(std::byte{number});
  return keys::KeyPair::from_seed(keys::Seed(bytes));
}

ScriptedMiner::ScriptedMiner(keys::KeyPair self, keys::Hotkey validator, Behaviour behaviour)
    : self_(std::move(self)),
      validator_(validator),
      behaviour_(std::move(behaviour)),
      server_([this](std::string_view request) { return answer(request); }) {}

std::vector<std::string> ScriptedMiner::requests() const {
  const std::scoped_lock lock(mutex_);
  return requests_;
}

ScriptedMiner::Reply ScriptedMiner::answer(std::string_view request) {
  {
    const std::scoped_lock lock(mutex_);
    requests_.emplace_back(request);
  }
  const std::size_t end = request.find("\r\n\r\n");
  const std::string_view body = request.substr(end + 4);
  const auto headers = headers_of(request.substr(0, end));
  const auto verdict = protocol::Btauth().verify(
      {.method = "POST", .target = "/ImageSynapse", .headers = headers, .body = body},
      self_.hotkey(), system_clock().now());
  const auto* authentic = std::get_if<protocol::Authentic>(&verdict);
  if (authentic == nullptr || authentic->sender != validator_) {
    ++num_refused_;
    return {http_reply(401, R"({"message": "who are you?"})")};
  }
  const auto asked = protocol::parse_image_request(body);
  if (!asked) return {http_reply(400, R"({"message": "no image"})")};
  return behaviour_(asked->image);
}

ScriptedMiner::Reply prediction_reply(double prediction) {
  return {http_reply(200, protocol::write_image_answer(prediction))};
}

}  // namespace assay::validator::testing
