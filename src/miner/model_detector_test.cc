#include "miner/model_detector.h"

#include "files/atomic_file.h"
#include "files/file_system.h"
#include "images/decode.h"
#include "json/value.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

namespace assay::miner {
namespace {

using Labels = std::vector<std::string>;
const std::filesystem::path kModels = std::filesystem::path(ASSAY_TEST_DATA) / "classifier";

/// What make_classifiers.py worked out.
std::vector<double> expected_of(const std::string& model, const std::string& image) {
  const auto text =
      files::read_file(files::posix_file_system(), kModels / "expected.json", ByteCount(1U << 20));
  const auto all = json::parse(text.value()).value();
  const json::Value* const models = all.find(model);
  const json::Value* const numbers = models == nullptr ? nullptr : models->find(image);
  std::vector<double> expected;
  if (numbers == nullptr || numbers->list() == nullptr) return expected;
  for (const json::Value& number : *numbers->list())
    expected.push_back(number.number().value_or(-1));
  return expected;
}

std::size_t found(const Labels& labels, std::string_view wanted = "") {
  return find_works_label(labels, wanted).value_or(99);
}

TEST(WorksLabel, IsFoundByItsName) {
  EXPECT_EQ(found({"None", "Roadwork"}), 1U);
  EXPECT_EQ(found({"ROAD_WORKS", "no_road_works"}), 0U);
  EXPECT_EQ(found({"clear", "bridge", "Work-Zone"}), 2U);
  EXPECT_EQ(found({"LABEL_0"}), 0U);
}

TEST(WorksLabel, IsTheOneThatIsNamed) {
  EXPECT_EQ(found({"Roadwork", "LABEL_1"}, "LABEL_1"), 1U);
  const auto other = find_works_label(Labels{"a", "b"}, "c");
  EXPECT_EQ(other.error().code, ErrorCode::kInvalidInput);
  EXPECT_EQ(other.error().message, "the model has no label 'c'; it has 'a', 'b'");
}

TEST(WorksLabel, IsNeverGuessed) {
  for (const Labels& labels : {Labels{"LABEL_0", "LABEL_1"}, Labels{"roadwork", "construction"},
                               Labels{"no roadwork"}, Labels(1000, "cat")}) {
    const auto none = find_works_label(labels, "");
    ASSERT_FALSE(none) << labels.front();
    EXPECT_TRUE(none.error().message.contains("--detector-label")) << none.error().message;
  }
}

TEST(ModelDetector, SaysHowLikelyItsLabelIs) {
  const auto text =
      files::read_file(files::posix_file_system(), kModels / "wide.png", ByteCount(1U << 20))
          .value();
  const auto encoded = std::as_bytes(std::span(text.data(), text.size()));
  const images::Image image = images::decode(encoded, {}).value();
  const std::vector<double> shares = expected_of("ir", "wide.png");
  ASSERT_EQ(shares.size(), 2U);
  for (const auto& [label, place] : {std::pair("", 1U), std::pair("None", 0U)}) {
    const auto detector =
        ModelDetector::open(kModels / "ir", classification::ModelFormat::kIr, {.label = label});
    ASSERT_TRUE(detector) << detector.error().message;
    const auto judged = (*detector)->judge({.encoded = encoded, .image = image}, {});
    ASSERT_TRUE(judged) << judged.error().message;
    EXPECT_NEAR(*judged, shares[place], 1e-5);
    EXPECT_TRUE((*detector)->name().ends_with(place == 1 ? "openvino_model.xml (Roadwork)"
                                                         : "openvino_model.xml (None)"));
  }
}

TEST(ModelDetector, SaysWhichPartIsNotThere) {
  const auto detector =
      ModelDetector::open(kModels / "wide.png", classification::ModelFormat::kOnnx, {});
  EXPECT_EQ(detector.error().code, ErrorCode::kMissing);
  EXPECT_TRUE(detector.error().message.contains("config.json is not there"));
}

}  // namespace
}  // namespace assay::miner
