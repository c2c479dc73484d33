/// \file
/// Fuzzes the bodies of messages between validators and miners: what is taken reads back the same.

#include "core/check.h"
#include "fuzz_target.h"
#include "protocol/generation_messages.h"
#include "protocol/image_messages.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace fuzz_protocol_json {
namespace {

using namespace assay::protocol;

void check_image(std::string_view body) {
  const auto request = parse_image_request(body);
  if (request) {
    const auto again =
        parse_image_request(write_image_request(request->image, std::chrono::seconds(9)));
    CHECK(again && again->image == request->image, "an image reads back");
  }
  const ImageAnswer answer = read_image_answer(body);
  CHECK(answer.kind == AnswerKind::kPrediction ? answer.prediction >= 0 && answer.prediction <= 1
                                               : answer.prediction == kNoPrediction,
        "what is no probability is none");
}

void check_generation(std::string_view body) {
  const auto request = parse_generation_request(body);
  if (request) {
    const auto again = parse_generation_request(write_generation_request(*request));
    CHECK(again && again->prompt == request->prompt && again->resolution == request->resolution,
          "a request reads back");
  }
  const auto id = parse_job_accepted(body);
  if (id) CHECK(parse_job_accepted(write_job_accepted(*id)).value() == *id, "a name reads back");
  const auto callback = parse_generation_callback(body);
  if (callback) {
    const auto again = parse_generation_callback(write_generation_callback(*callback));
    CHECK(again && again->image_uri == callback->image_uri && again->reason == callback->reason,
          "a callback reads back");
  }
}

}  // namespace

FUZZ_TARGET(protocol_json) {
  const std::string_view body(reinterpret_cast<const char*>(data), size);
  check_image(body);
  check_generation(body);
  return 0;
}

}  // namespace fuzz_protocol_json
