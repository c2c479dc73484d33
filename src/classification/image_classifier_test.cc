#include "classification/image_classifier.h"

#include "files/atomic_file.h"
#include "images/decode.h"
#include "json/value.h"

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <span>
#include <string>
#include <thread>
#include <vector>

namespace assay::classification {
namespace {

const std::filesystem::path kModels = std::filesystem::path(ASSAY_TEST_DATA) / "classifier";
/// Far more than a tiny model takes.
constexpr std::chrono::minutes kPatience{1};

images::Image image_of(const std::string& name) {
  const auto text =
      files::read_file(files::posix_file_system(), kModels / name, ByteCount(1U << 20)).value();
  return images::decode(std::as_bytes(std::span(text.data(), text.size())), {}).value();
}

ClassifierDescription described(const std::string& name, ModelFormat format) {
  return describe_classifier(files::posix_file_system(), kModels / name, format).value();
}

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

void expect_as_worked_out(const std::string& name, ModelFormat format) {
  const auto classifier = ImageClassifier::load(described(name, format));
  ASSERT_TRUE(classifier) << classifier.error().message;
  for (const std::string image : {"wide.png", "high.png", "small.png"}) {
    const std::vector<double> expected = expected_of(name, image);
    const auto shares = classifier->classify(image_of(image), kPatience);
    ASSERT_TRUE(shares) << shares.error().message;
    ASSERT_EQ(shares->size(), expected.size());
    for (std::size_t i = 0; i < expected.size(); ++i) {
      EXPECT_NEAR((*shares)[i], expected[i], 1e-5) << name << " " << image;
    }
  }
}

TEST(ImageClassifier, SaysOfOnnxWhatPlainPythonSays) {
  expect_as_worked_out("onnx", ModelFormat::kOnnx);
}

TEST(ImageClassifier, SaysOfTheEnginesOwnFilesWhatPlainPythonSays) {
  expect_as_worked_out("ir", ModelFormat::kIr);
}

TEST(ImageClassifier, TakesOneOutputForAProbability) {
  expect_as_worked_out("one", ModelFormat::kOnnx);
}

TEST(ImageClassifier, MakesNoProbabilitiesOfProbabilities) {
  expect_as_worked_out("softmax", ModelFormat::kOnnx);
  expect_as_worked_out("sigmoid", ModelFormat::kOnnx);
}

TEST(ImageClassifier, RefusesFilesThatDoNotBelongTogether) {
  ClassifierDescription labels = described("onnx", ModelFormat::kOnnx);
  labels.labels.names.emplace_back("Bridge");
  const auto other_labels = ImageClassifier::load(labels);
  EXPECT_EQ(other_labels.error().code, ErrorCode::kInvalidInput);
  EXPECT_TRUE(other_labels.error().message.contains("holds 2 numbers, but config.json names 3"))
      << other_labels.error().message;
  ClassifierDescription size = described("ir", ModelFormat::kIr);
  size.preprocessing.crop = images::ImageSize{.width = 10, .height = 9};
  const auto other_size = ImageClassifier::load(size);
  EXPECT_EQ(other_size.error().code, ErrorCode::kInvalidInput);
  EXPECT_TRUE(other_size.error().message.contains("made for 8 x 8 pixels, but"))
      << other_size.error().message;
}

TEST(ImageClassifier, RefusesAGraphThatIsNone) {
  ClassifierDescription model = described("onnx", ModelFormat::kOnnx);
  model.graph = kModels / "expected.json";
  EXPECT_EQ(ImageClassifier::load(model).error().code, ErrorCode::kCorrupt);
  model.graph = kModels / "absent.onnx";
  EXPECT_EQ(ImageClassifier::load(model).error().code, ErrorCode::kNotFound);
}

TEST(ImageClassifier, RefusesAnImageTooThinToCut) {
  const auto classifier = ImageClassifier::load(described("ir", ModelFormat::kIr));
  ASSERT_TRUE(classifier) << classifier.error().message;
  images::Image thread = images::Image::with_size({.width = 5000, .height = 1});
  EXPECT_EQ(classifier->classify(thread, kPatience).error().code, ErrorCode::kInvalidInput);
}

TEST(ImageClassifier, AnswersManyThreadsAlike) {
  const auto classifier = ImageClassifier::load(described("onnx", ModelFormat::kOnnx));
  ASSERT_TRUE(classifier) << classifier.error().message;
  const std::vector<std::string> names = {"wide.png", "high.png", "small.png"};
  std::vector<std::vector<double>> alone;
  for (const std::string& name : names) {
    alone.push_back(classifier->classify(image_of(name), kPatience).value());
  }
  std::vector<std::jthread> threads;
  for (std::size_t i = 0; i < names.size(); ++i) {
    threads.emplace_back([&, i] {
      for (int round = 0; round < 20; ++round) {
        EXPECT_EQ(classifier->classify(image_of(names[i]), kPatience).value(), alone[i]);
      }
    });
  }
}

}  // namespace
}  // namespace assay::classification
