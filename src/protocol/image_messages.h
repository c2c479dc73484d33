/// \file
/// ImageSynapse: an image to judge, and the judgement.

#pragma once

#include "core/bytes.h"
#include "core/result.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace assay::protocol {

inline constexpr std::string_view kImageSynapse = "ImageSynapse";
/// What stands for "no judgement": what a miner sends that cannot say.
inline constexpr double kNoPrediction = -1.0;
/// What stands for "no label" in a request. There is never another in what we send.
inline constexpr std::int64_t kNoLabel = -1;

struct ImageLimits {
  /// Of the encoded image, before base64.
  ByteCount max_image = ByteCount(8U << 20);
};

/// A request as a miner takes it. A prediction or label that it carries is not looked at: an answer
/// is never made of what the asker wrote.
struct ImageRequest {
  std::vector<std::byte> image;
};

/// The JSON body of a request.
std::string write_image_request(std::span<const std::byte> image,
                                std::chrono::milliseconds timeout);

/// Read a request; a body of `image` alone is one.
/// Errors: kInvalidInput (400: not JSON, no image, not base64), kExhausted (413: over the limit).
Result<ImageRequest> parse_image_request(std::string_view body, const ImageLimits& limits = {});

/// The JSON body of an answer. The image is not sent back. Pre: within [0, 1], or kNoPrediction.
std::string write_image_answer(double prediction);

enum class AnswerKind {
  kPrediction,  ///< A probability.
  kDeclined,    ///< kNoPrediction, or null: the miner does not say.
  kUnreadable,  ///< Not the JSON object of an answer, or without a prediction.
  kWrongType,   ///< The prediction is no number.
  kNotFinite,
  kOutOfRange,
};

std::string_view to_string(AnswerKind kind);

struct ImageAnswer {
  AnswerKind kind = AnswerKind::kUnreadable;
  /// In [0, 1] for kPrediction; kNoPrediction for every other kind, so that it poisons nothing.
  double prediction = kNoPrediction;
};

/// Judge an answer's body. Nothing in it is an error of ours: what is wrong is the answer.
ImageAnswer read_image_answer(std::string_view body, ByteCount max_body = ByteCount(16U << 20));

}  // namespace assay::protocol
