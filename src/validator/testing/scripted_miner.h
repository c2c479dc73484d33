/// \file
/// A miner that does as a test says, over real HTTP.

#pragma once

#include "keys/sr25519.h"
#include "net/testing/loopback_server.h"

#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace assay::validator::testing {

/// A pair of keys that is the same each time.
keys::KeyPair test_keys(std::uint8_t number);

/// Threads: safe from any thread.
class ScriptedMiner {
 public:
  using Reply = net::testing::LoopbackServer::Reply;
  /// Called with the image of an authentic request.
  using Behaviour = std::function<Reply(std::span<const std::byte> image)>;

  /// Takes requests of btauth/1 that `validator` signed for `self`; all others get 401.
  ScriptedMiner(keys::KeyPair self, keys::Hotkey validator, Behaviour behaviour);

  const keys::Hotkey& hotkey() const { return self_.hotkey(); }
  std::uint16_t port() const { return server_.port(); }
  /// All that arrived, as it arrived.
  std::vector<std::string> requests() const;
  int num_refused() const { return num_refused_; }

 private:
  Reply answer(std::string_view request);

  keys::KeyPair self_;
  keys::Hotkey validator_;
  Behaviour behaviour_;
  mutable std::mutex mutex_;  // guards requests_
  std::vector<std::string> requests_;
  std::atomic<int> num_refused_ = 0;
  net::testing::LoopbackServer server_;  // last: it calls answer()
};

/// A 200 with this prediction.
ScriptedMiner::Reply prediction_reply(double prediction);

}  // namespace assay::validator::testing
