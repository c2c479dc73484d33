/// \file
/// How the two APIs of image services ask and answer.

#pragma once

#include "core/result.h"
#include "generators/service_generator.h"
#include "json/value.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace assay::generators {

/// One image that is wanted.
struct ImageOrder {
  std::string_view prompt;
  images::ImageSize size;
  std::uint64_t seed = 0;
  /// A PNG that it is made from; empty: from the prompt alone.
  std::vector<std::byte> source = {};
};

struct ServiceQuestion {
  std::string path;
  std::string content_type = "application/json";
  std::string body;
  /// What is sent in place of the order's; none: the same, or none at all.
  std::optional<std::uint64_t> seed = {};
};

/// Where the image of an answer is: here, or at an address.
struct ServiceAnswer {
  std::string base64 = {};
  std::string address = {};
  std::optional<std::uint64_t> seed = {};  ///< What it says that it used.
};

ServiceQuestion openai_question(const ImageOrder& order, const ServiceModel& model);
/// Errors: kCorrupt.
Result<ServiceAnswer> openai_answer(const json::Value& answer);

ServiceQuestion a1111_question(const ImageOrder& order, const ServiceModel& model);
/// Errors: kCorrupt.
Result<ServiceAnswer> a1111_answer(const json::Value& answer);

}  // namespace assay::generators
