/// \file
/// Fuzzes the two files beside a model of image classification, and what they make of an image.

#include "classification/classifier_files.h"
#include "classification/preprocessing.h"
#include "core/check.h"
#include "fuzz_target.h"
#include "images/image.h"

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace fuzz_classifier_config {
namespace {

/// A large input costs milliseconds each time: what is wrong shows with a small one too.
constexpr std::uint32_t kMaxSide = 64;

void look(const assay::classification::Preprocessing& preprocessing) {
  const assay::images::ImageSize input = preprocessing.input_size();
  if (preprocessing.resized.width > kMaxSide || preprocessing.resized.height > kMaxSide) return;
  for (const assay::images::ImageSize size :
       {assay::images::ImageSize{.width = 1, .height = 1}, {.width = 40, .height = 9}}) {
    const auto numbers =
        assay::classification::prepare(assay::images::Image::with_size(size), preprocessing);
    CHECK(numbers.size() == std::size_t{3} * input.width * input.height, "one for each colour");
  }
}

}  // namespace

FUZZ_TARGET(classifier_config) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto labels = assay::classification::parse_labels(text)) {
    CHECK(!labels->names.empty(), "a model has a label");
  }
  if (const auto read = assay::classification::parse_preprocessing(text)) look(*read);
  return 0;
}

}  // namespace fuzz_classifier_config
