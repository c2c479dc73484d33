#include "miner/detector_address.h"

#include "miner/command_detector.h"
#include "miner/http_detector.h"
#include "miner/model_detector.h"
#include "miner/scene_detector.h"
#include "net/url.h"

#include <sstream>
#include <utility>
#include <vector>

namespace assay::miner {
namespace {

constexpr std::string_view kExpected =
    "expected onnx:PATH, ir:PATH, http:URL, command:PROGRAM or scene, such as onnx:models/roadwork";

std::vector<std::string> words_of(const std::string& text) {
  std::istringstream stream(text);
  std::vector<std::string> words;
  for (std::string word; stream >> word;) words.push_back(std::move(word));
  return words;
}

}  // namespace

Result<DetectorAddress> parse_detector_address(std::string_view text) {
  constexpr std::string_view kHttp = "http:";
  constexpr std::string_view kCommand = "command:";
  if (text == "scene") return DetectorAddress{};
  if (text.starts_with(kCommand)) {
    std::string target(text.substr(kCommand.size()));
    if (words_of(target).empty()) return invalid_input(std::string(kExpected));
    return DetectorAddress{.kind = DetectorKind::kCommand, .target = std::move(target)};
  }
  for (const auto& [prefix, kind] :
       {std::pair("onnx:", DetectorKind::kOnnx), std::pair("ir:", DetectorKind::kIr)}) {
    if (!text.starts_with(prefix)) continue;
    std::string target(text.substr(std::string_view(prefix).size()));
    if (target.empty()) return invalid_input(std::string(kExpected));
    return DetectorAddress{.kind = kind, .target = std::move(target)};
  }
  std::string_view address = text;
  if (text.starts_with(kHttp) && !text.starts_with("http://")) address.remove_prefix(kHttp.size());
  const auto url = net::Url::parse(address);
  const bool is_web =
      url && (url->scheme() == net::UrlScheme::kHttp || url->scheme() == net::UrlScheme::kHttps);
  if (!is_web) return invalid_input(std::string(kExpected));
  return DetectorAddress{.kind = DetectorKind::kHttp, .target = url->text()};
}

Result<std::unique_ptr<Detector>> open_detector(const DetectorAddress& address,
                                                net::HttpTransport& transport,
                                                const DetectorOptions& options) {
  switch (address.kind) {
    case DetectorKind::kHttp: {
      ASSIGN_OR_RETURN(net::Url url, net::Url::parse(address.target));
      return std::make_unique<HttpDetector>(transport, std::move(url),
                                            HttpDetectorOptions{.timeout = options.timeout});
    }
    case DetectorKind::kCommand:
      return with_context(
          CommandDetector::start(words_of(address.target), {.timeout = options.timeout}),
          "the detector");
    case DetectorKind::kOnnx:
    case DetectorKind::kIr:
      return with_context(ModelDetector::open(address.target,
                                              address.kind == DetectorKind::kOnnx
                                                  ? classification::ModelFormat::kOnnx
                                                  : classification::ModelFormat::kIr,
                                              {.label = options.label, .timeout = options.timeout}),
                          "the detector");
    case DetectorKind::kScene:
      break;
  }
  return std::make_unique<SceneDetector>(SceneDetectorOptions{.eye = options.eye});
}

}  // namespace assay::miner
