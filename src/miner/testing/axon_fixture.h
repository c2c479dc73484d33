/// \file
/// An axon on a real server of this machine, and those who ask it.

#pragma once

#include "core/clock.h"
#include "miner/axon.h"
#include "net/http_client.h"
#include "protocol/scheme.h"
#include "protocol/testing/known_keys.h"

#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace assay::miner::testing {

/// Says what it is told to, and counts how often it is asked.
class CountingDetector final : public Detector {
 public:
  using Judge = std::function<Result<double>()>;
  explicit CountingDetector(Judge judge = [] { return 0.75; }) : judge_(std::move(judge)) {}
  std::string name() const override { return "counting"; }
  /// Errors: as it is told.
  Result<double> judge(const DetectorInput& /*input*/, std::stop_token /*stop*/) override {
    ++num_calls_;
    return judge_();
  }
  int num_calls() const { return num_calls_; }
  /// Pre: nothing was asked yet.
  void set_judge(Judge judge) { judge_ = std::move(judge); }

 private:
  Judge judge_;
  std::atomic<int> num_calls_ = 0;
};

/// A drawn road as PNG, small enough for a test.
std::vector<std::byte> small_png(std::uint32_t side = 64);

/// The miner is bob; alice is a validator with a permit, eve is not registered.
class AxonFixture : public ::testing::Test {
 protected:
  void TearDown() override { stop(); }
  void start(AxonOptions options = {}, net::HttpServerOptions server = {}, ImageLimits limits = {},
             JobDesk* jobs = nullptr);
  void stop();

  /// The headers that `sender` signs for this body, by `scheme`.
  static std::vector<net::HttpHeader> signed_headers(const protocol::Scheme& scheme,
                                                     const protocol::OutgoingRequest& request,
                                                     const keys::KeyPair& sender,
                                                     protocol::Instant at = system_clock().now());
  net::HttpResponse post(std::string_view target, const std::string& body,
                         std::vector<net::HttpHeader> headers);
  /// A challenge that is right in every way but those of `change`.
  net::HttpResponse challenge(const keys::KeyPair& sender = protocol::testing::alice());
  static std::string challenge_body();
  void wait_for_the_detector() const;
  /// All that comes in answer to these bytes until the server closes.
  std::string send_raw(std::string_view bytes) const;

  CountingDetector detector_;
  SenderDirectory directory_;
  SeededRandom random_{7};
  std::unique_ptr<ImageDesk> images_;
  std::unique_ptr<Axon> axon_;
  std::unique_ptr<net::HttpServer> server_;
  std::unique_ptr<net::HttpTransport> transport_;
  std::stop_source stop_;
  std::jthread thread_;
};

}  // namespace assay::miner::testing
