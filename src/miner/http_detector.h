/// \file
/// A detector that runs elsewhere and is asked over HTTP.

#pragma once

#include "miner/detector.h"
#include "net/http_client.h"
#include "net/url.h"

#include <chrono>
#include <string>

namespace assay::miner {

struct HttpDetectorOptions {
  /// For the whole answer. A challenge is answered within 9 s or not at all.
  std::chrono::milliseconds timeout = std::chrono::seconds(8);
};

/// POSTs the bytes of the image as they came; the answer is 200 and a JSON object with a number
/// from 0 to 1 named `prediction`.
class HttpDetector final : public Detector {
 public:
  /// Lifetime: `transport` outlives it.
  HttpDetector(net::HttpTransport& transport, net::Url url, HttpDetectorOptions options = {});

  std::string name() const override;
  /// Errors: as Detector.
  Result<double> judge(const DetectorInput& input, std::stop_token stop) override;

 private:
  net::HttpTransport* transport_;
  net::Url url_;
  HttpDetectorOptions options_;
};

}  // namespace assay::miner
