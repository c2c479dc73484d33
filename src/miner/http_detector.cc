#include "miner/http_detector.h"

#include "core/bytes.h"
#include "protocol/image_messages.h"

#include <fmt/format.h>

#include <utility>

namespace assay::miner {
namespace {

/// An answer is some 20 bytes.
constexpr ByteCount kMaxAnswerBody(64U << 10);

}  // namespace

HttpDetector::HttpDetector(net::HttpTransport& transport, net::Url url, HttpDetectorOptions options)
    : transport_(&transport), url_(std::move(url)), options_(options) {}

// Path and query may hold a key.
std::string HttpDetector::name() const { return std::string(url_.origin()); }

Result<double> HttpDetector::judge(const DetectorInput& input, std::stop_token stop) {
  ASSIGN_OR_RETURN(
      auto headers,
      net::HttpHeaders::create({{.name = "Content-Type", .value = "application/octet-stream"}}));
  const net::HttpRequest request{.method = net::HttpMethod::kPost,
                                 .url = url_,
                                 .headers = std::move(headers),
                                 .body = std::string(as_text(input.encoded)),
                                 .timeout = options_.timeout,
                                 .max_body = kMaxAnswerBody};
  ASSIGN_OR_RETURN(const net::HttpResponse response,
                   with_context(transport_->send(request, std::move(stop)), "the detector"));
  if (response.status != 200) {
    return unavailable(fmt::format("the detector at {} answered {}, expected 200", url_.origin(),
                                   response.status));
  }
  const auto answer = protocol::read_image_answer(response.body, kMaxAnswerBody);
  if (answer.kind != protocol::AnswerKind::kPrediction) {
    return corrupt(fmt::format("the detector at {} gave no \"prediction\" from 0 to 1: {}",
                               url_.origin(), protocol::to_string(answer.kind)));
  }
  return answer.prediction;
}

}  // namespace assay::miner
