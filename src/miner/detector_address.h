/// \file
/// Which detector, as a flag names it.

#pragma once

#include "core/result.h"
#include "miner/detector.h"
#include "net/http_client.h"

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace assay::miner {

enum class DetectorKind : std::uint8_t {
  kScene,    ///< `scene`: drawn roads only.
  kHttp,     ///< `http:URL`, or the URL alone.
  kCommand,  ///< `command:PROGRAM`, with arguments after blanks.
  kOnnx,     ///< `onnx:PATH`: a model's graph, or its folder.
  kIr,       ///< `ir:PATH`: likewise, in the files of the inference engine.
};

struct DetectorAddress {
  DetectorKind kind = DetectorKind::kScene;
  /// The URL, the program with its arguments, or the path.
  std::string target = {};
};

/// Errors: kInvalidInput (none of these; a URL that is none, or not http or https).
Result<DetectorAddress> parse_detector_address(std::string_view text);

struct DetectorOptions {
  /// Of `scene`: see SceneDetectorOptions.
  std::string eye = {};
  std::chrono::milliseconds timeout = std::chrono::seconds(8);
  /// Of models: see find_works_label().
  std::string label = {};
};

/// Lifetime: `transport` outlives it; it is used by kHttp only.
/// Errors: kInvalidInput, and those of starting a program or of ModelDetector::open().
Result<std::unique_ptr<Detector>> open_detector(const DetectorAddress& address,
                                                net::HttpTransport& transport,
                                                const DetectorOptions& options);

}  // namespace assay::miner
